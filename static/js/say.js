// Saying a prediction before a run: a click on the chart of one's last run in this lab, or a number.
import { LossChart } from "./chart.js";
import { Curve } from "./curve.js";
import { decimals, fill } from "./words.js";

const STILL_PX = 4;

/** Join `field` to the chart in `root`. `last` is the last finished run, or undefined; `steps` the length of a new one. */
export function joinPrediction(root, field, { last, steps, words }) {
  const said = () => (field.value.trim() && +field.value > 0 && +field.value < 100 ? +field.value : null);
  const run = { steps: last?.steps ?? steps, state: "new", ended: false, prediction: said() };
  const chart = new LossChart(root, {
    curve: new Curve(last), run, words, view: { axis: "step", log: false, smooth: 0 },
    onFrame: ({ start }) => {
      root.querySelector("#frame").textContent = start === null ? "" : `· ${fill(words.frame, { loss: decimals(start, 2) })}`;
    },
  });
  field.addEventListener("input", () => {
    run.prediction = said();
    chart.redraw();
  });
  let from = null;
  chart.plot.addEventListener("pointerdown", ({ clientX, clientY }) => (from = [clientX, clientY]), true);
  chart.plot.addEventListener("click", ({ clientX, clientY }) => {
    const box = chart.u.over.getBoundingClientRect(), inside = clientY >= box.top && clientY <= box.bottom;
    if (!inside || !from || Math.hypot(clientX - from[0], clientY - from[1]) > STILL_PX) return;
    field.value = chart.u.posToVal(clientY - box.top, "y").toFixed(2);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

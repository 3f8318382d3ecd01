// Chapter "scale": a budget of operations, divided between weights and tokens, and the loss that a fitted law gives it.
import { fillIn, html, svg } from "./elements.js";

/** The three parts of the loss of `n` weights after `d` tokens, in nats: what stays, what size and what text cost. */
export function parts(law, n, d) {
  const size = law.a / n ** law.alpha, text = law.b / d ** law.beta;
  return { size, text, loss: law.e + size + text };
}

/** Tokens that `budget` operations pay for: six a weight and token. */
export const tokensFor = (budget, n) => budget / (6 * n);

/** Weights with the lowest loss for a budget, in closed form: there both parts shrink at the same rate. */
export function bestWeights(law, budget) {
  const sum = law.alpha + law.beta;
  const ratio = ((law.alpha * law.a) / (law.beta * law.b)) ** (1 / sum);
  return ratio * (budget / 6) ** (law.beta / sum);
}

const UNITS = [[1e12, "10¹²"], [1e9, "10⁹"], [1e6, "10⁶"]];

/** "8.53 · 10⁸" as "0.85 · 10⁹": three figures and the nearest unit of the tables in the text. */
export function large(value) {
  const [unit, name] = UNITS.find(([size]) => value >= size) ?? UNITS.at(-1);
  return `${Number((value / unit).toPrecision(3))} · ${name}`;
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (exponent) => `10${[...String(exponent)].map((digit) => SUPERSCRIPT[digit]).join("")}`;

const WIDTH = 320, HEIGHT = 170, LEFT = 26, BOTTOM = 20;
const RANGE = { low: 7, high: 12 }, LOSS = { low: 1.8, high: 4 };
export const NEAR = 0.001;

const across = (exponent) => LEFT + ((exponent - RANGE.low) / (RANGE.high - RANGE.low)) * (WIDTH - LEFT - 12);
const down = (loss) => 4 + ((LOSS.high - Math.min(loss, LOSS.high)) / (LOSS.high - LOSS.low)) * (HEIGHT - BOTTOM - 4);

function buildPlot() {
  const grid = [2, 2.5, 3, 3.5, 4].flatMap((loss) => [
    svg("line", { class: "laws-grid", x1: LEFT, x2: WIDTH - 12, y1: down(loss), y2: down(loss) }),
    svg("text", { class: "laws-tick", x: LEFT - 4, y: down(loss) + 3.5, "text-anchor": "end" }, loss.toFixed(1)),
  ]);
  const ticks = [7, 8, 9, 10, 11, 12].map((exponent) =>
    svg("text", { class: "laws-tick", x: across(exponent), y: HEIGHT - 5, "text-anchor": "middle" }, power(exponent)));
  const curve = svg("path", { class: "laws-curve" }), dot = svg("circle", { class: "laws-dot", r: 5 });
  const floor = svg("line", { class: "laws-floor", x1: LEFT, x2: WIDTH - 12 });
  const plot = svg("svg", { class: "laws-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, ...grid, ...ticks, floor, curve, dot);
  return { plot, curve, dot, floor };
}

/** The path of the loss over all sizes; what is above the frame is left out. */
export function outline(law, budget) {
  const points = Array.from({ length: 101 }, (_, step) => RANGE.low + (step * (RANGE.high - RANGE.low)) / 100)
    .map((exponent) => [exponent, parts(law, 10 ** exponent, tokensFor(budget, 10 ** exponent)).loss])
    .filter(([, loss]) => loss <= LOSS.high);
  return points.map(([exponent, loss], at) => `${at ? "L" : "M"}${across(exponent).toFixed(1)} ${down(loss).toFixed(1)}`).join("");
}

const FIGURES = ["tokens", "ratio", "size", "text", "loss", "above"];

function buildFigures(labels) {
  const places = Object.fromEntries(FIGURES.map((name) => [name, html("dd", { class: "num" })]));
  const pairs = Object.entries(places).map(([name, place]) => html("div", {}, html("dt", {}, labels[name]), place));
  return { list: html("dl", { class: "figs widget-figs" }, ...pairs), places };
}

let mounted = 0;

export function mount(root, { data, onGoal }) {
  const { labels, law, budgets } = data, found = new Set();
  const { plot, curve, dot, floor } = buildPlot(), { list, places } = buildFigures(labels);
  const slider = html("input", {
    class: "range", type: "range", id: `laws-${(mounted += 1)}`, step: 0.02, ...{ min: RANGE.low, max: RANGE.high },
    value: RANGE.low + data.start * (RANGE.high - RANGE.low),
  });
  const shown = html("output", { for: slider.id }), tally = html("p", { class: "small mute", "aria-live": "polite" });
  const buttons = budgets.map((budget) =>
    html("button", { type: "button", "aria-pressed": "false" }, power(Math.round(Math.log10(budget)))));
  let budget = budgets[0], reached = false;

  function tell(n, d, { size, text, loss }) {
    const shownParts = { size: size.toFixed(3), text: text.toFixed(3), loss: loss.toFixed(3), tokens: large(d) };
    const least = bestWeights(law, budget), lowest = parts(law, least, tokensFor(budget, least)).loss;
    const values = { ...shownParts, ratio: Number((d / n).toPrecision(3)).toLocaleString("en"), above: (loss - lowest).toFixed(4) };
    for (const name of FIGURES) places[name].textContent = values[name];
    plot.setAttribute("aria-label", fillIn(labels.alt, { ...shownParts, weights: large(n), budget: power(Math.round(Math.log10(budget))) }));
    return loss - lowest;
  }

  function update() {
    const exponent = slider.valueAsNumber, n = 10 ** exponent, d = tokensFor(budget, n), now = parts(law, n, d);
    dot.setAttribute("cx", across(exponent));
    dot.setAttribute("cy", down(now.loss));
    dot.classList.toggle("is-above", now.loss > LOSS.high);
    shown.textContent = large(n);
    slider.setAttribute("aria-valuetext", large(n));
    if (tell(n, d, now) <= NEAR) found.add(budget);
    const text = fillIn(labels.found, { n: found.size, of: budgets.length });
    if (tally.textContent !== text) tally.textContent = text;
    if (reached || found.size < budgets.length) return;
    reached = true;
    onGoal(labels.evidence);
  }

  function choose(chosen) {
    budget = budgets[chosen];
    for (const [at, button] of buttons.entries()) button.setAttribute("aria-pressed", String(at === chosen));
    curve.setAttribute("d", outline(law, budget));
    for (const name of ["y1", "y2"]) floor.setAttribute(name, down(law.e));
    update();
  }

  for (const [at, button] of buttons.entries()) button.addEventListener("click", () => choose(at));
  slider.addEventListener("input", update);
  root.append(
    html("div", { class: "row" }, html("span", { class: "small" }, labels.budget),
      html("span", { class: "seg seg-small", role: "group", "aria-label": labels.budget }, ...buttons)),
    plot,
    html("div", { class: "recipe" }, html("div", { class: "knob-wide" },
      html("label", { for: slider.id }, html("span", {}, labels.weights), shown), slider)),
    list,
    tally,
  );
  choose(0);
}

// Chapter "work": what a month costs with a small and with a large model, checking and overlooked errors included.
import { fillIn, html } from "./elements.js";

const MILLION = 1e6, HOUR = 3600;

/** Costs of a month by part. `model`: prices of a million tokens and the share of overlooked errors. */
export function month(use, model) {
  const tokens = (use.requests * (use.read * model.read + use.write * model.write)) / MILLION;
  const checking = (use.requests * use.check * use.wage) / HOUR;
  const errors = use.requests * model.error * use.harm;
  return { model: tokens, checking, errors, total: tokens + checking + errors };
}

/** Cost of an overlooked error from which on the large model is the cheaper one. */
export function breakEven(use, small, large) {
  const dearer = month({ ...use, requests: 1 }, large).model - month({ ...use, requests: 1 }, small).model;
  return dearer / (small.error - large.error);
}

/** "8,694", and cents below a hundred. */
export const amount = (value) =>
  value.toLocaleString("en", value < 100 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumFractionDigits: 0 });

// Logarithmic knobs have steps of a list; a slider gives the place in it.
export const STEPS = {
  requests: [100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000],
  read: [100, 200, 300, 500, 1000, 1500, 2000, 3000, 5000, 10000, 20000, 50000, 100000],
  write: [10, 20, 50, 100, 200, 300, 500, 1000, 2000, 5000, 10000],
  check: [0, 5, 10, 20, 30, 60, 120, 300],
  harm: [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500],
};
const ROWS = ["model", "checking", "errors", "total"], MODELS = ["small", "large"];
let mounted = 0;

function buildKnob(name, labels, value, changed) {
  const steps = STEPS[name];
  const slider = html("input", {
    class: "range", type: "range", id: `cost-${name}-${mounted}`, min: 0, max: steps.length - 1, step: 1, value: steps.indexOf(value),
  });
  const shown = html("output", { for: slider.id });
  const read = () => {
    const now = steps[slider.valueAsNumber];
    shown.textContent = now.toLocaleString("en");
    slider.setAttribute("aria-valuetext", shown.textContent);
    return now;
  };
  slider.addEventListener("input", changed);
  const knob = html("div", { class: "knob-wide" }, html("label", { for: slider.id }, html("span", {}, labels[name]), shown), slider);
  return { knob, read };
}

function buildTable(labels) {
  const cells = {};
  const row = (part) => html("tr", {}, html("th", { scope: "row" }, labels[part]), ...MODELS.map((which) => {
    const bar = html("progress", { class: "cost-bar", max: 1, value: 0, "aria-hidden": "true" }), text = html("span", { class: "num" });
    cells[`${part}-${which}`] = { bar, text };
    return html("td", { class: "r" }, text, ...(part === "total" ? [] : [bar]));
  }));
  const table = html("table", { class: "tbl cost-table" },
    html("caption", { class: "sr" }, labels.table),
    html("thead", {}, html("tr", {}, html("td"), ...MODELS.map((which) => html("th", { scope: "col", class: "r" }, labels[which])))),
    html("tbody", {}, ...ROWS.map(row)));
  return { table, cells };
}

export function mount(root, { data, onGoal }) {
  const { labels } = data, cheaper = new Set();
  mounted += 1;
  const knobs = Object.fromEntries(Object.keys(STEPS).map((name) => [name, buildKnob(name, labels, data.start[name], update)]));
  const { table, cells } = buildTable(labels), status = html("p", { class: "cost-status", "aria-live": "polite" });
  const money = (value) => fillIn(labels.money, { amount: amount(value) });
  let reached = false;

  function update() {
    const use = { wage: data.start.wage };
    for (const [name, { read }] of Object.entries(knobs)) use[name] = read();
    const costs = { small: month(use, data.small), large: month(use, data.large) };
    const most = Math.max(costs.small.total, costs.large.total) || 1;
    for (const which of MODELS) {
      for (const part of ROWS) {
        cells[`${part}-${which}`].text.textContent = money(costs[which][part]);
        cells[`${part}-${which}`].bar.value = costs[which][part] / most;
      }
    }
    const gap = costs.large.total - costs.small.total, which = gap > 0 ? "small" : "large";
    status.textContent = gap ? fillIn(labels.status, { which: labels[which], amount: money(Math.abs(gap)) }) : labels.same;
    if (gap) cheaper.add(which);
    if (reached || cheaper.size < MODELS.length) return;
    reached = true;
    onGoal(labels.evidence);
  }

  root.append(html("div", { class: "recipe cost-knobs" }, ...Object.values(knobs).map(({ knob }) => knob)), table, status);
  update();
}

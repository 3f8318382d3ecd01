// Chapter "evaluation": a threshold over scored examples, the confusion matrix it makes, and what its errors cost.
import { fillIn, html, svg } from "./elements.js";

/** How the examples fall at a threshold: an example is flagged when its score is not below it. */
export function confusion(positives, negatives, threshold) {
  const flagged = (scores) => scores.filter((score) => score >= threshold - 1e-9).length;
  const hits = flagged(positives), alarms = flagged(negatives);
  return { hits, misses: positives.length - hits, alarms, passes: negatives.length - alarms };
}

/** Share of `part` in `whole`; null where there is no whole. */
const share = (part, whole) => (whole ? part / whole : null);

/** Precision, recall, F1 and accuracy of the four counts; null where a figure is a ratio over nothing. */
export function figures({ hits, misses, alarms, passes }) {
  return {
    precision: share(hits, hits + alarms),
    recall: share(hits, hits + misses),
    f1: share(2 * hits, 2 * hits + alarms + misses),
    accuracy: share(hits + passes, hits + misses + alarms + passes),
  };
}

/** What the errors cost together. */
export const cost = (counts, costs) => counts.misses * costs.miss + counts.alarms * costs.alarm;

/** The lowest cost that any threshold reaches: only at a score, or above all of them, does anything change. */
export function lowestCost(positives, negatives, costs) {
  const thresholds = [...positives, ...negatives, Infinity];
  return Math.min(...thresholds.map((threshold) => cost(confusion(positives, negatives, threshold), costs)));
}

/** "66.7 %", and a dash for a ratio over nothing. */
export const percent = (value) => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);

const WIDTH = 320, ROWS = { positive: 22, negative: 58 }, HEIGHT = 80;
const FIGURES = ["precision", "recall", "f1", "accuracy"];
let mounted = 0;

/** A dot for an example of the class that is looked for, a square for one of the other. */
function mark(kind, score) {
  const x = score * WIDTH, y = ROWS[kind];
  const shape = kind === "positive" ? svg("circle", { cx: x, cy: y, r: 4.5 })
    : svg("rect", { x: x - 4, y: y - 4, width: 8, height: 8 });
  shape.classList.add("confusion-mark", kind === "positive" ? "s1" : "s2");
  return { kind, score, shape };
}

function buildPlot(data) {
  const marks = ["positive", "negative"].flatMap((kind) => data[kind].map((score) => mark(kind, score)));
  const rows = Object.values(ROWS).map((y) => svg("line", { class: "confusion-row", x1: 0, x2: WIDTH, y1: y, y2: y }));
  const zone = svg("rect", { class: "confusion-zone", y: 0, height: HEIGHT });
  const line = svg("line", { class: "confusion-line", y1: 0, y2: HEIGHT });
  const plot = svg("svg", { class: "confusion-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    zone, ...rows, ...marks.map(({ shape }) => shape), line);
  return { plot, marks, zone, line };
}

function buildLegend(labels) {
  const sign = (shape, kind) => svg("svg", { viewBox: "0 0 10 10", width: 10, height: 10, "aria-hidden": "true", class: kind }, shape);
  return html("ul", { class: "legend confusion-legend" },
    html("li", {}, sign(svg("circle", { class: "fill", cx: 5, cy: 5, r: 4.5 }), "s1"), html("span", {}, labels.positive)),
    html("li", {}, sign(svg("rect", { class: "fill", x: 1, y: 1, width: 8, height: 8 }), "s2"), html("span", {}, labels.negative)));
}

/** The matrix: rows say what an example is, columns what the filter did. */
function buildMatrix(labels) {
  const cells = {};
  const cell = (name) => {
    const count = html("b", { class: "num" });
    cells[name] = html("td", { class: "confusion-cell" }, count, html("small", {}, labels[name]));
    return cells[name];
  };
  const row = (head, ...names) => html("tr", {}, html("th", { scope: "row" }, head), ...names.map(cell));
  const table = html("table", { class: "confusion-matrix" },
    html("caption", { class: "sr" }, labels.matrix),
    html("thead", {}, html("tr", {}, html("td"), html("th", { scope: "col" }, labels.flagged), html("th", { scope: "col" }, labels.passed))),
    html("tbody", {}, row(labels.positive, "hits", "misses"), row(labels.negative, "alarms", "passes")));
  return { table, cells };
}

function buildFigures(labels) {
  const places = Object.fromEntries([...FIGURES, "cost"].map((name) => [name, html("dd", { class: "num" })]));
  const pairs = Object.entries(places).map(([name, place]) => html("div", {}, html("dt", {}, labels[name]), place));
  return { list: html("dl", { class: "figs widget-figs" }, ...pairs), places };
}

export function mount(root, { data, onGoal }) {
  const { labels, costs } = data;
  const best = lowestCost(data.positive, data.negative, costs);
  const { plot, marks, zone, line } = buildPlot(data);
  const { table, cells } = buildMatrix(labels);
  const { list, places } = buildFigures(labels);
  const slider = html("input", {
    class: "range", type: "range", id: `confusion-${(mounted += 1)}`, min: 0, max: 1, step: 0.01, value: data.start,
  });
  const shown = html("output", { for: slider.id });
  let reached = false;

  function draw(threshold, counts) {
    const x = threshold * WIDTH;
    zone.setAttribute("x", x);
    zone.setAttribute("width", WIDTH - x);
    for (const name of ["x1", "x2"]) line.setAttribute(name, x);
    for (const { score, shape } of marks) shape.classList.toggle("is-flagged", score >= threshold - 1e-9);
    plot.setAttribute("aria-label", fillIn(labels.alt, {
      ...counts, threshold: threshold.toFixed(2), positives: data.positive.length, negatives: data.negative.length,
    }));
  }

  function update() {
    const threshold = slider.valueAsNumber, counts = confusion(data.positive, data.negative, threshold);
    const found = figures(counts), price = cost(counts, costs);
    draw(threshold, counts);
    for (const [name, cell] of Object.entries(cells)) cell.firstChild.textContent = counts[name];
    for (const name of FIGURES) places[name].textContent = percent(found[name]);
    places.cost.textContent = price;
    shown.textContent = threshold.toFixed(2);
    slider.setAttribute("aria-valuetext", threshold.toFixed(2));
    if (reached || price > best) return;
    reached = true;
    onGoal(fillIn(labels.evidence, { threshold: threshold.toFixed(2), cost: price }));
  }

  slider.addEventListener("input", update);
  root.append(
    buildLegend(labels),
    html("div", { class: "confusion-scale" }, plot),
    html("div", { class: "recipe" }, html("div", { class: "knob-wide" },
      html("label", { for: slider.id }, html("span", {}, labels.threshold), shown),
      slider,
      html("div", { class: "ticks", "aria-hidden": "true" }, ...["0", "0.25", "0.5", "0.75", "1"].map((tick) => html("span", {}, tick))))),
    table,
    list,
  );
  update();
}

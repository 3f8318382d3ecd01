// What uPlot has no series for: baseline, prediction, where a run stopped, and the labels at the ends of the lines.
import { write } from "./chart-trace.js";
import { lowerBound } from "./curve.js";
import { decimals, fill } from "./words.js";

/** Called by uPlot after each drawing, in canvas pixels. */
export function drawMarks(u, chart) {
  const { ctx, bbox } = u, ratio = devicePixelRatio, { curve, run, words, inks } = chart;
  const x = (value) => u.valToPos(value, "x", true), y = (value) => u.valToPos(value, "y", true);
  const visible = (value) => value >= u.scales.y.min && value <= u.scales.y.max;
  const labels = [], baseline = curve.info.baseline, right = bbox.left + bbox.width;
  const last = shownHeld(u, chart), held = curve.held.loss[last];
  ctx.save();
  if (baseline && baseline.loss !== null && visible(baseline.loss)) {
    line(ctx, ratio, inks.baseline, [5, 4], 1.15, [bbox.left, y(baseline.loss)], [right, y(baseline.loss)]);
    const text = fill(words.label_baseline, { order: baseline.order, loss: decimals(baseline.loss) });
    labels.push({ y: y(baseline.loss), ink: inks.baseline, text });
  }
  if (["diverged", "out_of_time", "out_of_memory", "cancelled", "worker_lost"].includes(run.state) && curve.step)
    stop(ctx, ratio, chart, x(chart.xs.at(-1)), bbox);
  if (held !== undefined && visible(held)) {
    const end = x(chart.xs[lowerBound(curve.points.step, curve.held.step[last])]), label = { y: y(held), ink: inks.held, text: words.label_held };
    if (end > right - 70 * ratio || run.ended) labels.push(label);
    else write(ctx, ratio, inks.ground, [label], end);
  }
  if (run.prediction != null && chart.whole && !chart.zoom && visible(run.prediction)) {
    const at = Math.min(x(chart.range()[1]), right);
    ring(ctx, ratio, inks, at, y(run.prediction));
    labels.push({ y: y(run.prediction), ink: inks.you, text: fill(words.label_you, { loss: decimals(run.prediction) }), gap: 20 });
  }
  if (run.sketch?.length && chart.view.axis === "step") sketched(ctx, ratio, inks, run.sketch.map(([share, loss]) => [x(share * run.steps), y(loss)]), bbox);
  if (!chart.narrow) write(ctx, ratio, inks.ground, labels, right);
  ctx.restore();
}

/** Index of the last held-out loss in the frame; -1 for none. */
function shownHeld(u, { curve, xs }) {
  return curve.held.step.findLastIndex((step) => xs[lowerBound(curve.points.step, step)] <= u.scales.x.max);
}

function line(ctx, ratio, ink, dash, width, from, to) {
  ctx.beginPath();
  ctx.strokeStyle = ink;
  ctx.lineWidth = width * ratio;
  ctx.setLineDash(dash.map((part) => part * ratio));
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** What was sketched before the run, in the hand's colour. */
function sketched(ctx, ratio, inks, points, bbox) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  points.slice(1).forEach((to, place) => line(ctx, ratio, inks.you, [2, 3], 1.5, points[place], to));
  ctx.restore();
}

function ring(ctx, ratio, inks, x, y) {
  const arm = 13 * ratio;
  line(ctx, ratio, inks.you, [], 1.25, [x - arm, y], [x + arm, y]);
  line(ctx, ratio, inks.you, [], 1.25, [x, y - arm], [x, y + arm]);
  ctx.beginPath();
  ctx.arc(x, y, 6 * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = inks.ground;
  ctx.fill();
  ctx.lineWidth = 2.25 * ratio;
  ctx.stroke();
}

function stop(ctx, ratio, chart, x, bbox) {
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  line(ctx, ratio, chart.inks.halt, [2, 3], 1.5, [x, bbox.top], [x, bbox.top + bbox.height]);
}

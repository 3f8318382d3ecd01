// What lies behind a run's own curve: the band of calibrated runs, and the run that a branch has left.
import { knot, traceBand, traceLine, transform } from "./chart-trace.js";
import { lowerBound, thin } from "./curve.js";

/** Called by uPlot before it draws anything. `beside` is {band, parent} as the page has them. */
export function drawBehind(u, chart) {
  const { beside, view, inks } = chart, { ctx, bbox } = u, { band, parent } = beside, { axis, log } = view, ratio = devicePixelRatio;
  if (!band && !parent) return;
  const at = transform(u, log);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (band?.[axis]) traceBand(ctx, at, band, band[axis], inks.band); // seconds are another machine's
  if (parent) drawParent(ctx, at, parent, { axis, log, ink: inks.parent, ground: inks.ground, ratio, pixels: chart.width(), x: u.scales.x });
  ctx.restore();
}

function drawParent(ctx, at, { points, held, fork_step: step }, { axis, log, ink, ground, ratio, pixels, x }) {
  const pen = { ink, ground, ratio };
  const rows = thin(points[axis], points.loss, [], { low: x.min, high: x.max, pixels, log });
  traceLine(ctx, at, points[axis], points.loss, rows, { ...pen, width: 1, alpha: 0.3 });
  traceLine(ctx, at, held[axis], held.loss, held.step.map((_, i) => i), { ...pen, width: 1.5, alpha: 0.8 });
  const here = lowerBound(held.step, step);
  if (held.step[here] === step) knot(ctx, at.x(held[axis][here]), at.y(held.loss[here]), { ...pen, radius: 5 });
}

/** Losses beside the run's own that the frame should show. */
export function besideLosses({ band, parent }, axis) {
  const from = parent ? lowerBound(parent.held.step, parent.fork_step) : 0;
  return [...(band?.[axis] ? band.low : []), ...(parent ? parent.held.loss.slice(from) : [])];
}

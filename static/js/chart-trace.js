// Lines, bands and end labels on a canvas, for charts whose curves have x values of their own.
import { spread } from "./scale.js";

/** From values to canvas pixels: {x(value), y(value)}. Faster than asking uPlot for each point. */
export function transform({ bbox, scales: { x, y } }, log) {
  const place = log ? Math.log : (value) => value, low = place(x.min);
  const across = bbox.width / (place(x.max) - low), down = bbox.height / (y.max - y.min);
  return {
    x: log ? (value) => bbox.left + (Math.log(Math.max(value, x.min * 1e-3)) - low) * across : (value) => bbox.left + (value - low) * across,
    y: (value) => bbox.top + (y.max - value) * down,
  };
}

/** Points of one path: a canvas takes much longer for one long path than for its parts. */
const PART = 16;

/** One curve through `rows`; values that are no numbers leave a gap. */
export function traceLine(ctx, at, xs, ys, rows, { ink, ground, ratio, dash = [], width = 2, alpha = 1, knots = false }) {
  ctx.globalAlpha = alpha;
  const wide = Math.max(1, Math.round(width * ratio)), across = rows.length ? at.x(xs[rows.at(-1)]) - at.x(xs[rows[0]]) : 0;
  if (!dash.length && !knots && rows.length > 1.25 * across) {
    ctx.fillStyle = ink;
    for (const [left, top, bottom] of columns(at, xs, ys, rows, wide)) ctx.fillRect(left, top - wide / 2, wide, bottom - top + wide);
    ctx.globalAlpha = 1;
    return;
  }
  ctx.strokeStyle = ink;
  ctx.lineWidth = width * ratio;
  ctx.lineJoin = "bevel";
  ctx.setLineDash(dash.map((part) => part * ratio));
  ctx.beginPath();
  let drawn = 0, dashed = 0, before = null;
  for (const row of rows) {
    const value = ys[row], here = Number.isFinite(value) ? [at.x(xs[row]), at.y(value)] : null;
    if (here && before) {
      ctx.lineTo(...here);
      if (dash.length) dashed += Math.hypot(here[0] - before[0], here[1] - before[1]);
      if (++drawn % PART === 0) {
        ctx.stroke();
        ctx.beginPath();
        ctx.lineDashOffset = dashed;
        ctx.moveTo(...here);
      }
    } else if (here) ctx.moveTo(...here);
    before = here;
  }
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.lineDashOffset = 0;
  if (knots) for (const row of rows) knot(ctx, at.x(xs[row]), at.y(ys[row]), { ink, ground, ratio });
  ctx.globalAlpha = 1;
}

/**
 * What a line of more points than there are pixels covers: [left, top, bottom] of each column `wide` pixels wide, joined
 * to the one before. The same picture as a stroke, in a twentieth of the time.
 */
export function* columns(at, xs, ys, rows, wide) {
  let left = null, top = 0, bottom = 0, last = null;
  for (const row of rows) {
    const value = ys[row];
    if (!Number.isFinite(value)) {
      last = null;
      continue;
    }
    const y = at.y(value), column = Math.floor(at.x(xs[row]) / wide) * wide;
    if (column !== left) {
      if (left !== null) yield [left, top, bottom];
      left = column;
      [top, bottom] = last === null ? [y, y] : [Math.min(y, last), Math.max(y, last)];
    } else if (y < top) top = y;
    else if (y > bottom) bottom = y;
    last = y;
  }
  if (left !== null) yield [left, top, bottom];
}

/** A ring on a line. */
export function knot(ctx, x, y, { ink, ground, ratio, radius = 3.5 }) {
  ctx.beginPath();
  ctx.arc(x, y, radius * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = ground;
  ctx.fill();
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.75 * ratio;
  ctx.stroke();
}

/** The area between `low` and `high` over `xs`. */
export function traceBand(ctx, at, { low, high }, xs, ink) {
  ctx.beginPath();
  for (let i = 0; i < xs.length; i++) ctx.lineTo(at.x(xs[i]), at.y(high[i]));
  for (let i = xs.length - 1; i >= 0; i--) ctx.lineTo(at.x(xs[i]), at.y(low[i]));
  ctx.closePath();
  ctx.fillStyle = ink;
  ctx.fill();
}

/** Labels {y, ink, text, gap?} at the right edge, pushed apart, each on a halo of the ground so that no line crosses it. */
export function write(ctx, ratio, ground, labels, right) {
  ctx.font = `600 ${12 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  ctx.lineWidth = 4 * ratio;
  for (const label of spread(labels, 15 * ratio)) {
    const place = [label.text, right + (label.gap ?? 10) * ratio, label.at];
    ctx.strokeStyle = ground;
    ctx.strokeText(...place);
    ctx.fillStyle = label.ink;
    ctx.fillText(...place);
  }
}

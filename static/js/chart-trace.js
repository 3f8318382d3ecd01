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

/** One curve through `rows`; values that are no numbers leave a gap. */
export function traceLine(ctx, at, xs, ys, rows, { ink, ground, ratio, dash = [], width = 2, alpha = 1, knots = false }) {
  ctx.beginPath();
  let open = false;
  for (const row of rows) {
    const y = ys[row];
    if (!Number.isFinite(y)) open = false;
    else if (open) ctx.lineTo(at.x(xs[row]), at.y(y));
    else {
      ctx.moveTo(at.x(xs[row]), at.y(y));
      open = true;
    }
  }
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = ink;
  ctx.lineWidth = width * ratio;
  ctx.lineJoin = "round";
  ctx.setLineDash(dash.map((part) => part * ratio));
  ctx.stroke();
  ctx.setLineDash([]);
  if (knots) for (const row of rows) knot(ctx, at.x(xs[row]), at.y(ys[row]), { ink, ground, ratio });
  ctx.globalAlpha = 1;
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

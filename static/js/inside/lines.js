// Lines on a logarithmic scale and how far a gradient reaches. Pure functions.
import { logTicks } from "../scale.js";

const positive = (value) => Number.isFinite(value) && value > 0;

/** Lowest and highest of all positive values, at least a factor of 10 apart; null where there are none. */
export function logRange(rows) {
  const values = rows.flat().filter(positive);
  if (!values.length) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)], lack = Math.max(0, 1 - Math.log10(high / low)) / 2;
  return [low / 10 ** (lack + 0.05), high * 10 ** (lack + 0.05)];
}

/** From values to a place between `from` and `to`; `log` for a logarithmic scale. */
export function scale([low, high], [from, to], log = false) {
  const at = log ? Math.log10 : (value) => value;
  const span = at(high) - at(low) || 1;
  return (value) => from + ((at(value) - at(low)) / span) * (to - from);
}

/** A path through the points whose value is positive; a gap where it is not. */
export function path(xs, values, x, y) {
  let open = false;
  return values.map((value, i) => {
    if (!positive(value)) return (open = false), "";
    const move = open ? "L" : "M";
    open = true;
    return `${move}${x(xs[i]).toFixed(1)} ${y(value).toFixed(1)}`;
  }).join("");
}

/** Ticks of a logarithmic axis: powers of ten, or 1, 2 and 5 of each where there are few. */
export const ticks = ([low, high]) => logTicks(low, high, 6);

/** Index of the nearest of ascending `steps`; -1 without any. */
export function nearestStep(steps, step) {
  let best = -1;
  steps.forEach((one, i) => {
    if (best < 0 || Math.abs(one - step) < Math.abs(steps[best] - step)) best = i;
  });
  return best;
}

/** Places before `position` up to the farthest whose norm is at least `share` of the largest; null without gradient. */
export function reach(norms, position, share = 0.01) {
  const most = Math.max(...norms.map((norm) => norm ?? 0));
  if (!(most > 0)) return null;
  return Math.max(0, position - norms.findIndex((norm) => norm >= share * most));
}

/** Radius of a disc whose area carries `value` of `most`. */
export const radius = (value, most, largest) => (most > 0 && value > 0 ? largest * Math.sqrt(value / most) : 0);

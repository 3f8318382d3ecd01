// Where a chart's axes begin, end and have their numbers. Pure functions.

/** About `count` round numbers from `low` to `high`. */
export function linearTicks(low, high, count) {
  if (!(high > low)) return [low];
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((value) => value >= raw * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-6; i++) ticks.push(+(i * step).toPrecision(12));
  return ticks;
}

/** 1, 2 and 5 of every power of ten from `low` to `high`; only the ones where that would be more than `most`. */
export function logTicks(low, high, most = 12) {
  const ticks = (factors) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power++)
      for (const factor of factors) {
        const value = +(factor * 10 ** power).toPrecision(12);
        if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
      }
    return found;
  };
  const all = ticks([1, 2, 5]);
  return all.length > most ? ticks([1]) : all;
}

/** Decimals that write every one of `ticks` in full, one to four. */
export function digits(ticks) {
  const whole = (tick, places) => Math.abs(tick * 10 ** places - Math.round(tick * 10 ** places)) < 1e-6;
  return [1, 2, 3].find((places) => ticks.every((tick) => whole(tick, places))) ?? 4;
}

/**
 * Lowest and highest loss of the frame. The first steps fall fast and would press the rest flat: they may lie above the
 * frame (the page says so), unless x is logarithmic, which gives them room, or the run diverged.
 */
export function frame({ losses, others = [], steps, log = false, diverged = false }) {
  const enough = losses.length >= 30 && !log && !diverged;
  const skip = enough ? Math.min(Math.floor(losses.length / 3), Math.max(5, Math.ceil(steps * 0.02))) : 0;
  const cap = diverged ? 4 * (losses[0] ?? Infinity) : Infinity;
  let low = Infinity, high = -Infinity;
  const take = (value) => {
    if (!Number.isFinite(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, Math.min(value, cap));
  };
  for (let i = skip; i < losses.length; i++) take(losses[i]);
  others.forEach(take);
  if (!losses.length) return [0, Math.max(5, high + 0.5)];
  if (low > high) return [0, 5];
  const pad = Math.max((high - low) * 0.05, 0.02);
  return [Math.max(0, low - pad), high + pad];
}

/** Where x ends: the whole run while it goes or when it is done, a little past the end of one that ended early. */
export function lastX({ values, step, steps, axis, tokensPerStep, pace, whole }) {
  const seen = values.at(-1) ?? 0;
  if (!whole) return seen ? seen * 1.08 : steps;
  if (axis === "step") return steps;
  if (axis === "tokens") return Math.max(seen, steps * (tokensPerStep || 1));
  return step < steps ? seen + (steps - step) * (pace ?? 0.02) : Math.max(seen, 0.001);
}

/** Push labels apart, each {y, …}, so that none lie closer than `gap`; adds `at`. Order by y. */
export function spread(labels, gap) {
  const sorted = [...labels].sort((a, b) => a.y - b.y).map((label) => ({ ...label, at: label.y }));
  for (let pass = 0; pass < 60; pass++)
    for (let i = 1; i < sorted.length; i++) {
      const missing = gap - (sorted[i].at - sorted[i - 1].at);
      if (missing > 0.01) {
        sorted[i - 1].at -= missing / 2;
        sorted[i].at += missing / 2;
      }
    }
  return sorted;
}

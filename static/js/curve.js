// What a run has shown so far, by step: a snapshot replaces all of it, events are added. No document, no drawing.

const POINT = ["step", "tokens", "seconds", "loss", "rate", "grad_norm"];
const HELD = ["step", "tokens", "seconds", "loss", "perplexity", "bits_per_byte"];
const columns = (names, from = {}) => Object.fromEntries(names.map((name) => [name, [...(from[name] ?? [])]]));

/** Index of the first of ascending `values` that is `least` or more; their number when there is none. */
export function lowerBound(values, least) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Put one row where its step belongs; a step that is there already is replaced, the last one wins. */
function put(table, names, row) {
  const at = lowerBound(table.step, row.step), there = table.step[at] === row.step ? 1 : 0;
  for (const name of names) table[name].splice(at, there, row[name]);
}

/** Forget what came after `step`. */
function rewind(table, names, step) {
  const end = lowerBound(table.step, step + 1);
  for (const name of names) table[name].length = end;
}

export class Curve {
  /** prompt → what would be right. */
  expected = new Map();

  constructor(snapshot = {}) {
    this.replace(snapshot);
  }

  /** Take a snapshot for the whole truth; parts that it lacks stay. */
  replace({ curve, samples, info }) {
    if (curve || !this.points) {
      this.points = columns(POINT, curve);
      this.held = columns(HELD, curve?.held_out);
    }
    if (samples || !this.samples) {
      this.samples = new Map();
      for (const sample of samples ?? []) this.#write(sample);
    }
    if (curve || !this.shares) this.shares = curve?.shares?.measures?.at(-1) ?? {};
    if (info || !this.info) this.info = { ...info };
    if (curve?.baseline) this.info.baseline ??= curve.baseline;
  }

  /** Add events in order. `started` at step k forgets what came after k, so that a restart never draws a zigzag. */
  add(events) {
    for (const event of events) {
      if (event.kind === "point") put(this.points, POINT, event);
      else if (event.kind === "held_out") {
        put(this.held, HELD, event);
        this.shares = event.measures ?? {};
      }
      else if (event.kind === "sample") this.#write(event);
      else if (event.kind === "baseline") this.info.baseline = event;
      else if (event.kind === "started") this.#start(event);
    }
  }

  get step() {
    return this.points.step.at(-1) ?? 0;
  }

  /** step → text, for one prompt. */
  written(prompt) {
    return this.samples.get(prompt) ?? new Map();
  }

  /**
   * What was made of every prompt at the newest checkpoint up to `step`, before the first one at that:
   * { step, rows: [{ prompt, text, expected }] }.
   */
  answers(step = Infinity) {
    const steps = [...this.samples.values()].flatMap((texts) => [...texts.keys()]).sort((a, b) => a - b), rows = [];
    const at = steps.findLast((each) => each <= step) ?? steps[0];
    for (const [prompt, texts] of this.samples)
      if (texts.has(at)) rows.push({ prompt, text: texts.get(at), expected: this.expected.get(prompt) ?? "" });
    return { step: at, rows };
  }

  #write({ step, prompt, text, expected }) {
    if (!this.samples.has(prompt)) this.samples.set(prompt, new Map());
    this.samples.get(prompt).set(step, text);
    if (expected) this.expected.set(prompt, expected);
  }

  #start(event) {
    this.info.started = event;
    rewind(this.points, POINT, event.step);
    rewind(this.held, HELD, event.step);
    for (const texts of this.samples.values()) for (const step of texts.keys()) if (step > event.step) texts.delete(step);
  }
}

/** Seconds of training a step, without the first ten steps, which are slower; undefined before there are two points. */
export function pace({ step, seconds }) {
  const from = step.length > 20 ? 10 : 0, last = step.length - 1;
  if (last <= from) return undefined;
  return (seconds[last] - seconds[from]) / (step[last] - step[from]) || undefined;
}

/** Exponential smoothing as TensorBoard does it: s = a s + (1 - a) y, divided by 1 - aⁿ. */
export function smooth(values, a) {
  let sum = 0, weight = 1;
  return values.map((value) => {
    sum = a * sum + (1 - a) * value;
    weight *= a;
    return sum / (1 - weight);
  });
}

/**
 * Indices to draw between `low` and `high`: all of them up to `most`; above, of each of `pixels` equal parts the lowest,
 * the highest and the last, and everything in `keep`. Deterministic. One more on either side lets lines leave the frame.
 */
export function thin(xs, ys, keep, { low, high, pixels, log = false, most = 2000 }) {
  const from = Math.max(0, lowerBound(xs, low) - 1), to = Math.min(xs.length, lowerBound(xs, high) + 2);
  if (to - from <= most) return Array.from({ length: to - from }, (_, i) => from + i);
  const place = log ? Math.log : (x) => x, start = place(Math.max(low, xs[from])), scale = pixels / (place(high) - start);
  const chosen = [from], last = () => chosen[chosen.length - 1];
  const add = (index) => index > last() && chosen.push(index);
  let bucket = -1, least = from, most_ = from;
  for (let index = from; index < to; index++) {
    const x = log ? Math.log(xs[index]) : xs[index], part = Math.max(0, Math.floor((x - start) * scale));
    if (part !== bucket) {
      if (bucket >= 0) {
        add(Math.min(least, most_));
        add(Math.max(least, most_));
        add(index - 1);
      }
      [bucket, least, most_] = [part, index, index];
    } else if (ys[index] < ys[least]) least = index;
    else if (ys[index] > ys[most_]) most_ = index;
  }
  add(Math.min(least, most_));
  add(Math.max(least, most_));
  add(to - 1);
  const wanted = keep.filter((index) => index >= from && index < to);
  return wanted.length ? [...new Set([...chosen, ...wanted])].sort((a, b) => a - b) : chosen;
}

// How a chart is held: keys, fingers, and the one cursor that all figures of a page share.
//
// `chart:cursor` on the document tells where a cursor is: detail {step, from}; step null takes it away.

/** Tell every other figure of the page that the cursor of `from` is at `step`. */
export const tellCursor = (from, step) => document.dispatchEvent(new CustomEvent("chart:cursor", { detail: { step, from } }));

/** Hear where the cursor of other figures is. */
export function hearCursor(own, show) {
  document.addEventListener("chart:cursor", ({ detail }) => detail.from !== own && show(detail.step ?? null));
}

/** `range` made `factor` times as wide around `at`, within `whole`; null when that is the whole. */
export function zoomedAt([low, high], whole, at, factor, log = false) {
  const [to, back] = log ? [Math.log, Math.exp] : [(x) => x, (x) => x];
  const a = to(low), b = to(high), middle = to(Math.min(high, Math.max(low, at ?? back((a + b) / 2))));
  const next = [back(middle - (middle - a) * factor), back(middle + (b - middle) * factor)];
  return within(next, whole);
}

/** The range in which the values under two fingers have followed them from `before` to `after`, pixels of `width`. */
export function pinched([low, high], whole, before, after, width, log = false) {
  const [to, back] = log ? [Math.log, Math.exp] : [(x) => x, (x) => x];
  const a = to(low), span = to(high) - a, value = (pixel) => a + (pixel / width) * span;
  const [left, right] = before.map(value), apart = after[1] - after[0];
  if (Math.abs(apart) < 8) return [low, high];
  const wide = ((right - left) / apart) * width;
  if (!(wide > 0)) return [low, high];
  const start = left - (after[0] / width) * wide;
  return within([back(start), back(start + wide)], whole);
}

function within([low, high], whole) {
  const next = [Math.max(low, whole[0]), Math.min(high, whole[1])];
  return next[0] <= whole[0] && next[1] >= whole[1] ? null : next;
}

/** Where a key takes the cursor, as a number of rows; undefined for a key that does not. `last` is the last row. */
export function stride({ key, shiftKey }, last) {
  const far = Math.max(1, Math.round(last / 10)), near = shiftKey ? 1 : Math.max(1, Math.round(last / 100));
  return { ArrowLeft: -near, ArrowRight: near, PageUp: -far, PageDown: far, Home: -Infinity, End: Infinity }[key];
}

/** What a key does to the zoom: a factor, "all", or undefined. */
export const zoomKey = ({ key }) => ({ "+": 0.5, "=": 0.5, "-": 2, 0: "all" })[key];

/**
 * Fingers on `over`: one moves the cursor, two zoom, a double tap shows all. `chart` has move(left), pinch(before,
 * after), zoomOut() and leave(); places are pixels from the left edge of `over`.
 */
export function joinTouch(over, chart) {
  const fingers = new Map();
  let before = [], tapped = 0;
  const places = () => [...fingers.values()].sort((a, b) => a - b);
  const left = (event) => event.clientX - over.getBoundingClientRect().left;
  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, left(event));
    before = places();
    if (fingers.size === 1) {
      if (event.timeStamp - tapped < 300) chart.zoomOut();
      tapped = event.timeStamp;
      chart.move(left(event));
    }
  });
  over.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, left(event));
    if (fingers.size === 1) return chart.move(left(event));
    const after = places();
    chart.pinch(before, after);
    before = after;
  });
  const gone = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    before = places();
    if (!fingers.size) chart.leave();
  };
  for (const kind of ["pointerup", "pointercancel", "pointerleave"]) over.addEventListener(kind, gone);
}

// Points of the map of embeddings: frames, the nearest point, which labels have room. Pure functions.

/** Colours of classes, s1 to s6; a class beyond them takes the next shape, so that none is told by colour alone. */
export const SHAPES = ["circle", "square", "triangle"];
const COLOURS = 6;

/** How a class is drawn, by its place among the classes. */
export const look = (place) => ({ colour: 1 + (place % COLOURS), shape: SHAPES[Math.floor(place / COLOURS) % SHAPES.length] });

/** The outline of a shape around 0, 0. */
export function outline(shape, size) {
  if (shape === "square") return `M${-size} ${-size}H${size}V${size}H${-size}Z`;
  if (shape === "triangle") return `M0 ${-1.2 * size}L${1.15 * size} ${size}H${-1.15 * size}Z`;
  return `M${-size} 0A${size} ${size} 0 1 1 ${size} 0A${size} ${size} 0 1 1 ${-size} 0Z`;
}

/** The least box that holds every point of every frame: the scale stays while the points move. */
export function extent(frames) {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { points } of frames)
    for (const [x, y] of points) [left, right, low, high] = [Math.min(left, x), Math.max(right, x), Math.min(low, y), Math.max(high, y)];
  if (!(right > left)) [left, right] = [left - 1 || -1, right + 1 || 1];
  if (!(high > low)) [low, high] = [low - 1 || -1, high + 1 || 1];
  return { left, right, low, high };
}

/** From the box to pixels of a drawing, both axes to one scale, the box in the middle; y grows upwards. */
export function projection({ left, right, low, high }, { width, height, pad }) {
  const scale = Math.min((width - 2 * pad) / (right - left), (height - 2 * pad) / (high - low));
  const [x0, y0] = [(left + right) / 2, (low + high) / 2];
  return ([x, y]) => [width / 2 + (x - x0) * scale, height / 2 - (y - y0) * scale];
}

/** The frame of the last step up to `step`; the first one before any, the last one for null. */
export function frameAt(frames, step) {
  if (step === null || step === undefined) return frames.length - 1;
  return Math.max(0, frames.findLastIndex((frame) => frame.step <= step));
}

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The point that an arrow key leads to: the nearest within 45° of its direction, or `at` where there is none. */
export function towards(places, at, key) {
  const [dx, dy] = WAYS[key], [x, y] = places[at];
  let best = at, least = Infinity;
  places.forEach(([px, py], i) => {
    const along = (px - x) * dx + (py - y) * dy, across = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    if (i === at || along <= 0 || across > along) return;
    const far = along + 2 * across;
    if (far < least) [best, least] = [i, far];
  });
  return best;
}

/** The point within `reach` pixels that is nearest to x, y; -1 where none is. */
export function nearest(places, x, y, reach) {
  let best = -1, least = reach ** 2;
  places.forEach(([px, py], i) => {
    const far = (px - x) ** 2 + (py - y) ** 2;
    if (far <= least) [best, least] = [i, far];
  });
  return best;
}

/** Whether a label must stand before its point, because the drawing ends at `right`. */
export const before = ([x], width, right) => x + 7 + width > right;

/** Which points have room for a label of so many pixels: those of `first` before all others, the very first anyway. */
export function labelled(places, widths, first = [], { height = 13, right = Infinity } = {}) {
  const taken = [], found = new Set();
  for (const i of new Set([...first, ...places.keys()])) {
    const [x, y] = places[i], left = before(places[i], widths[i], right) ? x - 7 - widths[i] : x + 5;
    const box = [left, y - height / 2, left + 2 + widths[i], y + height / 2];
    const free = taken.every(([l, t, r, b]) => box[2] < l || box[0] > r || box[3] < t || box[1] > b);
    if (!free && i !== first[0]) continue;
    taken.push(box);
    found.add(i);
  }
  return found;
}

/** The place of a written token: as it is, then without space around it, then in any case; -1 where it is not. */
export function find(tokens, text) {
  const plain = (token) => token.trim().toLowerCase(), wanted = text.trim();
  const ways = [(token) => token === text, (token) => token.trim() === wanted, (token) => plain(token) === plain(text)];
  if (!wanted) return tokens.indexOf(text);
  return ways.map((same) => tokens.findIndex(same)).find((place) => place >= 0) ?? -1;
}

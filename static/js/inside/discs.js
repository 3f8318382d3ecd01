// Matrices of discs whose AREA carries the number, so that the eye adds rightly. Pure but for `draw`.
import { svg } from "../widgets/elements.js";

export const CELL = 20;
const WIDEST = 0.48, SMALLEST = 0.25;

/** One disc as part of a path. */
const disc = (x, y, r) => `M${(x - r).toFixed(1)} ${y.toFixed(1)}a${r.toFixed(2)} ${r.toFixed(2)} 0 1 0 ${(2 * r).toFixed(2)} 0a${r.toFixed(2)} ${r.toFixed(2)} 0 1 0 ${(-2 * r).toFixed(2)} 0`;

/** Raw numbers by their place between the least and the most: 0 to 1. */
export function spread(rows) {
  const low = Math.min(...rows.flat()), span = Math.max(...rows.flat()) - low;
  return rows.map((row) => row.map((value) => (span ? (value - low) / span : 0.5)));
}

/** Scores against the mean of their row, which softmax ignores, up to ±3: -1 to 1; null stays. */
export function centred(rows) {
  return rows.map((row) => {
    const seen = row.filter((value) => value !== null);
    const mean = seen.reduce((sum, value) => sum + value, 0) / Math.max(1, seen.length);
    return row.map((value) => (value === null ? null : Math.max(-1, Math.min(1, (value - mean) / 3))));
  });
}

/** Paths of a matrix of sizes from -1 to 1: { over, under, hidden }. */
export function paths(rows, { cell = CELL, left = 0, top = 0 } = {}) {
  const found = { over: "", under: "", hidden: "" };
  rows.forEach((row, i) => row.forEach((size, j) => {
    const x = left + (j + 0.5) * cell, y = top + (i + 0.5) * cell;
    if (size === null) return (found.hidden += disc(x, y, cell / 20));
    const r = Math.sqrt(Math.abs(size)) * cell * WIDEST;
    if (r > SMALLEST) found[size < 0 ? "under" : "over"] += disc(x, y, r);
    return undefined;
  }));
  return found;
}

/** A small picture without labels. */
export function thumbnail(picture, rows) {
  const cell = 10, { over } = paths(rows, { cell });
  picture.setAttribute("viewBox", `0 0 ${Math.max(1, rows[0]?.length ?? 1) * cell} ${Math.max(1, rows.length) * cell}`);
  picture.replaceChildren(svg("path", { d: over }));
}

/** How wide the labels of a side are, in the units of the picture. */
export const margin = (labels) => Math.max(22, Math.min(90, 10 + 7 * Math.max(...labels.map((label) => [...label].length))));

/**
 * A matrix with labels and a cross that `point(i, j)` moves (none: hides). `queries` name rows, `keys` columns.
 * Returns { point, at(event) }: `at` gives the row and column under a pointer, or null.
 */
export function drawGrid(picture, rows, { queries, keys }) {
  const left = margin(queries), top = margin(keys), upright = top > 22;
  const width = left + keys.length * CELL, height = top + queries.length * CELL;
  const { over, under, hidden } = paths(rows, { left, top });
  const across = svg("rect", { class: "cross", x: left, width: width - left, height: CELL, visibility: "hidden" });
  const down = svg("rect", { class: "cross", y: top, width: CELL, height: height - top, visibility: "hidden" });
  const named = (label, x, y, turned) => {
    const made = svg("text", turned ? { x, y, transform: `rotate(-90 ${x} ${y})` } : { x, y });
    made.textContent = label;
    return made;
  };
  const rowNames = queries.map((label, i) => named(label, left / 2, top + (i + 0.5) * CELL, false));
  const columnNames = keys.map((label, j) => named(label, left + (j + 0.5) * CELL, top / 2, upright && [...label].length > 2));
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  picture.toggleAttribute("data-dense", Math.max(keys.length, queries.length) > 26);
  picture.replaceChildren(across, down, ...rowNames, ...columnNames,
    svg("path", { class: "masked", d: hidden }), svg("path", { d: over }), svg("path", { class: "neg", d: under }));
  return {
    point(i = null, j = null) {
      for (const cross of [across, down]) cross.setAttribute("visibility", i === null ? "hidden" : "visible");
      across.setAttribute("y", top + (i ?? 0) * CELL);
      down.setAttribute("x", left + (j ?? 0) * CELL);
      rowNames.forEach((name, k) => name.setAttribute("class", k === i ? "qy" : ""));
      columnNames.forEach((name, k) => name.setAttribute("class", k === j ? "ky" : ""));
    },
    at(event) {
      const box = picture.getBoundingClientRect();
      const j = Math.floor((((event.clientX - box.left) / box.width) * width - left) / CELL);
      const i = Math.floor((((event.clientY - box.top) / box.height) * height - top) / CELL);
      return i >= 0 && j >= 0 && i < queries.length && j < keys.length ? [i, j] : null;
    },
  };
}

/** Mean share that rows give to the token itself, to the one before and to the first; the first row has no choice. */
export function habits(shares) {
  const rows = shares.slice(1), mean = (pick) => rows.reduce((sum, row, i) => sum + (pick(row, i + 1) ?? 0), 0) / Math.max(1, rows.length);
  return { own: mean((row, i) => row[i]), before: mean((row, i) => row[i - 1]), first: mean((row) => row[0]) };
}

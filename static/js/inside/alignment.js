// A target beside its source: which source tokens each written token looked at, the heads of the last layer together.
import { fill } from "../words.js";
import { visible } from "./decoding.js";
import { drawGrid } from "./discs.js";
import { asking } from "./section.js";

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Of each row the column with the largest share. */
export const strongest = (weights) => weights.map((row) => row.indexOf(Math.max(...row)));

/** `page` holds ask, params and sends "inside:changed". */
export function joinAlignment(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const ask = asking(root, page, "alignment"), picture = part("grid");
  const state = { answer: null, grid: null, at: null };

  function point(i, j) {
    const { target, source, weights } = state.answer;
    state.at = [i, j];
    state.grid.point(i, j);
    const share = `${(100 * weights[i][j]).toFixed(0)} %`;
    part("reading").textContent = fill(words.reading, { target: visible(target[i]), source: visible(source[j]), share });
  }

  async function refresh() {
    const answer = await ask(page.params);
    if (!answer) return;
    Object.assign(state, { answer, at: null });
    const names = { queries: answer.target.map(visible), keys: answer.source.map(visible) };
    state.grid = drawGrid(picture, answer.weights, names);
    const pairs = strongest(answer.weights).map((j, i) => fill(words.pair, { target: names.queries[i], source: names.keys[j] }));
    part("pairs").textContent = pairs.join(" · ");
    part("reading").textContent = words.point;
    part("body").hidden = false;
  }

  picture.addEventListener("pointermove", (event) => {
    const at = state.grid?.at(event);
    if (at) point(...at);
  });
  picture.addEventListener("keydown", (event) => {
    const by = MOVES[event.key];
    if (!by || !state.answer || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { target, source } = state.answer, [i, j] = state.at ?? [-by[0], -by[1]];
    point(Math.max(0, Math.min(target.length - 1, i + by[0])), Math.max(0, Math.min(source.length - 1, j + by[1])));
  });
  page.addEventListener("inside:changed", refresh);
  return refresh();
}

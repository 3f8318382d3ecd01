// Logit lens: what the model would say after each layer, as if the layers behind it were not there.
import { html } from "../widgets/elements.js";
import { fill } from "../words.js";
import { visible } from "./decoding.js";
import { asking } from "./section.js";

const percent = (share) => `${(100 * share).toFixed(0)} %`;
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Shade of a probability: 0 to 5. */
export const shade = (share) => Math.min(5, Math.floor(share * 6));

/** How often each layer's first guess is what follows, of the places where that is known. */
export function counts({ layers }) {
  return layers.map((row) => row.filter(({ rank }) => rank === 1).length);
}

/** `page` holds ask, params and sends "inside:changed". */
export function joinLens(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const ask = asking(root, page, "lens"), table = part("table");
  const state = { answer: null, at: null };
  const layerName = (layer) => (layer ? fill(words.layer, { layer }) : words.input);

  function show() {
    const { tokens, layers } = state.answer, single = layers[0].length === 1;
    const names = layers.map((_, layer) => html("th", { scope: "col" }, layerName(layer)));
    const known = layers[0].some(({ truth }) => truth);
    const head = html("tr", {}, html("td"), ...names, ...(known ? [html("th", { scope: "col" }, words.truth)] : []));
    const rows = layers[0].map((_, place) => html("tr", {},
      html("th", { scope: "row" }, html("code", { class: "tok" }, single ? words.whole : visible(tokens[place]))),
      ...layers.map((row, layer) => cell(row[place], place, layer)),
      ...(known ? [truthOf(layers[0][place])] : [])));
    table.replaceChildren(html("thead", {}, head), html("tbody", {}, ...rows));
    showCounts();
  }

  function cell({ likeliest: [first], rank }, place, layer) {
    return html("td", { "data-h": shade(first.probability), "data-place": place, "data-layer": layer, class: rank === 1 ? "lens-cell is-true" : "lens-cell" },
      html("code", {}, visible(first.name)), html("small", {}, (100 * first.probability).toFixed(0)), ...(rank === 1 ? [html("span", { class: "lens-tick", "aria-hidden": "true" }, "✓")] : []));
  }

  const truthOf = ({ truth }) => html("td", {}, ...(truth ? [html("code", { class: "tok" }, visible(truth.name))] : []));

  function showCounts() {
    const { layers } = state.answer, all = layers[0].filter(({ truth }) => truth).length;
    const each = counts(state.answer).map((count, layer) => fill(words.count, { name: layerName(layer), count }));
    part("counts").textContent = all ? fill(words.right, { all, counts: each.join(" · ") }) : "";
  }

  function point(place, layer) {
    const { tokens, layers } = state.answer;
    table.querySelector(".is-at")?.classList.remove("is-at");
    state.at = [place, layer];
    const shown = table.querySelector(`[data-place="${place}"][data-layer="${layer}"]`);
    shown.classList.add("is-at");
    shown.scrollIntoView({ block: "nearest", inline: "nearest" });
    const { likeliest, truth, rank } = layers[layer][place];
    const guesses = likeliest.map(({ name, probability }) => fill(words.guess, { name: visible(name), share: percent(probability) })).join(" · ");
    const token = layers[0].length === 1 ? words.whole : visible(tokens[place]);
    const said = [fill(words.reading, { token, layer: layerName(layer), guesses })];
    if (truth && rank > 1) said.push(fill(words.rank, { name: visible(truth.name), rank, share: percent(truth.probability) }));
    part("reading").textContent = said.join(page.words.page.gap);
  }

  async function refresh() {
    const answer = await ask(page.params);
    if (!answer) return;
    Object.assign(state, { answer });
    part("body").hidden = false;
    show();
    if (state.at && state.at[0] < answer.layers[0].length && state.at[1] < answer.layers.length) point(...state.at);
    else state.at = null;
  }

  table.addEventListener("pointerover", ({ target }) => {
    const found = target.closest("[data-place]");
    if (found) point(+found.dataset.place, +found.dataset.layer);
  });
  part("scroll").addEventListener("keydown", (event) => {
    const by = MOVES[event.key];
    if (!by || !state.answer || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { layers } = state.answer, [place, layer] = state.at ?? [-by[0], -by[1]];
    point(Math.max(0, Math.min(layers[0].length - 1, place + by[0])), Math.max(0, Math.min(layers.length - 1, layer + by[1])));
  });
  page.addEventListener("inside:changed", refresh);
  return refresh();
}

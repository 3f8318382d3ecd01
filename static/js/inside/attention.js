// Attention: every head as a card, one of them in three stages. Disc area carries the weight.
import { html, svg } from "../widgets/elements.js";
import { fill } from "../words.js";
import { visible } from "./decoding.js";
import { centred, drawGrid, habits, spread, thumbnail } from "./discs.js";
import { nameOf, partOf, partsAt, signed, singles } from "./parts.js";
import { asking } from "./section.js";

const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const number = (value) => value.toFixed(2).replace("-", "−");
const percent = (share) => `${(100 * share).toFixed(0)} %`;
const label = ({ layer, head }) => ({ layer: layer + 1, head: head + 1 });

/** `page` holds ask, params, step and sends "inside:changed". */
export function joinAttention(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const askAll = asking(root, page, "attention"), askOne = asking(part("stages"), page, "head");
  const pictures = ["raw", "scaled", "share"].map(part);
  const state = { answer: null, chosen: 0, one: null, at: null, grids: [] };

  function makeCards() {
    const rows = [];
    let before = "";
    state.answer.heads.forEach((head, i) => {
      const group = `${head.kind} ${head.layer}`;
      if (group !== before) {
        const several = state.answer.heads.some(({ kind }) => kind !== head.kind);
        const name = fill(words.layer, { layer: head.layer + 1 });
        rows.push(html("p", { class: "heads-of" }, several ? `${name} · ${words[head.kind]}` : name), html("div", { class: "heads-line" }));
        before = group;
      }
      const picture = svg("svg", { class: "att", "aria-hidden": "true" });
      const card = html("button", { type: "button", class: "head-card", "data-head": i, "aria-label": fill(words.card, label(head)) },
        html("b", {}, `${head.layer + 1}.${head.head + 1}`), html("small", {}), picture);
      thumbnail(picture, head.weights);
      rows.at(-1).append(card);
    });
    part("heads").replaceChildren(...rows);
    showChosen();
  }

  const cards = () => [...part("heads").querySelectorAll("[data-head]")];

  function showChosen() {
    cards().forEach((card, i) => card.setAttribute("aria-pressed", String(i === state.chosen)));
    part("title").textContent = fill(words.head, label(state.answer.heads[state.chosen]));
  }

  /** The loss without each head, under its card; the sentence names the one that matters most. */
  async function showWorth() {
    const { answer } = state, found = await partsAt(page).catch(() => null);
    if (!found || answer !== state.answer) return;
    const worth = singles(found), heads = answer.heads.map((head) => ({ head, change: worth.get(nameOf(partOf(head)))?.loss }));
    cards().forEach((card, i) => {
      const { head, change } = heads[i];
      if (!change) return;
      card.querySelector("small").textContent = signed(change.value);
      card.setAttribute("aria-label", fill(words.card_loss, { ...label(head), change: signed(change.value) }));
    });
    const most = heads.reduce((best, one) => ((one.change?.value ?? -Infinity) > (best?.change?.value ?? -Infinity) ? one : best), null);
    part("worth").textContent = most?.change ? fill(words.worth, { ...label(most.head), change: signed(most.change.value) }) : "";
  }

  function whichOne() {
    const { kind, layer, head } = state.answer.heads[state.chosen];
    return { ...page.params, kind, layer, head };
  }

  async function showOne(early) {
    showChosen();
    const { kind } = state.answer.heads[state.chosen], one = await (early ?? askOne(whichOne()));
    if (!one) return;
    state.one = one;
    const queries = (kind === "source" ? one.source : one.tokens).map(visible), keys = (kind === "self" ? one.tokens : one.source).map(visible);
    state.names = { queries, keys };
    const values = [spread(one.scores), centred(one.masked), one.weights.map((row, i) => row.map((share, j) => (one.masked[i][j] === null ? null : share)))];
    state.grids = pictures.map((picture, i) => drawGrid(picture, values[i], state.names));
    const flat = one.scores.flat();
    part("least").textContent = number(Math.min(...flat));
    part("most").textContent = number(Math.max(...flat));
    part("root").textContent = Math.round((one.scores[0][0] / one.scaled[0][0]) ** 2 || 0) || "d";
    showHabits(kind);
    showTable();
    part("body").hidden = false;
    point(state.at);
  }

  function showHabits(kind) {
    const { weights } = state.one, { keys } = state.names;
    if (kind === "cross") {
      const means = keys.map((_, j) => weights.reduce((sum, row) => sum + row[j], 0) / weights.length), most = means.indexOf(Math.max(...means));
      part("habits").textContent = fill(words.sum_cross, { key: keys[most], share: percent(means[most]) });
      return;
    }
    const { own, before, first } = habits(weights);
    part("habits").textContent = weights.length > 1 ? fill(words.sum, { own: percent(own), before: percent(before), first: percent(first) }) : "";
  }

  function showTable() {
    const { weights, masked } = state.one, { queries, keys } = state.names;
    const head = html("tr", {}, html("td"), ...keys.map((key) => html("th", { scope: "col", class: "r" }, key)));
    const rows = weights.map((row, i) => html("tr", {}, html("th", { scope: "row" }, queries[i]),
      ...row.map((share, j) => html("td", { class: "r" }, masked[i][j] === null ? "" : share.toFixed(2)))));
    part("table").replaceChildren(html("thead", {}, head), html("tbody", {}, ...rows));
  }

  function point(at) {
    const { one, names } = state, inside = at && at[0] < names.queries.length && at[1] < names.keys.length;
    state.at = inside ? at : null;
    for (const grid of state.grids) grid.point(...(state.at ?? []));
    if (!state.at) return (part("reading").textContent = words.point);
    const [i, j] = state.at, hidden = one.masked[i][j] === null;
    const values = { query: names.queries[i], row: i + 1, key: names.keys[j], column: j + 1, score: number(one.scores[i][j]) };
    if (!hidden) Object.assign(values, { scaled: number(one.scaled[i][j]), share: number(one.weights[i][j]) });
    return (part("reading").textContent = fill(hidden ? words.masked : words.reading, values));
  }

  function choose(i) {
    const count = state.answer.heads.length;
    state.chosen = (i + count) % count;
    showOne();
  }

  function moveBy(event) {
    if (!state.one || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = state.names.queries.length, columns = state.names.keys.length, by = KEYS[event.key];
    const ends = { Home: 0, End: columns - 1 };
    if (!by && !(event.key in ends)) return;
    event.preventDefault();
    const [i, j] = state.at ?? [rows - 1, Math.max(0, columns - 2)];
    const to = by ? [i + by[0], j + by[1]] : [i, ends[event.key]];
    point([Math.max(0, Math.min(rows - 1, to[0])), Math.max(0, Math.min(columns - 1, to[1]))]);
  }

  async function refresh({ detail } = {}) {
    const early = state.answer && askOne(whichOne());
    const answer = await askAll(page.params);
    if (!answer) return;
    if (detail?.changed.includes("text")) state.at = null;
    Object.assign(state, { answer, chosen: Math.min(state.chosen, answer.heads.length - 1) });
    part("cards").hidden = false;
    makeCards();
    page.tell(answer);
    await Promise.all([showOne(early), showWorth()]);
  }

  part("heads").addEventListener("click", ({ target }) => {
    const card = target.closest("[data-head]");
    if (!card) return;
    choose(+card.dataset.head);
    part("title").scrollIntoView({ block: "nearest" });
  });
  part("previous").addEventListener("click", () => choose(state.chosen - 1));
  part("next").addEventListener("click", () => choose(state.chosen + 1));
  pictures.forEach((picture, i) => {
    picture.addEventListener("pointermove", (event) => state.grids[i] && point(state.grids[i].at(event) ?? state.at));
    picture.addEventListener("keydown", moveBy);
  });
  page.addEventListener("inside:changed", refresh);
  return refresh();
}

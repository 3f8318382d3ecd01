// "What comes next": the logits of the whole vocabulary come once; sliders, dice and table work on them alone.
import { fill, thousands } from "../words.js";
import { html, svg } from "../widgets/elements.js";
import { TEMPERATURES, counts, decode, draw, entropy, left, percent, ranked, visible } from "./decoding.js";
import { asking, cell, code, logit } from "./section.js";

const FIRST = 15, MORE = 50, STRIP = 1000, THINNEST = 1.5, TAIL = 48, LONGEST = 1000;

/** `page` holds ask, params, text and write(text); it sends "inside:changed". */
export function joinProbabilities(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const ask = asking(root, page, "next");
  const state = { answer: null, choice: null, dice: null, shown: FIRST, rows: new Map(), drawNext: false };
  const knobs = Object.fromEntries(["temperature", "top-k", "top-p"].map((name) => [name, part(name)]));

  const settings = () => ({
    temperature: TEMPERATURES[knobs.temperature.valueAsNumber],
    topK: counts(state.answer.logits.length)[knobs["top-k"].valueAsNumber],
    topP: knobs["top-p"].valueAsNumber,
  });

  function showKnobs({ temperature, topK, topP }) {
    const texts = {
      temperature: temperature === 0 ? words.greedy : String(temperature),
      "top-k": topK === 0 ? words.all : thousands(topK),
      "top-p": topP === 1 ? words.all : topP.toFixed(2),
    };
    for (const [name, text] of Object.entries(texts)) {
      part(`${name}-out`).textContent = text;
      knobs[name].setAttribute("aria-valuetext", text);
    }
  }

  /** Rows stay where they are, so that their bars move. */
  function makeRows() {
    const { answer, choice, shown } = state, ids = choice.order.slice(0, shown);
    for (const id of [answer.truth?.id, drawn()?.id]) if (id !== undefined && !ids.includes(id)) ids.push(id);
    const rows = ids.map((id) => state.rows.get(id) ?? makeRow(id));
    state.rows = new Map(ids.map((id, i) => [id, rows[i]]));
    part("rows").replaceChildren(...rows.map(({ row }) => row));
    part("more").hidden = shown >= choice.order.length;
  }

  function makeRow(id) {
    const { logits, names, truth } = state.answer, bar = html("i", { class: "share-bar", "aria-hidden": "true" });
    const [scaled, running, share] = ["r", "r", ""].map((kind) => cell("td", kind));
    const text = html("span", { class: "share-text" });
    share.append(bar, text);
    const name = cell("th", "", code(names[id]));
    if (truth?.id === id) name.append(" ", html("span", { class: "tag" }, words.truth));
    const row = html("tr", {}, name, cell("td", "r", logit(logits[id])), scaled, running, share);
    return { row, scaled, running, bar, text };
  }

  function showRows({ topK, topP }) {
    const { choice } = state, chosen = drawn()?.id, most = choice.final[choice.order[0]];
    for (const [id, { row, scaled, running, bar, text }] of state.rows) {
      const out = choice.final[id] === 0, cut = choice.afterK[id] === 0 && topK > 0;
      row.toggleAttribute("data-out", out);
      row.toggleAttribute("data-drawn", id === chosen);
      scaled.textContent = cut ? "−∞" : logit(choice.scaled[id]);
      const sum = topP < 1 && !cut ? choice.running[id].toFixed(3) : "";
      running.replaceChildren(out ? html("s", {}, sum || words.out) : sum || words.kept);
      bar.style.inlineSize = `${(100 * choice.final[id]) / most}%`;
      text.textContent = percent(choice.final[id]);
    }
    const seen = [...state.rows.keys()].reduce((sum, id) => sum + choice.final[id], 0), others = choice.order.length - state.rows.size;
    part("others").textContent = others > 0 ? fill(words.others, { count: thousands(others), share: percent(Math.max(0, 1 - seen)) }) : "";
  }

  /** The unit line, a stretch a token, the needle where the dice fell. */
  function showStrip() {
    const { choice, dice } = state, parts = [], chosen = drawn()?.id;
    let from = 0;
    for (const id of choice.order) {
      const wide = STRIP * choice.final[id];
      if (wide < THINNEST) break;
      const kind = id === chosen ? "stretch is-drawn" : "stretch";
      parts.push(svg("rect", { class: kind, x: from.toFixed(2), y: 6, width: Math.max(0.5, wide - 1).toFixed(2), height: 16 }));
      from += wide;
    }
    if (from < STRIP - THINNEST) parts.push(svg("rect", { class: "stretch is-rest", x: from.toFixed(2), y: 10, width: (STRIP - from).toFixed(2), height: 8 }));
    if (dice !== null) parts.push(svg("path", { class: "needle", d: `M${(STRIP * dice).toFixed(2)} 0V28` }));
    part("strip").replaceChildren(...parts);
  }

  const drawn = () => (state.dice === null || !state.choice ? null : draw(state.choice, state.dice));
  const piece = (id) => state.answer.pieces?.[id] ?? "";

  function showText() {
    const { answer } = state, found = drawn(), tail = answer.tokens.slice(-TAIL);
    const tokens = tail.map((token) => html("span", {}, visible(token)));
    if (answer.position !== null) {
      const read = tokens[tail.length - answer.tokens.length + answer.position];
      if (answer.position < answer.tokens.length - 1) read?.classList.add("q");
    }
    if (answer.tokens.length > TAIL) tokens.unshift(html("span", {}, "…"));
    if (found && answer.pieces?.length) tokens.push(html("span", { class: "ghost" }, visible(answer.names[found.id])));
    part("text").replaceChildren(...tokens);
  }

  function showDice() {
    const found = drawn(), { answer, choice } = state;
    const numbers = { kept: thousands(left(choice.final)), all: thousands(choice.order.length), bits: entropy(choice.final).toFixed(2) };
    part("reading").textContent = fill(words.reading, numbers);
    part("dice").textContent = found
      ? fill(words.dice, { number: state.dice.toFixed(4), token: `“${visible(answer.names[found.id])}”`, from: found.from.toFixed(4), to: found.to.toFixed(4) })
      : words.undrawn;
    const writes = Boolean(answer.pieces?.length);
    part("accept").disabled = !found || !piece(found.id);
    part("generate").disabled = !writes || Boolean(found && !piece(found.id));
    part("why").textContent = !writes ? words.no_text : found && !piece(found.id) ? words.no_piece : "";
  }

  function show() {
    const now = settings();
    showKnobs(now);
    state.choice = decode(state.answer.logits, now, state.order);
    makeRows();
    showRows(now);
    showStrip();
    showText();
    showDice();
  }

  function roll() {
    state.dice = Math.random();
    show();
  }

  function accept(again) {
    if (root.ariaBusy === "true") return; // what was drawn belongs to the text before
    if (!drawn()) roll();
    const added = piece(drawn().id);
    if (!added) return;
    state.drawNext = again;
    page.write((page.text + added).slice(-LONGEST));
  }

  async function refresh() {
    const answer = await ask(page.params);
    if (!answer) return;
    Object.assign(state, { answer: { ...answer, logits: answer.logits.map((logit) => logit ?? -Infinity) }, rows: new Map() });
    Object.assign(state, { order: ranked(state.answer.logits), dice: state.drawNext ? Math.random() : null, drawNext: false });
    const most = counts(answer.logits.length).length - 1, all = knobs["top-k"].valueAsNumber >= +knobs["top-k"].max;
    knobs["top-k"].max = most;
    if (all) knobs["top-k"].value = most;
    part("body").hidden = false;
    show();
  }

  for (const knob of Object.values(knobs)) knob.addEventListener("input", () => state.answer && show());
  part("draw").addEventListener("click", roll);
  part("accept").addEventListener("click", () => accept(false));
  part("generate").addEventListener("click", () => accept(true));
  part("more").addEventListener("click", () => {
    state.shown += MORE;
    show();
  });
  page.addEventListener("inside:changed", refresh);
  return refresh();
}

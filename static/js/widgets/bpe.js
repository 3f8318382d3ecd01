// Chapter "tokens": byte-pair encoding, one merge at a time; the reader names the pair that is merged next.
// Learns what trainer.tokenizer.bpe learns: GPT-2's words, its order of the bytes, of equal pairs the smaller ids.
import { fillIn, html } from "./elements.js";

const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
const N_BYTES = 256;
const LEAST = 2; // a pair must occur as often to be merged
const BETWEEN = "\u0100"; // no byte
const DARKEST = 5;
let mounted = 0;

// Ids of the single bytes: those that print first, as in GPT-2.
const prints = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || byte > 173;
const BYTES = [...Array(N_BYTES).keys()].sort((a, b) => prints(b) - prints(a) || a - b);
const BYTE_IDS = new Map(BYTES.map((byte, id) => [String.fromCharCode(byte), id]));

/** A text before its first merge. Tokens are strings with one character, U+0000 to U+00FF, for each byte. */
export function begin(text) {
  const encoder = new TextEncoder();
  const words = (text.match(WORDS) ?? []).map((word) => Array.from(encoder.encode(word), (byte) => String.fromCharCode(byte)));
  return { words, ids: BYTE_IDS, merges: [] };
}

/** Every pair of neighbours inside a word and how often it occurs, the one that is merged next at the front. */
export function ranking({ words, ids }) {
  const found = new Map();
  for (const word of words) {
    for (let i = 1; i < word.length; i += 1) {
      const key = word[i - 1] + BETWEEN + word[i];
      const entry = found.get(key) ?? { pair: [word[i - 1], word[i]], count: 0 };
      entry.count += 1;
      found.set(key, entry);
    }
  }
  const order = ({ pair }) => pair.map((token) => ids.get(token));
  return [...found.values()].sort((a, b) => {
    const [left, right] = [order(a), order(b)];
    return b.count - a.count || left[0] - right[0] || left[1] - right[1];
  });
}

/** The pair that is merged next, or null when none occurs twice. */
export function next(state) {
  const [best] = ranking(state);
  return best && best.count >= LEAST ? best : null;
}

/** A word with every such pair joined, from left to right. */
function joined(word, [left, right]) {
  const out = [];
  for (let i = 0; i < word.length; i += 1) {
    const hit = word[i] === left && word[i + 1] === right;
    out.push(hit ? left + right : word[i]);
    if (hit) i += 1;
  }
  return out;
}

/** The state after one more merge; the state itself when there is none. */
export function advance(state) {
  const best = next(state);
  if (!best) return state;
  const token = best.pair.join(""), ids = new Map(state.ids);
  if (!ids.has(token)) ids.set(token, ids.size);
  const words = state.words.map((word) => joined(word, best.pair));
  return { words, ids, merges: [...state.merges, { ...best, token, id: ids.get(token) }] };
}

/** Pairs to choose from: the right one and up to three that occur less often, in the order of their bytes. */
export function candidates(state) {
  const best = next(state);
  if (!best) return [];
  const others = ranking(state).filter(({ count }) => count < best.count).slice(0, 3);
  return [best, ...others].sort((a, b) => (a.pair.join(BETWEEN) < b.pair.join(BETWEEN) ? -1 : 1));
}

export const size = ({ words }) => words.reduce((sum, word) => sum + word.length, 0);

const lengthOf = (lead) => (lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0);

/** What of a token can be read: characters, and in hexadecimal the bytes that are no whole character. */
function parts(token) {
  const bytes = Uint8Array.from(token, (byte) => byte.charCodeAt(0)), found = [];
  for (let i = 0; i < bytes.length; ) {
    const end = i + lengthOf(bytes[i]), text = end > i && end <= bytes.length ? decoded(bytes.subarray(i, end)) : "";
    if (text) found.push({ text: text.replace(" ", "␣"), hex: false });
    else found.push({ text: bytes[i].toString(16).toUpperCase().padStart(2, "0"), hex: true });
    i = text ? end : i + 1;
  }
  return found;
}

function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return ""; // a lead byte before bytes of another character
  }
}

/** "␣tt", "四", "E5 9B": a token to read. */
export function label(token) {
  const found = parts(token);
  return found.map(({ text, hex }, i) => (i && (hex || found[i - 1].hex) ? ` ${text}` : text)).join("");
}

const sumOf = (pair) => pair.map(label).join(" + ");
const whole = (token) => parts(token).every(({ hex }) => !hex);

function chip(token, fresh) {
  const kind = ["bpe-token", whole(token) ? "" : "mono", fresh ? "is-new" : ""].filter(Boolean).join(" ");
  return html("span", { class: kind, "data-h": Math.min(DARKEST, token.length - 1) }, label(token));
}

function figures(labels) {
  const values = Object.fromEntries(["tokens", "vocabulary", "bytes"].map((key) => [key, html("dd", { class: "num" })]));
  const rows = Object.entries(values).map(([key, value]) => html("div", {}, html("dt", {}, labels[key]), value));
  return { values, list: html("dl", { class: "figs widget-figs" }, ...rows) };
}

export function mount(root, { data, onGoal }) {
  const { labels, streak } = data;
  const name = `bpe-${(mounted += 1)}`;
  const games = data.texts.map((entry) => ({ ...entry, states: [begin(entry.text)], row: 0, won: false }));
  let game = games[0], counted = false, reached = false;

  const picture = html("div", { class: "bpe-text", role: "img" });
  const { values, list } = figures(labels);
  const options = html("div", { class: "bpe-options" });
  const question = html("fieldset", {}, html("legend", { class: "small strong" }, labels.question), options);
  const status = html("p", { class: "bpe-status", role: "status" });
  const score = html("p", { class: "small num faint" });
  const learned = html("ol", { class: "bpe-merges num" });
  const button = (text, act) => {
    const made = html("button", { type: "button", class: "btn btn-small" }, text);
    made.addEventListener("click", act);
    return made;
  };
  const show = button(labels.show, () => { game.row = 0; merge(); });
  const back = button(labels.back, () => { game.row = 0; game.states.pop(); settle(""); });
  const again = button(labels.again, () => { game.row = 0; game.states.length = 1; settle(""); });

  const now = () => game.states.at(-1);

  function settle(text) {
    counted = false;
    status.textContent = text;
    draw();
  }

  function merge() {
    const before = now(), best = next(before);
    const ties = ranking(before).filter(({ count }) => count === best.count).length;
    game.states.push(advance(before));
    const said = fillIn(labels.merged, {
      pair: sumOf(best.pair), count: best.count, id: now().merges.at(-1).id, before: size(before), after: size(now()),
    });
    const tie = ties > 1 ? fillIn(labels.tie, { ties, count: best.count }) : "";
    const end = next(now()) ? "" : fillIn(labels.over, { n: size(now()) });
    settle([said, tie, end].filter(Boolean).join(labels.space));
  }

  function guess(chosen) {
    const best = next(now());
    if (chosen.pair.join(BETWEEN) !== best.pair.join(BETWEEN)) {
      game.row = 0;
      counted = true;
      status.textContent = fillIn(labels.wrong, { pair: sumOf(chosen.pair), count: chosen.count });
      draw();
      return;
    }
    if (!counted) game.row += 1; // with the counts in sight it is no guess
    game.won ||= game.row >= streak;
    merge();
    if (!reached && games.every(({ won }) => won)) {
      reached = true;
      onGoal(games.map(() => streak).join(" + "));
    }
  }

  function drawOptions() {
    const open = candidates(now()), focused = [...options.children].indexOf(document.activeElement);
    options.replaceChildren(...open.map((option) => {
      const text = counted ? `${sumOf(option.pair)} × ${option.count}` : sumOf(option.pair);
      return button(text, () => guess(option));
    }));
    question.hidden = open.length === 0;
    if (focused >= 0) (options.children[Math.min(focused, open.length - 1)] ?? back).focus();
  }

  function draw() {
    const state = now(), tokens = state.words.flat(), last = state.merges.at(-1)?.token;
    picture.replaceChildren(...state.words.map((word) =>
      html("span", { class: "bpe-word" }, ...word.map((token) => chip(token, token === last)))));
    picture.setAttribute("aria-label", fillIn(labels.picture, { n: tokens.length, list: tokens.map(label).join(" | ") }));
    values.tokens.textContent = String(tokens.length);
    values.vocabulary.textContent = String(state.ids.size);
    values.bytes.textContent = (tokens.join("").length / tokens.length).toFixed(2);
    learned.replaceChildren(...state.merges.map(({ pair, count, id }) =>
      html("li", {}, html("span", { class: "faint" }, String(id)), ` ${sumOf(pair)} `, html("span", { class: "faint" }, `×${count}`))));
    learned.hidden = state.merges.length === 0;
    score.textContent = games.map(({ label: title, row, won }) =>
      fillIn(labels.score, { text: title, n: won ? streak : Math.min(row, streak), of: streak })).join(" · ");
    const over = !next(state), first = game.states.length === 1;
    if ((over && document.activeElement === show) || (first && [back, again].includes(document.activeElement)))
      (over ? back : show).focus();
    show.disabled = over;
    back.disabled = again.disabled = first;
    drawOptions();
  }

  const choice = html("div", { class: "seg seg-small", role: "radiogroup", "aria-label": labels.choose },
    ...games.map((entry, i) => {
      const radio = html("input", { type: "radio", name, value: i });
      radio.checked = i === 0;
      radio.addEventListener("change", () => { game = entry; settle(""); });
      return html("label", {}, radio, html("span", {}, entry.label));
    }));

  root.append(
    html("div", { class: "row spread above" }, choice, score),
    picture, list, question, status,
    html("div", { class: "row bpe-act" }, show, back, again),
    learned,
  );
  draw();
}

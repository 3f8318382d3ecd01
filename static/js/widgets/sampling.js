// Chapter "generation": temperature, top-k and top-p on the scores of a real model, over its whole vocabulary.
import { fillIn, html, svg } from "./elements.js";
import { beginnings, logits, tokens } from "./sampling-logits.js";
import { percent, softmax } from "./softmax.js";

/** Places of the scores, the largest first; of equal ones the earlier place. */
export const ranked = (scores) => scores.map((_, place) => place).sort((a, b) => scores[b] - scores[a] || a - b);

/** Shares to draw by: temperature, then the k largest (0: all), then the fewest that reach p together. As the trainer. */
export function shares(scores, { temperature, topK, topP }) {
  const order = ranked(scores), count = topK > 0 ? Math.min(topK, scores.length) : scores.length;
  const kept = new Set(order.slice(0, count));
  const all = softmax(scores.map((score, place) => (kept.has(place) ? score : -Infinity)), temperature);
  let before = 0;
  const last = order.findIndex((place) => (before += all[place]) >= topP - 1e-12);
  const stay = new Set(topP < 1 && last >= 0 ? order.slice(0, last + 1) : order);
  const sum = order.reduce((total, place) => total + (stay.has(place) ? all[place] : 0), 0);
  return all.map((share, place) => (stay.has(place) ? share / sum : 0));
}

/** How many tokens can still be drawn. */
export const kept = (list) => list.filter((share) => share > 0).length;

/** The place that a number from 0 up to 1 falls on. */
export function draw(list, number) {
  let before = 0;
  const place = list.findIndex((share) => (before += share) > number);
  return place >= 0 ? place : list.findLastIndex((share) => share > 0);
}

/** A token as it is shown: spaces and line ends as signs. */
export const visible = (token) => token.replaceAll(" ", "␣").replaceAll("\n", "⏎");

/** Goal: with one setting the sure place keeps few tokens and the open one many. */
export const goalReached = (counts, { sure, open, most, least }) => counts[sure] <= most && counts[open] >= least;

const SHOWN = 10, DRAWN = 12, TOP_K = [0, 1, 2, 3, 5, 10, 20, 50, 100];
const VALUES = { temperature: (at) => 10 ** at, topK: (at) => TOP_K[at], topP: (at) => at };
const RANGES = {
  temperature: { min: -1, max: 0.5, step: 0.01, value: 0 },
  topK: { min: 0, max: TOP_K.length - 1, step: 1, value: 0 },
  topP: { min: 0.05, max: 1, step: 0.01, value: 1 },
};
let mounted = 0;

/** A labelled slider that tells its value. */
function knob(name, labels, id, change) {
  const input = html("input", { class: "range", type: "range", id: `${id}-${name}`, ...RANGES[name] });
  const shown = html("output", { for: input.id });
  input.addEventListener("input", change);
  const show = () => {
    const value = VALUES[name](input.valueAsNumber);
    shown.textContent = name === "topK" ? (value || labels.all) : value.toFixed(2);
    input.setAttribute("aria-valuetext", shown.textContent);
    return value;
  };
  const reset = () => { input.value = RANGES[name].value; };
  const field = html("div", { class: "knob-wide" }, html("label", { for: input.id }, html("span", {}, labels[name]), shown), input);
  return { field, show, reset };
}

function choiceOf(id, labels, choose) {
  return html("div", { class: "seg seg-small sampling-choice", role: "radiogroup", "aria-label": labels.choose },
    ...beginnings.map(({ text }, i) => {
      const radio = html("input", { type: "radio", name: id, value: i });
      radio.checked = i === 0;
      radio.addEventListener("change", () => choose(i));
      return html("label", {}, radio, html("span", {}, `“${text}”`));
    }));
}

/** Rows of the likeliest tokens and one for all others: the model's share as an outline, what is drawn by as a bar. */
function buildBars() {
  const rows = Array.from({ length: SHOWN + 1 }, () => {
    const name = html("code", { class: "sampling-name" }), share = html("span", { class: "num r" });
    const before = svg("rect", { class: "sampling-before", height: 13, y: 0.5 });
    const after = svg("rect", { class: "s1 fill", height: 8, y: 3 });
    const drawing = svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" }, before, after);
    return { name, share, before, after, parts: [name, drawing, share] };
  });
  return { rows, list: html("div", { class: "bars", role: "img" }, ...rows.flatMap(({ parts }) => parts)) };
}

export function mount(root, { data, lang, onGoal }) {
  const { labels } = data, id = `sampling-${(mounted += 1)}`;
  const comma = lang.startsWith("zh") ? "、" : ", ";
  let chosen = 0, reached = false, now = [];

  const { rows, list } = buildBars();
  const knobs = Object.keys(RANGES).map((name) => [name, knob(name, labels, id, update)]);
  const counts = beginnings.map(() => html("dd", { class: "num" }));
  const drawn = html("p", { class: "sampling-drawn", role: "status" });
  const button = (text, act) => {
    const made = html("button", { type: "button", class: "btn btn-small" }, text);
    made.addEventListener("click", act);
    return made;
  };

  function showRow(row, name, was, is) {
    row.name.textContent = name;
    row.before.setAttribute("width", (100 * was).toFixed(2));
    row.after.setAttribute("width", (100 * is).toFixed(2));
    row.share.textContent = is === 0 ? "–" : percent(is);
    return `${name} ${row.share.textContent}`;
  }

  function showBars(settings) {
    const scores = logits[chosen], plain = softmax(scores), first = ranked(scores).slice(0, SHOWN);
    const texts = first.map((place, i) => showRow(rows[i], visible(tokens[place]), plain[place], now[place]));
    const rest = (values) => Math.max(0, 1 - first.reduce((total, place) => total + values[place], 0));
    const others = fillIn(labels.others, { n: tokens.length - SHOWN });
    const left = rest(now), none = kept(now) <= first.filter((place) => now[place] > 0).length;
    texts.push(showRow(rows[SHOWN], others, rest(plain), none ? 0 : left));
    list.setAttribute("aria-label", fillIn(labels.bars, {
      text: beginnings[chosen].text, temperature: settings.temperature.toFixed(2), list: texts.join(comma),
    }));
  }

  function update() {
    const settings = Object.fromEntries(knobs.map(([name, { show }]) => [name, show()]));
    const found = logits.map((scores) => shares(scores, settings)), numbers = found.map(kept);
    now = found[chosen];
    showBars(settings);
    counts.forEach((place, i) => { place.textContent = numbers[i]; });
    drawn.textContent = "";
    if (reached || !goalReached(numbers, data.goal)) return;
    reached = true;
    onGoal(fillIn(labels.evidence, { sure: numbers[data.goal.sure], open: numbers[data.goal.open] }));
  }

  function drawSome() {
    const names = Array.from({ length: DRAWN }, () => visible(tokens[draw(now, Math.random())]));
    drawn.replaceChildren(...names.map((name) => html("code", {}, name)));
  }

  function reset() {
    for (const [, { reset: back }] of knobs) back();
    update();
  }

  root.append(
    choiceOf(id, labels, (i) => { chosen = i; update(); }),
    list,
    html("div", { class: "recipe sampling-knobs" }, ...knobs.map(([, { field }]) => field)),
    html("p", { class: "small faint" }, labels.counts),
    html("dl", { class: "figs widget-figs" }, ...beginnings.map(({ text }, i) => html("div", {}, html("dt", {}, `“${text}”`), counts[i]))),
    html("div", { class: "row" }, button(fillIn(labels.draw, { n: DRAWN }), drawSome), button(labels.reset, reset)),
    drawn,
  );
  update();
}

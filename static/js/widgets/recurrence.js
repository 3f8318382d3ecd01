// Chapter "history": one word, then words that say nothing. What is left of it in the state of an RNN, an LSTM or a mixture
// of attention, and how much of a later error still reaches it.
import { fillIn, html, svg } from "./elements.js";

const SHOWN = [1, 2, 3, 10, 50]; // words in the table
const PLOT = { width: 460, left: 44, right: 10, state: 84, gap: 26, gradient: 84, bottom: 18, top: 6 };
const DECADES = 20; // of the logarithmic scale
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
let mounted = 0;

export const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** h = tanh(w h + x) with x = 1 at the first word and 0 after it; the gradient is dh / dx of the first word. */
export function rnn(weight, words) {
  const found = [];
  for (let t = 0; t < words; t += 1) {
    const before = found[t - 1];
    const state = Math.tanh(before ? weight * before.state : 1), slope = 1 - state * state;
    found.push({ state, gradient: before ? before.gradient * weight * slope : slope });
  }
  return found;
}

/** c = f c + i g with i g = 1 at the first word and 0 after it; the gradient is dc / d(i g) of the first word. */
export function lstm(bias, words) {
  const forget = sigmoid(bias);
  return Array.from({ length: words }, (_, t) => ({ state: forget ** t, gradient: forget ** t }));
}

/** The share of the first word when its score leads all others by `lead`. One step leads back to it. */
export function attention(lead, words) {
  const power = Math.exp(lead);
  return Array.from({ length: words }, (_, t) => ({ state: power / (power + t), gradient: power / (power + t) }));
}

const KINDS = { rnn, lstm, attention };

/** "0.859", "1.0 × 10⁻²⁰", "0": three decimals as long as they say something. */
export function show(value) {
  if (value === 0) return "0";
  if (value >= 0.0005) return value.toFixed(3);
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits} × 10⁻${[...String(Math.abs(power))].map((digit) => SUPERSCRIPT[digit]).join("")}`;
}

/** Which halves of the goal this setting reaches at the last word. */
export function reaches(kind, path, goal) {
  const last = path[path.length - 1];
  return (kind === "rnn" && last.state >= goal) || (kind === "lstm" && last.gradient >= goal);
}

const stateTop = PLOT.top, gradientTop = PLOT.top + PLOT.state + PLOT.gap;
const height = gradientTop + PLOT.gradient + PLOT.bottom;
const across = (t, words) => PLOT.left + (t / (words - 1)) * (PLOT.width - PLOT.left - PLOT.right);
const stateY = (value) => stateTop + (1 - value) * PLOT.state;
const gradientY = (value) => gradientTop + (Math.min(DECADES, -Math.log10(Math.max(value, 1e-99))) / DECADES) * PLOT.gradient;

function grid(labels, words) {
  const line = (y) => svg("line", { class: "gridline", x1: PLOT.left, x2: PLOT.width - PLOT.right, y1: y, y2: y });
  const tick = (y, text) => svg("text", { x: PLOT.left - 6, y: y + 4, "text-anchor": "end" }, text);
  const marks = [
    ...[0, 0.5, 1].flatMap((value) => [line(stateY(value)), tick(stateY(value), String(value))]),
    ...[0, 10, 20].flatMap((power) => [line(gradientY(10 ** -power)), tick(gradientY(10 ** -power), power ? `10⁻${SUPERSCRIPT[power / 10]}⁰` : "1")]),
  ];
  const places = [1, 10, 20, 30, 40, words].map((word) =>
    svg("text", { x: across(word - 1, words), y: height - 3, "text-anchor": "middle" }, String(word)));
  const name = (y, text) => svg("text", { class: "recurrence-name", x: PLOT.left, y }, text);
  return [...marks, ...places, name(gradientTop - 8, labels.gradientTitle)];
}

function drawing(labels, words) {
  const bars = svg("g", { class: "s1" }), line = svg("polyline", { class: "ln s2" });
  const picture = svg("svg", { class: "recurrence-plot", viewBox: `0 0 ${PLOT.width} ${height}`, role: "img" }, ...grid(labels, words), bars, line);
  return { picture, bars, line };
}

function redraw({ bars, line }, path) {
  const width = ((PLOT.width - PLOT.left - PLOT.right) / path.length) * 0.6;
  bars.replaceChildren(...path.map(({ state }, t) => svg("rect", {
    class: "fill", x: (across(t, path.length) - width / 2).toFixed(1), y: stateY(state).toFixed(1), width: width.toFixed(1),
    height: Math.max(0.5, state * PLOT.state).toFixed(1),
  })));
  line.setAttribute("points", path.map(({ gradient }, t) => `${across(t, path.length).toFixed(1)},${gradientY(gradient).toFixed(1)}`).join(" "));
}

function table(labels) {
  const rows = ["state", "gradient"].map((name) => ({ name, cells: SHOWN.map(() => html("td", { class: "num r" })) }));
  const head = html("tr", {}, html("th", { scope: "col" }, labels.word), ...SHOWN.map((word) => html("th", { class: "r", scope: "col" }, String(word))));
  const body = rows.map(({ name, cells }) => html("tr", {}, html("th", { scope: "row" }, labels[name]), ...cells));
  const box = html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": labels.numbers },
    html("table", { class: "tbl" }, html("thead", {}, head), html("tbody", {}, ...body)));
  return { box, fill: (path) => rows.forEach(({ name, cells }) => cells.forEach((cell, i) => { cell.textContent = show(path[SHOWN[i] - 1][name]); })) };
}

export function mount(root, { data, onGoal }) {
  const { labels, words, goal, kinds } = data;
  const id = `recurrence-${(mounted += 1)}`;
  const values = Object.fromEntries(kinds.map((kind) => [kind.name, kind.start]));
  const met = {};
  let kind = kinds[0], reached = false;

  const plot = drawing(labels, words), numbers = table(labels);
  const slider = html("input", { class: "range", type: "range", id });
  const shown = html("output", { for: id });
  const name = html("span", {});
  const note = html("p", { class: "small faint" });
  const progress = html("p", { class: "small num recurrence-progress" });
  const choice = html("div", { class: "seg seg-small", role: "radiogroup", "aria-label": labels.choose },
    ...kinds.map((entry, i) => {
      const radio = html("input", { type: "radio", name: `${id}-kind`, value: entry.name });
      radio.checked = i === 0;
      radio.addEventListener("change", () => { kind = entry; choose(); });
      return html("label", {}, radio, html("span", {}, entry.label));
    }));

  function choose() {
    for (const [key, value] of Object.entries({ min: kind.low, max: kind.high, step: kind.step })) slider.setAttribute(key, value);
    slider.value = values[kind.name];
    name.textContent = kind.knob;
    update();
  }

  function update() {
    const value = slider.valueAsNumber, path = KINDS[kind.name](value, words), last = path[words - 1];
    values[kind.name] = value;
    shown.textContent = value.toFixed(2).replace("-", "−");
    slider.setAttribute("aria-valuetext", shown.textContent);
    note.textContent = fillIn(kind.note, { f: sigmoid(value).toFixed(3), words });
    redraw(plot, path);
    numbers.fill(path);
    const facts = { kind: kind.label, value: shown.textContent, words, state: show(last.state), gradient: show(last.gradient) };
    plot.picture.setAttribute("aria-label", fillIn(labels.picture, facts));
    if (reaches(kind.name, path, goal)) met[kind.name] = shown.textContent;
    progress.textContent = kinds.filter((entry) => entry.goal)
      .map((entry) => `${met[entry.name] ? "✓" : "–"} ${entry.goal}`).join(" · ");
    if (!reached && met.rnn && met.lstm) {
      reached = true;
      onGoal(`${kinds.filter((entry) => entry.goal).map((entry) => `${entry.label} ${met[entry.name]}`).join(", ")}`);
    }
  }

  slider.addEventListener("input", update);
  root.append(
    html("div", { class: "row spread above" }, choice),
    html("div", { class: "recipe recurrence-knob" }, html("div", { class: "knob-wide" }, html("label", { for: id }, name, shown), slider)),
    note,
    html("p", { class: "small recurrence-title" }, labels.stateTitle),
    plot.picture, numbers.box, progress,
  );
  choose();
}

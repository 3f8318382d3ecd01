// Chapter "attention": a calculator for one head, from queries, keys and values to the mixed output.
import { fillIn, html } from "./elements.js";
import { percent, softmax } from "./softmax.js";

const dot = (a, b) => a.reduce((total, value, i) => total + value * b[i], 0);

/** All stages of one head: raw scores, scaled, masked (-Infinity where hidden), shares and output. */
export function attend(Q, K, V, causal) {
  const root = Math.sqrt(K[0].length);
  const raw = Q.map((q) => K.map((k) => dot(q, k)));
  const scaled = raw.map((row) => row.map((score) => score / root));
  const masked = scaled.map((row, i) => row.map((score, j) => (causal && j > i ? -Infinity : score)));
  const shares = masked.map((row) => softmax(row));
  const output = shares.map((row) => V[0].map((_, c) => row.reduce((total, share, j) => total + share * V[j][c], 0)));
  return { raw, scaled, masked, shares, output };
}

/** Which numbers differ from the start, as [matrix, row, column]. */
export function changes(now, start) {
  return ["Q", "K", "V"].flatMap((name) => now[name].flatMap((row, i) =>
    row.flatMap((value, c) => (value === start[name][i][c] ? [] : [[name, i, c]]))));
}

/** Goal: only one number of the last query was changed, and its share for the target is large enough. */
export function goalReached(now, start, { target, goal }) {
  const last = start.Q.length - 1, changed = changes(now, start);
  if (changed.length !== 1 || changed[0][0] !== "Q" || changed[0][1] !== last) return false;
  return attend(now.Q, now.K, now.V, true).shares[last][target] >= goal;
}

/** A typed number: null unless it is finite and within -limit to limit. */
export function parse(text, limit) {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) && Math.abs(value) <= limit ? value : null;
}

/** "−0.707", "2", "−∞": at most `digits` decimals, a real minus sign, whole numbers as they are. */
export function show(value, digits) {
  if (value === -Infinity) return "−∞";
  const text = Number.isInteger(value) ? String(value) : value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** "2.5", "−1": a typed number or a sum of their products, without trailing zeros. */
export const plain = (value) => String(Number(value.toFixed(2))).replace("-", "−");

const copy = (data) => ({ Q: data.Q.map((r) => [...r]), K: data.K.map((r) => [...r]), V: data.V.map((r) => [...r]) });
const step = (share) => Math.min(5, Math.floor(share * 6)); // six steps of the heat ramp
const signed = (value) => (value < 0 ? `(${plain(value)})` : plain(value));
let counter = 0;
const LATER_STAGES = ["scaled", "masked", "shares"];

/** A table with the tokens down the side; the cells are filled by `cell(i, j)`. */
function grid(title, hint, side, top, cell) {
  const head = html("tr", {}, html("td"), ...top.map((name) => html("th", { scope: "col" }, name)));
  const rows = side.map((name, i) => html("tr", {}, html("th", { scope: "row" }, name), ...top.map((_, j) => cell(i, j))));
  return html("table", { class: "calc-grid" }, html("caption", {}, title, " ", html("small", {}, hint)), html("thead", {}, head), html("tbody", {}, ...rows));
}

export function mount(root, { data, onGoal }) {
  const { labels, tokens, limit, target } = data;
  const last = tokens.length - 1, width = data.K[0].length;
  let now = copy(data), pair = [last, target], reached = false;

  const inputs = [], cells = {}, pairs = [];
  const note = html("p", { class: "small bad", id: `calc-note-${(counter += 1)}` });
  const progress = html("p", { class: "num small" });
  const sum = html("p", { class: "calc-sum num", role: "status" });

  function numbers(name, title) {
    const places = data[name][0].map((_, c) => String(c + 1));
    return grid(title, "", tokens, places, (i, c) => {
      const label = fillIn(labels.entry, { matrix: title, token: tokens[i], i: c + 1 });
      const input = html("input", {
        class: "input input-num", type: "number", step: 0.5, min: -limit, max: limit, "aria-label": label,
        "aria-describedby": note.id,
      });
      input.addEventListener("input", () => { read(input, name, i, c); update(); });
      inputs.push({ input, name, i, c });
      return html("td", {}, input);
    });
  }

  function read(input, name, i, c) {
    const value = parse(input.value, limit);
    input.setAttribute("aria-invalid", String(value === null));
    if (value !== null) now[name][i][c] = value;
  }

  function pairButton(i, j) {
    const button = html("button", { type: "button", class: "calc-pair num" });
    button.addEventListener("click", () => { pair = [i, j]; update(); });
    pairs.push({ button, i, j });
    return html("td", {}, button);
  }

  function stage(name, title, top = tokens, hint = "") {
    cells[name] = [];
    return grid(title, hint, tokens, top, (i, j) => {
      if (name === "raw") return pairButton(i, j);
      const cell = html("td", { class: "num" });
      cells[name].push({ cell, i, j });
      return cell;
    });
  }

  function explain(result) {
    const [i, j] = pair, terms = now.Q[i].map((q, c) => `${signed(q)} · ${signed(now.K[j][c])}`).join(" + ");
    const hidden = result.masked[i][j] === -Infinity;
    sum.textContent = fillIn(hidden ? labels.hidden : labels.sum, {
      query: tokens[i], key: tokens[j], terms, d: width, raw: plain(result.raw[i][j]),
      scaled: show(result.scaled[i][j], 3), share: show(result.shares[i][j], 3),
    });
  }

  function report(result) {
    const changed = changes(now, data), share = result.shares[last][target];
    const foul = changed.length > 1 || changed.some(([name, i]) => name !== "Q" || i !== last);
    const invalid = inputs.some(({ input }) => input.getAttribute("aria-invalid") === "true");
    progress.textContent = fillIn(labels.progress, {
      query: tokens[last], key: tokens[target], share: percent(share), n: changed.length,
    });
    note.textContent = invalid ? fillIn(labels.range, { low: plain(-limit), high: limit })
      : foul && share >= data.goal ? fillIn(labels.only, { query: tokens[last] }) : "";
    if (!reached && !invalid && goalReached(now, data, data)) {
      reached = true;
      onGoal(percent(share));
    }
  }

  function update() {
    const result = attend(now.Q, now.K, now.V, mask.checked);
    for (const { button, i, j } of pairs) {
      button.textContent = plain(result.raw[i][j]);
      button.setAttribute("aria-pressed", String(i === pair[0] && j === pair[1]));
      const label = fillIn(labels.pair, { query: tokens[i], key: tokens[j] });
      button.setAttribute("aria-label", `${button.textContent}. ${label}`);
    }
    for (const [name, list] of Object.entries(cells)) {
      for (const { cell, i, j } of list) {
        const value = result[name][i][j];
        cell.textContent = name === "shares" ? value.toFixed(3) : show(value, 3);
        cell.classList.toggle("faint", name === "masked" && value === -Infinity);
        cell.classList.toggle("is-pair", name !== "output" && i === pair[0] && j === pair[1]);
        if (name === "shares") cell.dataset.h = step(value);
      }
    }
    explain(result);
    report(result);
  }

  function reset() {
    now = copy(data);
    for (const { input, name, i, c } of inputs) {
      input.value = data[name][i][c];
      input.removeAttribute("aria-invalid");
    }
    update();
  }

  const mask = html("input", { type: "checkbox" });
  mask.checked = true;
  mask.addEventListener("change", update);
  const again = html("button", { type: "button", class: "btn btn-small" }, labels.reset);
  again.addEventListener("click", reset);

  const titles = { ...labels, scaled: fillIn(labels.scaled, { d: width }) };
  const places = data.V[0].map((_, c) => String(c + 1));
  root.append(
    html("div", { class: "calc-tables calc-inputs" },
      numbers("Q", labels.query), numbers("K", labels.key), numbers("V", labels.value)),
    html("div", { class: "row spread" }, html("label", { class: "check" }, mask, labels.mask), progress, again),
    note,
    html("div", { class: "calc-tables" }, stage("raw", labels.raw, tokens, labels.looks),
      ...LATER_STAGES.map((name) => stage(name, titles[name])), stage("output", labels.output, places)),
    sum,
  );
  reset();
}

// What the probability of each true token does to mean loss, bits per byte and perplexity.
// Mounted by the chapter reader for ```widget name: loss-reader```; every word comes from `data`.

import { html, svg } from "./elements.js";

const FULL_BAR_NATS = 5; // -ln 0.01 = 4.6 is the longest bar the sliders allow
let mounted = 0;

// Nats for one token: minus the natural logarithm of the probability of the token that came.
export function nats(probability) {
  return -Math.log(probability);
}

export function summary(probabilities, bytes) {
  const total = probabilities.reduce((sum, p) => sum + nats(p), 0);
  const mean = total / probabilities.length;
  return { total, mean, perplexity: Math.exp(mean), bitsPerByte: total / (Math.LN2 * bytes) };
}

function buildRow(table, token, probability, labels) {
  mounted += 1;
  const id = `loss-reader-${mounted}`;
  const value = Math.round(probability * 100);
  const input = html("input", { class: "range", type: "range", id, min: 1, max: 99, step: 1, value });
  const share = html("output", { class: "num r", for: id });
  const bar = svg("rect", { class: "s1 fill", height: 14 });
  const loss = html("span", { class: "num r" });
  table.append(
    html("label", { for: id }, html("code", {}, token), html("span", { class: "sr" }, labels.probability)),
    input,
    share,
    svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" }, bar),
    loss,
  );
  return { input, share, bar, loss };
}

function buildHead(table, labels) {
  const texts = [labels.token, labels.probability, "", labels.nats, ""];
  table.append(...texts.map((text) => html("span", { class: "loss-head", "aria-hidden": "true" }, text)));
}

function buildFigures(root, labels) {
  const values = ["mean", "bitsPerByte", "perplexity"].map((key) => [key, html("dd", { class: "num" })]);
  const pairs = values.map(([key, value]) => html("div", {}, html("dt", {}, labels[key]), value));
  root.append(html("dl", { class: "figs widget-figs" }, ...pairs));
  return values;
}

export function mount(root, { data, onGoal }) {
  const { labels, tokens, start, bytes, target } = data;
  const table = html("div", { class: "loss-rows" });
  root.append(table);
  buildHead(table, labels);
  const rows = tokens.map((token, index) => buildRow(table, token, start[index], labels));
  const figures = buildFigures(root, labels);
  let achieved = false;

  function update() {
    const probabilities = rows.map((row) => row.input.valueAsNumber / 100);
    rows.forEach((row, index) => {
      const loss = nats(probabilities[index]);
      row.share.textContent = probabilities[index].toFixed(2);
      row.loss.textContent = loss.toFixed(4);
      row.bar.setAttribute("width", Math.max(0.4, (loss / FULL_BAR_NATS) * 100).toFixed(2));
      row.input.setAttribute("aria-valuetext", probabilities[index].toFixed(2));
    });
    const result = summary(probabilities, bytes);
    for (const [key, cell] of figures) cell.textContent = result[key].toFixed(key === "perplexity" ? 3 : 4);
    if (achieved || Number(result.perplexity.toFixed(3)) > target) return; // judged as shown
    achieved = true;
    onGoal(result.perplexity.toFixed(3));
  }

  for (const { input } of rows) input.addEventListener("input", update);
  update();
}

// What the probability of each true token does to mean loss, bits per byte and perplexity.
// Mounted by the chapter reader for ```widget name: loss-reader```; every word comes from `data`.

const SVG = "http://www.w3.org/2000/svg";
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

function node(parent, tag, attributes = {}, text = "") {
  const svg = parent.namespaceURI === SVG || tag === "svg";
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return parent.appendChild(element);
}

function buildRow(table, token, probability, labels) {
  mounted += 1;
  const id = `loss-reader-${mounted}`;
  const label = node(table, "label", { for: id });
  node(label, "code", {}, token);
  node(label, "span", { class: "sr" }, labels.probability);
  const attributes = { class: "range", type: "range", id, min: 1, max: 99, step: 1, value: Math.round(probability * 100) };
  const input = node(table, "input", attributes);
  const share = node(table, "output", { class: "num r", for: id });
  const svg = node(table, "svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" });
  const bar = node(svg, "rect", { class: "s1 fill", height: 14 });
  const loss = node(table, "span", { class: "num r" });
  return { input, share, bar, loss };
}

function buildHead(table, labels) {
  for (const text of [labels.token, labels.probability, "", labels.nats, ""]) {
    node(table, "span", { class: "loss-head", "aria-hidden": "true" }, text);
  }
}

function buildFigures(root, labels) {
  const list = node(root, "dl", { class: "figs" });
  return ["mean", "bitsPerByte", "perplexity"].map((key) => {
    const pair = node(list, "div");
    node(pair, "dt", {}, labels[key]);
    return [key, node(pair, "dd", { class: "num" })];
  });
}

export function mount(root, { data, onGoal }) {
  const { labels, tokens, start, bytes, target } = data;
  const table = node(root, "div", { class: "loss-rows" });
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
    if (achieved || result.perplexity > target) return;
    achieved = true;
    onGoal(result.perplexity.toFixed(3));
  }

  for (const { input } of rows) input.addEventListener("input", update);
  update();
}

// Gradient descent with momentum in a two-weight valley, f(x, y) = (x^2 + k y^2) / 2.
// Mounted by the chapter reader for ```widget name: descent```; every word comes from `data`.

const SVG = "http://www.w3.org/2000/svg";
const HALF_WIDTH = 10;
const HALF_HEIGHT = 4;
const UNIT = 23; // pixels of the viewBox for one unit of x or y
const RINGS = [1, 2, 4, 6, 8, 10, 12]; // where the contour lines cross the x axis
const MAX_STEPS = 100;
const FRAME_MS = 90;
const CURVE = { width: 460, height: 110, left: 40, right: 8, top: 8, bottom: 20 };
let mounted = 0;

export function lossAt(steepness, { x, y }) {
  return 0.5 * (x * x + steepness * y * y);
}

export function begin({ steepness, start }) {
  const state = { x: start[0], y: start[1], vx: 0, vy: 0 };
  return { ...state, loss: lossAt(steepness, state) };
}

// One step: v <- momentum v + gradient; position <- position - rate v.
export function advance(state, { steepness, rate, momentum }) {
  const vx = momentum * state.vx + state.x;
  const vy = momentum * state.vy + steepness * state.y;
  const next = { x: state.x - rate * vx, y: state.y - rate * vy, vx, vy };
  return { ...next, loss: lossAt(steepness, next) };
}

// The rate above which this valley sends the walk away (heavy ball on a quadratic).
export function rateLimit(steepness, momentum) {
  return (2 * (1 + momentum)) / steepness;
}

// The slider moves in powers of ten; what is shown is what runs, so the rate has two significant digits.
export function rateFromSlider(exponent) {
  return Number((10 ** exponent).toPrecision(2));
}

export function outcome(path, { target, blowUp }) {
  const last = path[path.length - 1].loss;
  if (last < target) return "reached";
  if (!(last < blowUp * path[0].loss)) return "diverged";
  return path.length - 1 >= MAX_STEPS ? "unfinished" : "walking";
}

export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

export function formatLoss(loss) {
  if (!Number.isFinite(loss)) return "∞";
  if (loss >= 1e6) return loss.toExponential(1);
  return loss.toFixed(loss >= 100 ? 0 : loss >= 1 ? 2 : 4);
}

function node(parent, tag, attributes = {}, text = "") {
  const svg = parent.namespaceURI === SVG || tag === "svg";
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return parent.appendChild(element);
}

const clamp = (value, limit) => Math.max(-limit, Math.min(limit, value));
const mapX = (x) => ((clamp(x, 50) + HALF_WIDTH) * UNIT).toFixed(1);
const mapY = (y) => ((HALF_HEIGHT - clamp(y, 50)) * UNIT).toFixed(1);

function buildMap(parent) {
  const width = 2 * HALF_WIDTH * UNIT;
  const height = 2 * HALF_HEIGHT * UNIT;
  return node(parent, "svg", { class: "descent-map", viewBox: `0 0 ${width} ${height}`, role: "img" });
}

function drawValley(svg, { steepness, start, labels }) {
  for (const ring of RINGS) {
    const size = { rx: ring * UNIT, ry: (ring * UNIT) / Math.sqrt(steepness) };
    node(svg, "ellipse", { class: "descent-ring", cx: mapX(0), cy: mapY(0), ...size });
  }
  node(svg, "path", { class: "descent-minimum", d: `M${mapX(-0.3)} ${mapY(0)}H${mapX(0.3)}M${mapX(0)} ${mapY(0.3)}V${mapY(-0.3)}` });
  node(svg, "text", { x: mapX(start[0]), y: mapY(start[1] + 0.5), "text-anchor": "middle" }, labels.start);
  return {
    path: node(svg, "polyline", { class: "ln s1" }),
    knots: node(svg, "g", { class: "s1" }),
    here: node(svg, "circle", { class: "descent-here s1", r: 6 }),
  };
}

function drawWalk(layer, path) {
  layer.path.setAttribute("points", path.map((p) => `${mapX(p.x)},${mapY(p.y)}`).join(" "));
  layer.knots.replaceChildren();
  for (const p of path.slice(0, -1)) node(layer.knots, "circle", { class: "fill", cx: mapX(p.x), cy: mapY(p.y), r: 2.2 });
  const last = path[path.length - 1];
  layer.here.setAttribute("cx", mapX(last.x));
  layer.here.setAttribute("cy", mapY(last.y));
}

// Loss against step on a logarithmic scale, 1,000 at the top and 0.001 at the bottom.
function curvePoint(step, loss, shown) {
  const { width, height, left, right, top, bottom } = CURVE;
  const share = (3 - Math.log10(Math.min(1e4, Math.max(loss, 1e-4)))) / 6;
  return [left + (step / shown) * (width - left - right), top + share * (height - top - bottom)];
}

function drawCurve(svg, path, { target, budget, labels }) {
  svg.replaceChildren();
  const shown = Math.max(budget + 5, path.length - 1);
  const { width, height, right, left } = CURVE;
  for (const [loss, name] of [[100, "100"], [1, "1"], [target, String(target)]]) {
    const [, y] = curvePoint(0, loss, shown);
    node(svg, "line", { class: loss === target ? "descent-target" : "gridline", x1: left, x2: width - right, y1: y, y2: y });
    node(svg, "text", { x: left - 6, y: y + 4, "text-anchor": "end" }, name);
  }
  const [limit] = curvePoint(budget, 1, shown);
  node(svg, "line", { class: "descent-target", x1: limit, x2: limit, y1: CURVE.top, y2: height - CURVE.bottom });
  node(svg, "text", { x: limit, y: height - 5, "text-anchor": "middle" }, fill(labels.budgetTick, { budget }));
  node(svg, "text", { x: left, y: height - 5 }, labels.curveTitle);
  const points = path.map((p, step) => curvePoint(step, p.loss, shown).map((n) => n.toFixed(1)).join(","));
  node(svg, "polyline", { class: "ln s1", points: points.join(" ") });
}

function knob(parent, { id, label, min, max, step, value, ticks }) {
  const wrap = node(parent, "div", { class: "knob-wide" });
  const head = node(wrap, "label", { for: id });
  node(head, "span", {}, label);
  const output = node(head, "output", { for: id });
  const input = node(wrap, "input", { class: "range", type: "range", id, min, max, step, value });
  const scale = node(wrap, "div", { class: "ticks", "aria-hidden": "true" });
  for (const tick of ticks) node(scale, "span", {}, tick);
  return { input, output };
}

function buildControls(root, labels) {
  mounted += 1;
  const box = node(root, "div", { class: "recipe descent-knobs" });
  const rate = knob(box, { id: `descent-rate-${mounted}`, label: labels.rate, min: -2.5, max: -0.5, step: 0.02, value: -2,
    ticks: ["0.003", "0.01", "0.03", "0.1", "0.3"] });
  const momentum = knob(box, { id: `descent-momentum-${mounted}`, label: labels.momentum, min: 0, max: 0.95, step: 0.05, value: 0,
    ticks: ["0", "0.5", "0.95"] });
  const row = node(root, "div", { class: "row descent-buttons" });
  const button = (text, kind) => node(row, "button", { type: "button", class: `btn btn-small ${kind}`.trim() }, text);
  return { rate, momentum, run: button(labels.run, ""), step: button(labels.step, ""), reset: button(labels.reset, "btn-quiet") };
}

function buildFigures(root, labels) {
  const list = node(root, "dl", { class: "figs descent-figs" });
  const figure = (name) => {
    const pair = node(list, "div");
    node(pair, "dt", {}, name);
    return node(pair, "dd", { class: "num" });
  };
  return { steps: figure(labels.steps), loss: figure(labels.loss), x: figure(labels.x), y: figure(labels.y) };
}

function verdict(path, kind, setting, data) {
  const steps = path.length - 1;
  const key = kind === "reached" && steps > data.budget ? "late" : kind;
  const limit = Number(rateLimit(data.steepness, setting.momentum).toPrecision(3));
  const loss = formatLoss(path[steps].loss);
  return fill(data.labels[key], { steps, loss, limit, budget: data.budget, rate: setting.rate, momentum: setting.momentum });
}

export function mount(root, { data, onGoal }) {
  const { labels } = data;
  const map = buildMap(root);
  const layer = drawValley(map, data);
  const curve = node(root, "svg", { class: "descent-curve", viewBox: `0 0 ${CURVE.width} ${CURVE.height}`, "aria-hidden": "true" });
  const figures = buildFigures(root, labels);
  const controls = buildControls(root, labels);
  const status = node(root, "p", { class: "descent-status", role: "status" });
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let path = [begin(data)];
  let timer = 0;
  let achieved = false;

  const setting = () => ({
    steepness: data.steepness, rate: rateFromSlider(controls.rate.input.valueAsNumber), momentum: controls.momentum.input.valueAsNumber });

  function show() {
    const last = path[path.length - 1];
    const shown = { steps: String(path.length - 1), loss: formatLoss(last.loss) };
    drawWalk(layer, path);
    drawCurve(curve, path, data);
    figures.steps.textContent = shown.steps;
    figures.loss.textContent = shown.loss;
    figures.x.textContent = last.x.toFixed(2).replace("-", "−");
    figures.y.textContent = last.y.toFixed(2).replace("-", "−");
    map.setAttribute("aria-label", fill(labels.alt, { ...shown, x: figures.x.textContent, y: figures.y.textContent }));
    controls.step.disabled = controls.run.disabled = outcome(path, data) !== "walking";
  }

  function showSetting() {
    const { rate, momentum } = setting();
    controls.rate.output.textContent = String(rate);
    controls.momentum.output.textContent = momentum.toFixed(2);
    controls.rate.input.setAttribute("aria-valuetext", String(rate));
  }

  function restart() {
    clearTimeout(timer);
    path = [begin(data)];
    status.textContent = "";
    showSetting();
    show();
  }

  function end(kind) {
    const used = setting();
    status.textContent = verdict(path, kind, used, data);
    if (achieved || kind !== "reached" || path.length - 1 > data.budget) return;
    achieved = true;
    onGoal(fill(labels.evidence, { steps: path.length - 1, rate: used.rate, momentum: used.momentum }));
  }

  function step() {
    clearTimeout(timer);
    path.push(advance(path[path.length - 1], setting()));
    const kind = outcome(path, data);
    show();
    if (kind !== "walking") end(kind);
    return kind;
  }

  function run() {
    if (step() !== "walking") return;
    if (calm.matches) run();
    else timer = setTimeout(run, FRAME_MS);
  }

  // A button that disables itself drops the focus; hand it to the one that is left.
  function keepFocus(button) {
    if (button.disabled) controls.reset.focus();
  }

  controls.step.addEventListener("click", () => { step(); keepFocus(controls.step); });
  controls.run.addEventListener("click", () => { clearTimeout(timer); run(); });
  controls.reset.addEventListener("click", restart);
  for (const { input } of [controls.rate, controls.momentum]) input.addEventListener("input", restart);
  restart();
}

// Gradient descent with momentum in a two-weight valley, f(x, y) = (x^2 + k y^2) / 2.
// Mounted by the chapter reader for ```widget name: descent```; every word comes from `data`.

import { fillIn, html, svg } from "./elements.js";

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

export function formatLoss(loss) {
  if (!Number.isFinite(loss)) return "∞";
  if (loss >= 1e6) return loss.toExponential(1);
  return loss.toFixed(loss >= 100 ? 0 : loss >= 1 ? 2 : 4);
}

const add = (parent, child) => parent.appendChild(child);
const clamp = (value, limit) => Math.max(-limit, Math.min(limit, value));
const mapX = (x) => ((clamp(x, 50) + HALF_WIDTH) * UNIT).toFixed(1);
const mapY = (y) => ((HALF_HEIGHT - clamp(y, 50)) * UNIT).toFixed(1);

function buildMap() {
  const viewBox = `0 0 ${2 * HALF_WIDTH * UNIT} ${2 * HALF_HEIGHT * UNIT}`;
  return svg("svg", { class: "descent-map", viewBox, role: "img" });
}

function drawValley(map, { steepness, start, labels }) {
  for (const ring of RINGS) {
    const size = { rx: ring * UNIT, ry: (ring * UNIT) / Math.sqrt(steepness) };
    map.append(svg("ellipse", { class: "descent-ring", cx: mapX(0), cy: mapY(0), ...size }));
  }
  const cross = `M${mapX(-0.3)} ${mapY(0)}H${mapX(0.3)}M${mapX(0)} ${mapY(0.3)}V${mapY(-0.3)}`;
  map.append(svg("path", { class: "descent-minimum", d: cross }));
  map.append(svg("text", { x: mapX(start[0]), y: mapY(start[1] + 0.5), "text-anchor": "middle" }, labels.start));
  return {
    path: add(map, svg("polyline", { class: "ln s1" })),
    knots: add(map, svg("g", { class: "s1" })),
    here: add(map, svg("circle", { class: "descent-here s1", r: 6 })),
  };
}

function drawWalk(layer, path) {
  const last = path[path.length - 1];
  const knot = (p) => svg("circle", { class: "fill", cx: mapX(p.x), cy: mapY(p.y), r: 2.2 });
  layer.path.setAttribute("points", path.map((p) => `${mapX(p.x)},${mapY(p.y)}`).join(" "));
  layer.knots.replaceChildren(...path.slice(0, -1).map(knot));
  layer.here.setAttribute("cx", mapX(last.x));
  layer.here.setAttribute("cy", mapY(last.y));
}

// Loss against step on a logarithmic scale, 1,000 at the top and 0.001 at the bottom.
function curvePoint(step, loss, shown) {
  const { width, height, left, right, top, bottom } = CURVE;
  const share = (3 - Math.log10(Math.min(1e4, Math.max(loss, 1e-4)))) / 6;
  return [left + (step / shown) * (width - left - right), top + share * (height - top - bottom)];
}

function drawCurve(curve, path, { target, budget, labels }) {
  const { width, height, left, right, top, bottom } = CURVE;
  const shown = Math.max(budget + 5, path.length - 1);
  const parts = [];
  for (const loss of [100, 1, target]) {
    const [, y] = curvePoint(0, loss, shown);
    const line = loss === target ? "descent-target" : "gridline";
    parts.push(svg("line", { class: line, x1: left, x2: width - right, y1: y, y2: y }));
    parts.push(svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, String(loss)));
  }
  const [limit] = curvePoint(budget, 1, shown);
  const points = path.map((p, step) => curvePoint(step, p.loss, shown).map((n) => n.toFixed(1)).join(","));
  const budgetText = fillIn(labels.budgetTick, { budget });
  curve.replaceChildren(
    ...parts,
    svg("line", { class: "descent-target", x1: limit, x2: limit, y1: top, y2: height - bottom }),
    svg("text", { x: limit, y: height - 5, "text-anchor": "middle" }, budgetText),
    svg("text", { x: left, y: height - 5 }, labels.curveTitle),
    svg("polyline", { class: "ln s1", points: points.join(" ") }),
  );
}

function knob(parent, { id, label, min, max, step, value, ticks }) {
  const output = html("output", { for: id });
  const input = html("input", { class: "range", type: "range", id, min, max, step, value });
  const scale = html("div", { class: "ticks", "aria-hidden": "true" }, ...ticks.map((tick) => html("span", {}, tick)));
  const head = html("label", { for: id }, html("span", {}, label), output);
  parent.append(html("div", { class: "knob-wide" }, head, input, scale));
  return { input, output };
}

function buildControls(root, labels) {
  mounted += 1;
  const box = add(root, html("div", { class: "recipe descent-knobs" }));
  const rate = knob(box, {
    id: `descent-rate-${mounted}`, label: labels.rate,
    min: -2.5, max: -0.5, step: 0.02, value: -2, ticks: ["0.003", "0.01", "0.03", "0.1", "0.3"],
  });
  const momentum = knob(box, {
    id: `descent-momentum-${mounted}`, label: labels.momentum,
    min: 0, max: 0.95, step: 0.05, value: 0, ticks: ["0", "0.5", "0.95"],
  });
  const row = add(root, html("div", { class: "row descent-buttons" }));
  const button = (text, kind = "") => add(row, html("button", { type: "button", class: `btn btn-small ${kind}`.trim() }, text));
  return { rate, momentum, run: button(labels.run), step: button(labels.step), reset: button(labels.reset, "btn-quiet") };
}

function buildFigures(root, labels) {
  const list = add(root, html("dl", { class: "figs widget-figs" }));
  const figure = (name) => {
    const value = html("dd", { class: "num" });
    list.append(html("div", {}, html("dt", {}, name), value));
    return value;
  };
  return { steps: figure(labels.steps), loss: figure(labels.loss), x: figure(labels.x), y: figure(labels.y) };
}

function verdict(path, kind, setting, data) {
  const steps = path.length - 1;
  const key = kind === "reached" && steps > data.budget ? "late" : kind;
  const limit = Number(rateLimit(data.steepness, setting.momentum).toPrecision(3));
  const loss = formatLoss(path[steps].loss);
  return fillIn(data.labels[key], { steps, loss, limit, budget: data.budget, rate: setting.rate, momentum: setting.momentum });
}

export function mount(root, { data, onGoal }) {
  const { labels } = data;
  const map = add(root, buildMap());
  const layer = drawValley(map, data);
  const viewBox = `0 0 ${CURVE.width} ${CURVE.height}`;
  const curve = add(root, svg("svg", { class: "descent-curve", viewBox, "aria-hidden": "true" }));
  const figures = buildFigures(root, labels);
  const controls = buildControls(root, labels);
  const status = add(root, html("p", { class: "descent-status", role: "status" }));
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let path = [begin(data)];
  let timer = 0;
  let achieved = false;

  const setting = () => ({
    steepness: data.steepness,
    rate: rateFromSlider(controls.rate.input.valueAsNumber),
    momentum: controls.momentum.input.valueAsNumber,
  });

  // A button that gets disabled drops the focus: it goes to the one that is left.
  function allowSteps(allowed) {
    const buttons = [controls.run, controls.step];
    if (!allowed && buttons.includes(document.activeElement)) controls.reset.focus();
    for (const button of buttons) button.disabled = !allowed;
  }

  function show() {
    const last = path[path.length - 1];
    const shown = { steps: String(path.length - 1), loss: formatLoss(last.loss) };
    drawWalk(layer, path);
    drawCurve(curve, path, data);
    figures.steps.textContent = shown.steps;
    figures.loss.textContent = shown.loss;
    figures.x.textContent = last.x.toFixed(2).replace("-", "−");
    figures.y.textContent = last.y.toFixed(2).replace("-", "−");
    map.setAttribute("aria-label", fillIn(labels.alt, { ...shown, x: figures.x.textContent, y: figures.y.textContent }));
    allowSteps(outcome(path, data) === "walking");
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
    onGoal(fillIn(labels.evidence, { steps: path.length - 1, rate: used.rate, momentum: used.momentum }));
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

  controls.step.addEventListener("click", step);
  controls.run.addEventListener("click", run);
  controls.reset.addEventListener("click", restart);
  for (const { input } of [controls.rate, controls.momentum]) input.addEventListener("input", restart);
  restart();
}

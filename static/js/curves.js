// Several curves in one frame, on canvas: `drawCurves(element, series, options)`. Twenty of 10,000 points stay fluent.
//
// A series is {id, label, ink, points, knots?, dash?, width?, alpha?, hidden?}: `points` has the columns step, tokens,
// seconds and loss; `ink` is a class that has a colour ("s1"); `knots` rings every point. options:
//   axis "step" | "tokens" | "seconds", log, zoom [low, high] | null, steps (where x ends; else the longest series),
//   bands [{ink, points, low, high}], words {axis_step, axis_tokens, axis_seconds}, onCursor(x, step), onZoom(range),
//   onFrame({start}): the highest first loss where it lies above the frame, else null.
// The answer has update(series, options), show(step), setZoom(range) and destroy(). Changed arrays need an update.
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { NARROW, axes, measures, scales } from "./chart-axes.js";
import { hearCursor, joinTouch, pinched, stride, tellCursor, zoomKey, zoomedAt } from "./chart-hand.js";
import { transform, traceBand, traceLine, write } from "./chart-trace.js";
import { lowerBound, thin } from "./curve.js";
import { frame } from "./scale.js";
import { decimals, short, thousands } from "./words.js";

const MOST = 20;
const INKS = { axis: "axis", grid: "grid", ground: "ground", band: "band" };

export const drawCurves = (element, series, options = {}) => new Curves(element, series, options);

/** Lowest and highest of the rows that lie in a zoom; nothing when none does. */
function extent(xs, ys, rows, [low, high]) {
  let least = Infinity, most = -Infinity;
  for (const row of rows) {
    if (xs[row] < low || xs[row] > high) continue;
    if (ys[row] < least) least = ys[row];
    if (ys[row] > most) most = ys[row];
  }
  return least > most ? [] : [least, most];
}

class Curves {
  constructor(element, series, options) {
    this.element = element;
    this.options = { axis: "step", log: false, zoom: null, bands: [], words: {}, ...options };
    this.stop = new AbortController();
    this.inksHere = element.appendChild(document.createElement("span"));
    Object.assign(this.inksHere, { className: "chart-inks", hidden: true });
    this.probe = this.inksHere.appendChild(document.createElement("i"));
    this.tip = element.appendChild(document.createElement("div"));
    Object.assign(this.tip, { className: "tip", hidden: true });
    this.take(series);
    this.listen();
    this.rebuild();
  }

  /** Take new series, options or both; draws at once. */
  update(series, options = {}) {
    const axis = options.axis ?? this.options.axis, log = options.log ?? this.options.log;
    if ((axis !== this.options.axis || log !== this.options.log) && !("zoom" in options)) options = { ...options, zoom: null };
    Object.assign(this.options, options);
    if (series) this.take(series);
    this.rebuild();
  }

  destroy() {
    this.stop.abort();
    this.sizes.disconnect();
    this.themes.disconnect();
    this.u.destroy();
    this.inksHere.remove();
    this.tip.remove();
  }

  take(series) {
    this.series = series.filter((one) => !one.hidden && one.points.step.length).slice(0, MOST);
  }

  listen() {
    const { signal } = this.stop, { element } = this, again = () => this.rebuild();
    this.sizes = new ResizeObserver(() => this.width !== this.u.width && again());
    this.sizes.observe(element);
    this.themes = new MutationObserver(again);
    this.themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again, { signal });
    element.addEventListener("keydown", (event) => this.key(event), { signal });
    element.addEventListener("pointerleave", () => this.leave(), { signal });
    element.addEventListener("blur", () => this.leave(), { signal });
    hearCursor(this, (step) => !signal.aborted && this.point(step));
  }

  get width() {
    return Math.max(240, this.element.clientWidth);
  }

  get whole() {
    const { axis, log, steps } = this.options;
    const ends = this.series.map(({ points }) => points[axis].at(-1)), starts = this.series.map(({ points }) => points[axis][0]);
    const low = log ? Math.max(1e-3, Math.min(...starts, Infinity) || 1) : 0;
    const high = Math.max(axis === "step" && steps ? steps : 0, ...ends, low * 1.01 + 1e-6);
    return [Number.isFinite(low) ? low : 1e-3, high];
  }

  get range() {
    return this.options.zoom ?? this.whole;
  }

  colour(name) {
    this.probe.className = name in INKS ? "" : name;
    this.probe.dataset.ink = name in INKS ? name : "";
    return getComputedStyle(this.probe).color;
  }

  /** Colours, size, axis or data have changed. */
  rebuild() {
    this.inks = Object.fromEntries(Object.keys(INKS).map((name) => [name, this.colour(name)]));
    for (const one of [...this.series, ...this.options.bands]) this.inks[one.ink] ??= this.colour(one.ink);
    this.u?.destroy();
    this.u = new uPlot(this.uplot(), [[0, 1], [null, null]], this.element);
    joinTouch(this.u.over, {
      move: (left) => this.u.setCursor({ left, top: 0 }),
      pinch: (before, after) => this.setZoom(pinched(this.range, this.whole, before, after, this.u.over.clientWidth, this.options.log)),
      zoomOut: () => this.setZoom(null),
      leave: () => {},
    });
    this.fit();
  }

  uplot() {
    const { axis, log, words } = this.options, narrow = this.width < NARROW;
    return {
      ...measures(this.width), legend: { show: false }, scales: scales(log),
      axes: axes({ inks: this.inks, label: words[`axis_${axis}`] ?? axis, log, narrow }),
      series: [{}, { points: { show: false } }],
      cursor: {
        y: false, drag: { x: true, y: false, setScale: false, dist: 6 }, points: { show: false },
        bind: { dblclick: () => () => this.setZoom(null) },
      },
      hooks: { draw: [() => this.draw()], setCursor: [() => this.moved()], setSelect: [(u) => this.selected(u)] },
    };
  }

  /** Rows to draw and both scales, for the range that is shown. */
  fit() {
    const { axis, log, zoom, bands } = this.options, [low, high] = this.range;
    this.rows = this.series.map(({ points }) => thin(points[axis], points.loss, [], { low, high, pixels: this.width, log }));
    let bottom = Infinity, top = -Infinity, start = null;
    this.series.forEach(({ points }, i) => {
      const losses = zoom ? extent(points[axis], points.loss, this.rows[i], zoom) : points.loss;
      const [least, most] = frame({ losses, steps: points.step.at(-1), log: log || Boolean(zoom) });
      [bottom, top] = [Math.min(bottom, least), Math.max(top, most)];
    });
    if (!zoom) for (const band of bands) bottom = Math.min(bottom, ...band.low);
    if (!zoom) for (const { points } of this.series) if (points.loss[0] > top) start = Math.max(start ?? 0, points.loss[0]);
    this.options.onFrame?.({ start });
    this.u.batch(() => {
      this.u.setScale("x", { min: low, max: high });
      this.u.setScale("y", { min: Number.isFinite(bottom) ? bottom : 0, max: Number.isFinite(top) ? top : 5 });
    });
  }

  draw() {
    const { u, options, inks } = this, { ctx, bbox } = u, ratio = devicePixelRatio, at = transform(u, options.log), labels = [];
    ctx.save(); // uPlot remembers what it set
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const band of options.bands) traceBand(ctx, at, band, band.points[options.axis], inks[band.ink]);
    this.series.forEach((one, i) => {
      const xs = one.points[options.axis], ys = one.points.loss, rows = this.rows[i] ?? [];
      traceLine(ctx, at, xs, ys, rows, { ...one, ink: inks[one.ink], ground: inks.ground, ratio });
      const last = rows.findLast((row) => xs[row] <= u.scales.x.max), y = at.y(ys[last]);
      if (last !== undefined && y >= bbox.top && y <= bbox.top + bbox.height) labels.push({ y, ink: inks[one.ink], text: one.label });
    });
    ctx.restore();
    if (this.width >= NARROW && labels.length <= 10) write(ctx, ratio, inks.ground, labels, bbox.left + bbox.width);
    ctx.restore();
  }

  setZoom(zoom) {
    this.options.zoom = zoom;
    this.fit();
    this.options.onZoom?.(zoom);
  }

  selected(u) {
    const { left, width } = u.select;
    if (width < 6) return;
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.setZoom([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
  }

  /** The row of each series nearest below the cursor, by [series, row]. */
  under(x) {
    const { axis } = this.options;
    return this.series.map((one) => [one, Math.max(0, lowerBound(one.points[axis], x * (1 + 1e-9)) - 1)]).filter(([one]) => one.points[axis][0] <= x * 1.001);
  }

  moved() {
    const { left } = this.u.cursor, x = left >= 0 ? this.u.posToVal(left, "x") : null;
    const found = x === null ? [] : this.under(x), step = found.length ? Math.max(...found.map(([one, row]) => one.points.step[row])) : null;
    this.x = x;
    if (!this.told) {
      this.options.onCursor?.(x, step);
      tellCursor(this, step);
    }
    this.showTip(found, x);
  }

  showTip(found, x) {
    this.tip.hidden = !found.length;
    if (!found.length) return;
    const { axis, words } = this.options, list = document.createElement("dl"), high = this.u.posToVal(this.u.cursor.top, "y");
    const add = (name, value, kind = "") => {
      const term = document.createElement("dt"), text = document.createElement("dd");
      [term.textContent, text.textContent, term.className] = [name, value, kind];
      list.append(term, text);
    };
    add(words[`axis_${axis}`] ?? axis, axis === "seconds" ? decimals(x, 1) : axis === "tokens" ? short(x) : thousands(x), "faint");
    const near = ([one, row]) => Math.abs(one.points.loss[row] - high);
    for (const [one, row] of found.sort((a, b) => near(a) - near(b))) add(one.label, decimals(one.points.loss[row]), one.ink);
    this.tip.replaceChildren(list);
    const left = this.u.over.offsetLeft + this.u.cursor.left, wide = this.tip.offsetWidth, flip = left + 14 + wide > this.width;
    this.tip.style.translate = `${Math.max(0, flip ? left - wide - 14 : left + 14)}px 18px`;
  }

  leave() {
    if (!this.element.matches(":hover")) this.u.setCursor({ left: -10, top: -10 });
  }

  /** Put the cursor at a step; null takes it away. Nobody is told. */
  show(step) {
    this.point(step);
  }

  point(step) {
    const { axis } = this.options, longest = this.series.toSorted((a, b) => b.points.step.length - a.points.step.length)[0];
    const row = step === null || !longest ? -1 : Math.min(lowerBound(longest.points.step, step), longest.points.step.length - 1);
    this.told = true;
    this.u.setCursor(row < 0 ? { left: -10, top: -10 } : { left: this.u.valToPos(longest.points[axis][row], "x"), top: 0 });
    this.told = false;
  }

  key(event) {
    const zoom = zoomKey(event), [low, high] = this.range, rows = this.rows.toSorted((a, b) => b.length - a.length)[0] ?? [];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" || zoom === "all") return this.options.zoom ? this.setZoom(null) : this.u.setCursor({ left: -10, top: -10 });
    if (zoom) return this.setZoom(zoomedAt([low, high], this.whole, this.x, zoom, this.options.log));
    const by = stride(event, rows.length - 1);
    if (by === undefined || !rows.length) return;
    event.preventDefault();
    const xs = this.series[this.rows.indexOf(rows)].points[this.options.axis], here = this.x === null || this.x === undefined ? rows.length - 1 : lowerBound(rows.map((row) => xs[row]), this.x * (1 - 1e-9));
    const row = rows[Math.min(rows.length - 1, Math.max(0, here + by))];
    this.u.setCursor({ left: this.u.valToPos(xs[row], "x"), top: 0 });
  }
}

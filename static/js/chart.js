// The loss chart of a run, on canvas by uPlot: train (thin), held-out (ink, knots), baseline (dashed), prediction (ring).
//
// One cursor: `onCursor(step)` tells where it is, `show(step)` puts it there. A live chart holds still while somebody
// looks; `onHold` says how many points wait. Colours are the computed ones of the elements with data-ink.
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { NARROW, axes, measures, scales } from "./chart-axes.js";
import { hearCursor, joinTouch, pinched, stride, tellCursor, zoomKey, zoomedAt } from "./chart-hand.js";
import { besideLosses, drawBehind } from "./chart-behind.js";
import { drawMarks } from "./chart-marks.js";
import { lowerBound, pace, smooth, thin } from "./curve.js";
import { frame, lastX } from "./scale.js";
import { decimals, short, thousands } from "./words.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class LossChart {
  /** `root` holds #plot and #tip; `run` is {steps, state, ended, prediction}, which the page keeps up to date. */
  constructor(root, { curve, run, words, view, beside = {}, onCursor = () => {}, onHold = () => {}, onFrame = () => {} }) {
    Object.assign(this, { root, curve, run, words, view, beside, onCursor, onHold, onFrame });
    this.plot = root.querySelector("#plot");
    this.tip = root.querySelector("#tip");
    this.zoom = null;
    this.looking = false;
    this.drawn = 0;
    this.rows = [];
    this.listen();
    this.rebuild();
  }

  listen() {
    new ResizeObserver(() => this.width() !== this.u.width && this.rebuild()).observe(this.plot);
    const scheme = () => this.rebuild();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", scheme);
    new MutationObserver(scheme).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.plot.addEventListener("pointerenter", () => this.look(true));
    this.plot.addEventListener("pointerleave", () => this.look(false));
    this.plot.addEventListener("blur", () => this.leave());
    this.plot.addEventListener("keydown", (event) => this.key(event));
    hearCursor(this, (step) => this.follow(step));
  }

  /** The newest points; drawn at the next frame (once a second with reduced motion), or when nobody looks any more. */
  refresh() {
    if (this.looking) {
      this.onHold(this.curve.points.step.length - this.drawn);
      return;
    }
    if (this.waiting) return;
    this.waiting = true;
    const draw = () => {
      this.waiting = false;
      if (!this.looking) this.redraw();
    };
    if (still.matches) setTimeout(draw, 1000);
    else requestAnimationFrame(draw);
  }

  look(looking) {
    this.looking = looking;
    if (looking) return;
    this.onHold(0);
    this.hide();
    this.redraw();
  }

  leave() {
    if (!this.plot.matches(":hover")) this.look(false);
  }

  redraw() {
    this.u.setData(this.data(), false);
    this.fit();
  }

  /** Axis, logarithm, smoothing or colours have changed. */
  rebuild() {
    this.inks = {};
    for (const item of this.root.querySelectorAll("[data-ink]")) this.inks[item.dataset.ink] = getComputedStyle(item).color;
    this.u?.destroy();
    this.u = new uPlot(this.options(), this.data(), this.plot);
    joinTouch(this.u.over, {
      move: (left) => this.touched(left),
      pinch: (before, after) => this.setZoom(pinched(this.zoom ?? this.range(), this.range(), before, after, this.u.over.clientWidth, this.view.log)),
      zoomOut: () => this.setZoom(null),
      leave: () => setTimeout(() => this.look(false), 4000),
    });
    this.fit();
  }

  width() {
    return Math.max(240, this.plot.clientWidth);
  }

  get narrow() {
    return this.width() < NARROW;
  }

  /** Whether x spans all steps: while a run goes, when it is done, and when it came a good part of the way. */
  get whole() {
    return !this.run.ended || this.run.state === "finished" || this.curve.step > 0.3 * this.run.steps;
  }

  get xs() {
    return this.curve.points[this.view.axis];
  }

  range() {
    const { points, info } = this.curve, { steps } = this.run, { whole } = this;
    const high = lastX({
      values: this.xs, step: this.curve.step, steps, axis: this.view.axis, whole,
      tokensPerStep: info.started?.tokens_per_step, pace: pace(points),
    });
    const low = this.view.log ? Math.max(1e-3, this.xs[0] ?? 1) : 0;
    return [low, Math.max(high, low * 1.01 + 1e-6)];
  }

  /** Rows to draw, thinned to the pixels; `rows` maps them back to points. */
  data() {
    const { points, held } = this.curve, xs = this.xs, [low, high] = this.zoom ?? this.range();
    const atStep = new Map(held.step.map((step, i) => [step, held.loss[i]]));
    const keep = held.step.map((step) => lowerBound(points.step, step));
    this.rows = thin(xs, points.loss, keep, { low, high, pixels: this.width(), log: this.view.log });
    this.drawn = points.step.length;
    this.smoothed = this.view.smooth ? smooth(points.loss, this.view.smooth) : null;
    const pick = (values) => this.rows.map((row) => values[row]);
    return [
      pick(xs).map((x) => Math.max(x, this.view.log ? 1e-3 : 0)), pick(points.loss), this.smoothed ? pick(this.smoothed) : pick([]),
      this.rows.map((row) => atStep.get(points.step[row]) ?? null),
    ];
  }

  /** Set both scales: the whole run, or what was zoomed into. */
  fit() {
    const [low, high] = this.zoom ?? this.range(), { points, held, info } = this.curve, { steps, prediction, state } = this.run;
    const inside = (x) => x >= low && x <= high;
    const losses = this.zoom ? points.loss.filter((_, i) => inside(this.xs[i])) : points.loss;
    const others = this.zoom ? [] : [info.baseline?.loss ?? undefined, this.whole ? prediction : undefined, ...held.loss, ...besideLosses(this.beside, this.view.axis)];
    const options = { losses, others, steps, log: this.view.log || Boolean(this.zoom), diverged: state === "diverged" };
    this.yRange = frame(options);
    const start = points.loss[0];
    this.onFrame({ start: !this.zoom && start > this.yRange[1] ? start : null, zoomed: Boolean(this.zoom) });
    this.u.batch(() => {
      this.u.setScale("x", { min: low, max: high });
      this.u.setScale("y", { min: this.yRange[0], max: this.yRange[1] });
    });
  }

  options() {
    const { inks, narrow } = this, { axis, log } = this.view;
    return {
      ...measures(this.width()), scales: scales(log), axes: axes({ inks, label: this.words[`axis_${axis}`], log, narrow }),
      legend: { show: false },
      cursor: {
        y: false, drag: { x: true, y: false, setScale: false, dist: 6 },
        points: { size: 9, width: 2, fill: (u, i) => (i === 3 ? inks.held : inks.train), stroke: inks.ground },
        bind: { dblclick: () => () => this.setZoom(null) },
      },
      series: [
        {},
        { stroke: inks.train, width: this.view.smooth ? 1 : 1.15, alpha: this.view.smooth ? 0.28 : 1, points: { show: false } },
        { stroke: inks.train, width: 2, show: Boolean(this.view.smooth), points: { show: false } },
        { stroke: inks.held, width: 2, spanGaps: true, points: { show: true, size: 8, width: 1.75, stroke: inks.held, fill: inks.ground } },
      ],
      hooks: {
        drawClear: [(u) => drawBehind(u, this)],
        draw: [(u) => drawMarks(u, this)],
        setCursor: [(u) => this.moved(u)],
        setSelect: [(u) => this.selected(u)],
      },
    };
  }

  setZoom(range) {
    this.zoom = range;
    this.redraw();
  }

  selected(u) {
    const { left, width } = u.select;
    if (width < 6) return;
    this.setZoom([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  }

  moved(u) {
    const index = u.cursor.left >= 0 ? u.cursor.idx : null, row = index == null ? undefined : this.rows[index];
    this.at = row ?? null;
    const step = row === undefined ? null : this.curve.points.step[row];
    this.onCursor(step);
    if (!this.following) tellCursor(this, step);
    this.showTip(u, row);
  }

  /** Go where the cursor of another figure is. */
  follow(step) {
    this.following = true;
    this.show(step);
    this.following = false;
  }

  touched(left) {
    this.looking = true;
    this.u.setCursor({ left, top: 0 });
  }

  hide() {
    this.at = null;
    this.u.setCursor({ left: -10, top: -10 });
  }

  /** Put the cursor at `step` (from a sample's row); null takes it away. */
  show(step) {
    if (step === null) return this.hide();
    const row = lowerBound(this.curve.points.step, step);
    if (row < this.xs.length) this.u.setCursor({ left: this.u.valToPos(this.xs[row], "x"), top: 0 });
  }

  key(event) {
    if (event.key === "Escape") {
      if (this.zoom) this.setZoom(null);
      return this.look(false);
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zoom = zoomKey(event), at = this.at == null ? undefined : this.xs[this.at];
    if (zoom) return this.setZoom(zoom === "all" ? null : zoomedAt(this.zoom ?? this.range(), this.range(), at, zoom, this.view.log));
    const last = this.rows.length - 1, here = this.at == null ? last : this.rows.indexOf(this.at), by = stride(event, last);
    if (by === undefined || last < 0) return;
    event.preventDefault();
    this.looking = true;
    this.show(this.curve.points.step[this.rows[Math.min(last, Math.max(0, here + by))]]);
  }

  showTip(u, row) {
    this.tip.hidden = row === undefined;
    if (row === undefined) return;
    const { points, held } = this.curve, before = lowerBound(held.step, points.step[row] + 1) - 1;
    const list = document.createElement("dl");
    const add = (name, value, kind = "") => {
      const term = document.createElement("dt"), text = document.createElement("dd");
      [term.textContent, text.textContent, term.className] = [name, value, kind];
      list.append(term, text);
    };
    add(this.words.axis_step, thousands(points.step[row]));
    add(this.words.axis_tokens, short(points.tokens[row]), "faint");
    add(this.words.axis_seconds, decimals(points.seconds[row], 1), "faint");
    add(this.words.label_train, decimals(points.loss[row]), "s1");
    if (this.smoothed) add(this.words.label_smooth, decimals(this.smoothed[row]), "s1");
    if (before >= 0) add(`${this.words.label_held}, ${thousands(held.step[before])}`, decimals(held.loss[before]), "s-ink");
    this.tip.replaceChildren(list);
    const left = u.over.offsetLeft + u.valToPos(this.xs[row], "x"), wide = this.tip.offsetWidth;
    const flip = left + 14 + wide > this.width();
    this.tip.style.translate = `${Math.max(0, flip ? left - wide - 14 : left + 14)}px ${this.plot.offsetTop + 18}px`;
  }
}

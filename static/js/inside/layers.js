// "Gradients over the run": gradient norm and update ratio of every layer at each checkpoint, with the page's cursor.
import { fill, short, thousands } from "../words.js";
import { linearTicks } from "../scale.js";
import { svg } from "../widgets/elements.js";
import { logRange, nearestStep, path, scale, ticks } from "./lines.js";
import { moved, small } from "./section.js";

const HEIGHT = 240, LEFT = 46, TOP = 10, BOTTOM = 30, ROOM = 124, DASHES = ["", "dash", "dot", "dashdot"];

/** How the layer of this place is drawn; from the fifth on its dash differs too. */
const kind = (place) => `s${1 + (place % 6)} ${place > 3 ? DASHES[1 + (place % 3)] : ""}`;

/** Labels at the lines' ends, pushed apart. */
function ends(places, low, high, gap = 13) {
  const order = places.map((y, i) => [y, i]).sort((a, b) => a[0] - b[0]), found = [];
  let free = low;
  order.forEach(([y, i], rank) => {
    found[i] = Math.max(free, Math.min(y, high - gap * (order.length - 1 - rank)));
    free = found[i] + gap;
  });
  return found;
}

/** `page` holds step, facts and goTo(step); it sends "inside:changed". The numbers came with the page. */
export function joinLayers(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const { steps, layers } = JSON.parse(document.getElementById("inside-layers").textContent);
  const charts = [["grad_norms", part("norms")], ["update_ratios", part("ratios")]];
  const cursors = new Map();
  let at = 0, x = () => 0;

  function build() {
    for (const [column, plot] of charts) drawChart(column, plot);
    show(at);
  }

  function drawChart(column, plot) {
    const width = Math.max(260, plot.clientWidth), right = width - (width < 420 ? 84 : ROOM);
    const range = logRange(layers.map((layer) => layer[column])) ?? [0.1, 1];
    const bounds = [Math.min(0, steps[0]), Math.max(steps.at(-1), steps[0] + 1)];
    x = scale(bounds, [LEFT, right]);
    const y = scale(range, [HEIGHT - BOTTOM, TOP], true);
    const text = (place, top, words_, type) => svg("text", { x: place, y: top, class: type }, words_);
    const parts = [svg("line", { class: "axisline", x1: LEFT, x2: right, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM })];
    for (const tick of ticks(range)) parts.push(svg("line", { class: "gridline", x1: LEFT, x2: right, y1: y(tick), y2: y(tick) }), text(LEFT - 6, y(tick) + 4, small(tick), "t-end"));
    for (const tick of linearTicks(...bounds, width < 420 ? 3 : 5)) parts.push(text(x(tick), HEIGHT - BOTTOM + 15, short(tick), "t-mid"));
    parts.push(text((LEFT + right) / 2, HEIGHT - 1, words.axis, "t-mid"));
    const drawn = layers.map((layer, place) => ({ layer, place })).filter(({ layer }) => layer[column].some((value) => value > 0));
    const lasts = drawn.map(({ layer }) => y(layer[column].findLast((value) => value > 0)));
    const labels = ends(lasts, TOP + 4, HEIGHT - BOTTOM);
    drawn.forEach(({ layer, place }, i) => {
      parts.push(svg("path", { class: `ln ${kind(place)}`, d: path(steps, layer[column], x, y) }));
      parts.push(svg("g", { class: `s${1 + (place % 6)}` }, text(right + 8, labels[i] + 4, layer.title, "t-label")));
    });
    const cursor = svg("g", { class: "cursor" });
    cursors.set(plot, { cursor, column, y });
    plot.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    plot.replaceChildren(...parts, cursor);
  }

  /** Put the cursor of both charts at a checkpoint. */
  function show(i) {
    at = i;
    for (const { cursor, column, y } of cursors.values()) {
      const place = x(steps[at]);
      const dots = layers.map((layer, n) => [layer[column][at], n]).filter(([value]) => value > 0);
      cursor.replaceChildren(svg("line", { x1: place, x2: place, y1: TOP, y2: HEIGHT - BOTTOM }),
        ...dots.map(([value, n]) => svg("circle", { class: `s${1 + (n % 6)}`, cx: place, cy: y(value), r: 4 })));
    }
    const by = layers.filter((layer) => layer.grad_norms[at] !== null).sort((a, b) => b.grad_norms[at] - a.grad_norms[at]);
    if (!by.length) return;
    const [most, least] = [by[0], by.at(-1)], values = { step: thousands(steps[at]), most: most.title, least: least.title };
    part("reading").textContent = fill(words.reading, { ...values, most_norm: small(most.grad_norms[at]), least_norm: small(least.grad_norms[at]) });
  }

  const ofPage = () => nearestStep(steps, page.step ?? page.facts.steps.at(-1) ?? steps.at(-1));
  function go() {
    const { steps: known, finished } = page.facts, near = known[nearestStep(known, steps[at])];
    if (near !== undefined) page.goTo(finished && near === known.at(-1) ? null : near);
  }

  for (const [, plot] of charts) {
    const pointed = ({ clientX }) => {
      const box = plot.getBoundingClientRect(), wide = +plot.getAttribute("viewBox").split(" ")[2];
      const places = steps.map(x);
      return nearestStep(places, ((clientX - box.left) / box.width) * wide);
    };
    plot.addEventListener("pointermove", (event) => show(pointed(event)));
    plot.addEventListener("pointerleave", () => show(ofPage()));
    plot.addEventListener("blur", () => show(ofPage()));
    plot.addEventListener("click", (event) => {
      show(pointed(event));
      go();
    });
    plot.addEventListener("keydown", (event) => {
      if (event.key === "Enter") return go();
      const to = moved(event, at, steps.length);
      if (to !== undefined) show(to);
    });
  }
  page.addEventListener("inside:changed", () => show(ofPage()));
  at = ofPage();
  new ResizeObserver(() => Math.abs(charts[0][1].clientWidth - +charts[0][1].getAttribute("viewBox").split(" ")[2]) > 1 && build()).observe(charts[0][1]);
  build();
}

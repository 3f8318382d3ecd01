// "Where tokens stand": the map of embeddings, step by step, and the neighbours of one token.
import { decimals, fill, thousands } from "../words.js";
import { html, svg } from "../widgets/elements.js";
import { percent, visible } from "./decoding.js";
import { before, extent, find, frameAt, labelled, look, nearest, outline, projection, towards } from "./points.js";
import { asking, cell, code } from "./section.js";

const PAD = 26, REACH = 24, NARROW = 560, EACH_MS = 600;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** `page` holds ask, facts and step; it sends "inside:changed". The map is asked once: all its frames come together. */
export function joinMap(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const askMap = asking(root, page, "map"), askNear = asking(part("near"), page, "neighbours");
  const askPurity = asking(part("classes"), page, "purity");
  const [plot, slider, search] = ["plot", "frame", "search"].map(part);
  const state = { answer: null, frame: 0, at: -1, near: [], places: [], groups: [], classes: [], timer: 0 };

  const step = () => state.answer.frames[state.frame].step;
  const name = (i) => visible(state.answer.tokens[i]);
  const classOf = (i) => state.answer.classes?.[i] || "";

  function build() {
    const width = Math.max(280, plot.clientWidth), height = width < NARROW ? Math.round(width * 1.05) : 480;
    plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    state.project = projection(extent(state.answer.frames), { width, height, pad: PAD });
    state.groups = state.answer.tokens.map((_, i) => {
      const { colour, shape } = look(Math.max(0, state.classes.indexOf(classOf(i))));
      const group = svg("g", { class: `pt ${classOf(i) ? `s${colour}` : state.classes.length ? "is-plain" : "s1"}` });
      group.append(svg("path", { d: outline(shape, 3.2) }), svg("text", { x: 6, y: 4 }, name(i)));
      return group;
    });
    state.lines = svg("g", { class: "near-lines" });
    plot.replaceChildren(state.lines, ...state.groups);
    state.widths = state.groups.map((group) => group.lastChild.getComputedTextLength());
    draw();
  }

  function draw() {
    state.places = state.answer.frames[state.frame].points.map(state.project);
    const chosen = state.at < 0 ? [] : [state.at, ...state.near];
    const right = +plot.getAttribute("viewBox").split(" ")[2], told = labelled(state.places, state.widths, chosen, { right });
    state.groups.forEach((group, i) => {
      const text = group.lastChild, turned = before(state.places[i], state.widths[i], right);
      text.setAttribute("x", turned ? -6 : 6);
      text.classList.toggle("t-end", turned);
      group.style.transform = `translate(${state.places[i][0].toFixed(1)}px, ${state.places[i][1].toFixed(1)}px)`;
      group.classList.toggle("is-at", i === state.at);
      group.classList.toggle("is-near", state.near.includes(i));
      group.classList.toggle("is-quiet", !told.has(i));
    });
    if (state.at >= 0) plot.append(state.groups[state.at]); // over all others
    const [x, y] = state.places[state.at] ?? [0, 0];
    state.lines.replaceChildren(...state.near.map((i) => svg("line", { x1: x, y1: y, x2: state.places[i][0], y2: state.places[i][1] })));
    part("frame-out").textContent = fill(words.step, { step: thousands(step()) });
    slider.setAttribute("aria-valuetext", part("frame-out").textContent);
    drawTable();
  }

  function drawTable() {
    if (!part("table").open) return;
    const points = state.answer.frames[state.frame].points;
    part("rows").replaceChildren(...points.map(([x, y], i) => html("tr", {}, cell("th", "", code(state.answer.tokens[i])),
      cell("td", "", classOf(i) || "–"), cell("td", "r", decimals(x)), cell("td", "r", decimals(y)))));
  }

  function legend() {
    part("legend").replaceChildren(...state.classes.map((title, place) => {
      const { colour, shape } = look(place), drawing = svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" }, svg("path", { class: "fill", d: outline(shape, 4) }));
      return html("li", { class: `s${colour}` }, drawing, html("span", {}, title));
    }));
    part("legend").hidden = !state.classes.length;
  }

  /** Point at a token; `ask` also asks for its neighbours. */
  function choose(i, ask = false) {
    if (i !== state.at) state.near = [];
    state.at = i;
    draw();
    const values = { token: `“${name(i)}”`, class: classOf(i), step: thousands(step()) };
    part("reading").textContent = fill(classOf(i) ? words.point_class : words.point, values);
    if (ask) neighbours(state.answer.tokens[i]);
  }

  async function neighbours(text) {
    if (/⟨.+⟩/.test(text)) return void (part("reading").textContent = words.unwritable);
    const params = { text, count: 10 }, at = step(), { steps, finished } = page.facts;
    if (steps.includes(at) && !(finished && at === steps.at(-1))) params.step = at;
    const found = await askNear(params);
    if (!found) return;
    part("near-title").textContent = fill(words.near, { token: `“${found.tokens.map(visible).join("")}”`, step: thousands(at) });
    part("near-rows").replaceChildren(...found.near.map(({ token, similarity }) => {
      const bar = html("i", { class: "share-bar", "aria-hidden": "true" });
      bar.style.inlineSize = `${Math.max(0, 100 * similarity)}%`;
      return html("tr", {}, cell("th", "", code(token)), cell("td", "", bar, html("span", { class: "share-text" }, similarity.toFixed(3))));
    }));
    part("near-body").hidden = false;
    if (state.at < 0 || state.answer.tokens[state.at] !== text) return;
    state.near = found.near.map(({ token }) => state.answer.tokens.indexOf(token)).filter((i) => i >= 0);
    part("reading").textContent = fill(words.nearest, { token: `“${name(state.at)}”`, near: `“${visible(found.near[0].token)}”`, cosine: found.near[0].similarity.toFixed(3), step: thousands(at) });
    draw();
  }

  /** How far neighbours are of one class, where the corpus has classes; at the page's step. */
  async function purity() {
    if (!page.facts.asks.includes("purity") || state.classes.length < 2) return;
    const found = await askPurity({ step: page.step });
    if (!found) return;
    const shares = [found.purity.value, found.purity.low, found.purity.high, found.chance].map(percent);
    part("purity").textContent = fill(words.purity, { share: shares[0], low: shares[1], high: shares[2], chance: shares[3] });
  }

  function seek(frame) {
    state.frame = Math.max(0, Math.min(state.answer.frames.length - 1, frame));
    slider.value = state.frame;
    state.near = [];
    draw();
  }

  function play(on) {
    clearInterval(state.timer);
    state.timer = 0;
    part("play").setAttribute("aria-pressed", String(on));
    part("play-text").textContent = on ? words.pause : words.play;
    if (!on) return;
    if (state.frame === state.answer.frames.length - 1) seek(0);
    state.timer = setInterval(() => {
      seek(state.frame + 1);
      if (state.frame === state.answer.frames.length - 1) play(false);
    }, still.matches ? 1000 : EACH_MS);
  }

  async function load() {
    const answer = await askMap({});
    if (!answer) return;
    const first = !state.answer;
    Object.assign(state, { answer, at: -1, near: [], classes: [...new Set(answer.classes ?? [])].filter(Boolean).sort() });
    slider.max = answer.frames.length - 1;
    part("moving").hidden = answer.frames.length < 2;
    part("known").replaceChildren(...answer.tokens.slice(0, 200).map((token) => html("option", { value: token.trim() || token })));
    const [one, two] = answer.explained.map((share) => Math.round(100 * share));
    part("explained").textContent = fill(words.explained, { count: thousands(answer.tokens.length), one: `${one} %`, two: `${two} %` });
    part("body").hidden = false;
    state.frame = frameAt(answer.frames, page.step);
    slider.value = state.frame;
    legend();
    build();
    purity();
    if (first) new ResizeObserver(() => Math.abs(plot.clientWidth - +plot.getAttribute("viewBox").split(" ")[2]) > 1 && plot.clientWidth && build()).observe(plot);
  }

  const pointed = ({ clientX, clientY }) => {
    const box = plot.getBoundingClientRect();
    return nearest(state.places, clientX - box.left, clientY - box.top, REACH);
  };
  plot.addEventListener("pointermove", (event) => {
    const i = pointed(event);
    if (i >= 0 && i !== state.at && !state.near.length) choose(i);
  });
  plot.addEventListener("click", (event) => {
    const i = pointed(event);
    if (i >= 0) choose(i, true);
    else if (state.answer) seek(state.frame);
  });
  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !state.answer) return;
    const count = state.answer.tokens.length;
    if (event.key.startsWith("Arrow")) choose(state.at < 0 ? 0 : towards(state.places, state.at, event.key));
    else if (event.key === "Home" || event.key === "End") choose(event.key === "Home" ? 0 : count - 1);
    else if (event.key === "Enter" && state.at >= 0) choose(state.at, true);
    else return;
    event.preventDefault();
  });
  slider.addEventListener("input", () => {
    play(false);
    seek(slider.valueAsNumber);
  });
  part("play").addEventListener("click", () => play(!state.timer));
  part("table").addEventListener("toggle", () => state.answer && drawTable());
  part("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const i = find(state.answer.tokens, search.value);
    if (i >= 0) choose(i, true);
    else if (search.value.trim()) neighbours(search.value);
  });
  page.addEventListener("inside:changed", ({ detail }) => {
    if (!state.answer || !detail.changed.includes("step")) return;
    seek(frameAt(state.answer.frames, page.step));
    purity();
  });
  return load();
}

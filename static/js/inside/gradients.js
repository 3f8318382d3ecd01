// "How far learning reaches back": the gradient of one answer's loss at every place and layer, as discs.
import { decimals, fill } from "../words.js";
import { html, svg } from "../widgets/elements.js";
import { percent, visible } from "./decoding.js";
import { radius, reach } from "./lines.js";
import { asking, cell, code, small } from "./section.js";

const CELL = 22, SIDE = 112, LARGEST = 10, SHORT = 2;

/** `page` holds ask and params; it sends "inside:changed". */
export function joinGradients(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const ask = asking(root, page, "gradients"), plot = part("plot");
  let answer = null, rows = [], at = [0, 0];

  const most = () => Math.max(...rows.flatMap(({ norms }) => norms.map((norm) => norm ?? 0)));

  /** Rows from the last layer down to the input, as the loss sends its gradient; a source comes last. */
  function rowsOf({ streams, tokens, source, source_tokens: names }) {
    const layers = streams.map((norms, i) => ({ norms, tokens, title: i ? fill(words.layer, { layer: i }) : words.input })).reverse();
    return source.length ? [...layers, { norms: source, tokens: names, title: words.source }] : layers;
  }

  function labels(tokens, y, turned) {
    return tokens.map((token, i) => {
      const x = SIDE + CELL * (i + 0.5), place = turned ? { transform: `translate(${x + 4} ${y}) rotate(-55)` } : { x, y, class: "t-mid" };
      return svg("text", { ...place, "data-column": i }, visible(token));
    });
  }

  function draw() {
    const longest = Math.max(...rows.flatMap(({ tokens }) => tokens.map((token) => token.length)));
    const turned = longest > SHORT, top = turned ? Math.min(110, 14 + 6 * longest) : 22;
    const columns = Math.max(...rows.map(({ norms }) => norms.length)), extra = answer.source.length ? top : 0;
    const [width, height] = [SIDE + CELL * columns + (turned ? 40 : 4), top + extra + CELL * rows.length + 4], largest = most(), parts = [];
    rows.forEach(({ norms, title, tokens }, r) => {
      const own = extra && r === rows.length - 1, y = top + (own ? extra : 0) + CELL * (r + 0.5);
      if (r === 0 || own) parts.push(...labels(tokens, y - CELL / 2 - 6, turned));
      parts.push(svg("text", { x: 0, y: y + 4 }, title));
      norms.forEach((norm, c) => {
        const place = { x: SIDE + CELL * c, y: y - CELL / 2, width: CELL, height: CELL, class: "reach-cell", "data-r": r, "data-c": c };
        parts.push(svg("rect", place), svg("circle", { cx: SIDE + CELL * (c + 0.5), cy: y, r: radius(norm, largest, LARGEST).toFixed(2) }));
      });
    });
    plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    plot.setAttribute("width", width);
    plot.setAttribute("height", height);
    plot.replaceChildren(...parts);
  }

  function read(r, c) {
    const row = rows[r], place = Math.min(c, row.norms.length - 1), largest = most();
    at = [r, place];
    for (const rect of plot.querySelectorAll(".is-at")) rect.classList.remove("is-at");
    plot.querySelector(`[data-r="${r}"][data-c="${place}"]`)?.classList.add("is-at");
    part("cell").textContent = fill(words.cell, {
      token: visible(row.tokens[place]), place: place + 1, layer: row.title, norm: small(row.norms[place]), share: percent(largest ? (row.norms[place] ?? 0) / largest : 0),
    });
  }

  function show() {
    rows = rowsOf(answer);
    draw();
    const back = reach(answer.streams[0], answer.position), values = { answer: visible(answer.answer), loss: decimals(answer.loss), count: back };
    part("reading").textContent = back === null ? words.nothing : fill(back ? words.reach : words.here, values);
    part("cell").textContent = part("cell").dataset.hint;
    at = [rows.length - (answer.source.length ? 2 : 1), answer.position];
    part("rows").replaceChildren(...answer.tokens.map((token, i) =>
      html("tr", {}, cell("th", "", code(token)), ...answer.streams.map((norms) => cell("td", "r", small(norms[i]))))));
    part("head").replaceChildren(html("th", { scope: "col" }, part("head").dataset.token),
      ...answer.streams.map((_, i) => html("th", { scope: "col", class: "r" }, i ? fill(words.layer, { layer: i }) : words.input)));
    part("body").hidden = false;
  }

  async function refresh() {
    const found = await ask(page.params);
    if (!found) return;
    answer = found;
    show();
  }

  plot.addEventListener("pointerover", ({ target }) => target.dataset.r && read(+target.dataset.r, +target.dataset.c));
  plot.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] }[event.key];
    if (!way || !answer || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const r = Math.max(0, Math.min(rows.length - 1, at[0] + way[0]));
    read(r, Math.max(0, Math.min(rows[r].norms.length - 1, at[1] + way[1])));
  });
  page.addEventListener("inside:changed", refresh);
  return refresh();
}

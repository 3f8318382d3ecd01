// A curve sketched before a run: rings that are dragged or moved by arrow keys, and the number fields that hold it.
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 640, HEIGHT = 200, LEFT = 40, STEP = 0.05, LEAP = 0.5;
const make = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/** Height in the box of a loss, and back; the box goes from 0 at the bottom to `high` at the top. */
export const toY = (loss, high) => HEIGHT * (1 - Math.min(high, Math.max(0, loss)) / high);
export const toLoss = (y, high) => Math.min(high, Math.max(0.01, high * (1 - y / HEIGHT)));

/** The loss that a key moves a ring to; null for a key that does nothing. */
export function moved(key, loss, high) {
  const by = { ArrowUp: STEP, ArrowRight: STEP, ArrowDown: -STEP, ArrowLeft: -STEP, PageUp: LEAP, PageDown: -LEAP }[key];
  const to = { Home: 0.01, End: high }[key] ?? (by === undefined ? null : loss + by);
  return to === null ? null : Math.min(high, Math.max(0.01, to));
}

/** Join the plot to its fields: each ring is one of them; `end` is the field of the last loss. */
export function joinSketch(root, fields, end) {
  const high = +root.dataset.high, svg = make("svg", { viewBox: `0 -8 ${LEFT + WIDTH + 12} ${HEIGHT + 34}` });
  const line = make("path", { class: "ln dot you", fill: "none" });
  const value = (field) => (field.value.trim() && Number.isFinite(+field.value) ? +field.value : null);
  const x = (field) => LEFT + (WIDTH * +field.dataset.percent) / 100;
  svg.append(make("path", { class: "axis", d: `M${LEFT} 0V${HEIGHT}H${LEFT + WIDTH}` }), line);
  for (let loss = 0; loss <= high; loss += 1) {
    const tick = make("text", { class: "tick", x: LEFT - 8, y: toY(loss, high) + 4, "text-anchor": "end" });
    tick.textContent = String(loss);
    svg.append(tick);
  }
  const rings = fields.map((field) => ring(root, svg, field, x(field)));
  const suggested = (place) => high * (0.9 - (0.5 * place) / Math.max(1, fields.length - 1));
  function draw() {
    line.setAttribute("d", `M${fields.map((field, place) => `${x(field)} ${toY(value(field) ?? suggested(place), high)}`).join("L")}`);
    fields.forEach((field, place) => {
      const loss = value(field) ?? suggested(place);
      rings[place].setAttribute("transform", `translate(${x(field)} ${toY(loss, high)})`);
      rings[place].setAttribute("aria-valuenow", loss.toFixed(2));
    });
  }
  /* The first touch makes the whole curve, so that none of it is left empty. */
  function set(place, loss) {
    fields.forEach((field, other) => {
      if (other === place) field.value = loss.toFixed(2);
      else if (!field.value.trim()) field.value = suggested(other).toFixed(2);
    });
    fields[place].dispatchEvent(new Event("input", { bubbles: true }));
    if (end && (place === fields.length - 1 || !end.value.trim())) {
      end.value = fields.at(-1).value; // the curve's end is the number that is asked for
      end.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  rings.forEach((element, place) => {
    element.setAttribute("aria-valuemax", high);
    element.addEventListener("keydown", (event) => {
      const loss = moved(event.key, value(fields[place]) ?? suggested(place), high);
      if (loss === null) return;
      event.preventDefault();
      set(place, loss);
    });
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      element.focus();
    });
    element.addEventListener("pointermove", (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      set(place, toLoss(point.y, high));
    });
  });
  for (const field of fields) field.addEventListener("input", draw);
  root.append(svg);
  root.hidden = false;
  draw();
}

function ring(root, svg, field, x) {
  const element = make("g", { class: "yourpoint sketch-ring", role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-orientation": "vertical" });
  element.setAttribute("aria-label", root.dataset.handle.replace("%(percent)s", field.dataset.percent));
  element.append(make("circle", { r: 16, class: "sketch-grip" }), make("circle", { r: 6 }));
  element.setAttribute("transform", `translate(${x} 0)`);
  svg.append(element);
  return element;
}

const root = globalThis.document?.getElementById("sketch");
if (root) joinSketch(root, [...document.querySelectorAll(".sketch-fields input")], document.getElementById("prediction"));

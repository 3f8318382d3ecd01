// Switches: the model without some of its parts, and what that does to its loss on held-out data.
import { html } from "../widgets/elements.js";
import { fill, decimals } from "../words.js";
import { nameOf, partsAt, signed, singles } from "./parts.js";
import { asking, tell } from "./section.js";

const SHADES = [0.01, 0.05, 0.2, 0.5, 1];

/** `page` holds ask, step and sends "inside:changed". */
export function joinAblation(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const ask = asking(root, page, "ablation"), error = root.querySelector("[data-error]");
  const state = { whole: null, worth: new Map(), parts: [], off: new Map() };

  const layerOf = ({ branch, layer, side = "target" }) =>
    branch === "positions" ? words.model : fill(state.sides ? words[side] : words.layer, { layer: layer + 1 });
  const named = (one) => fill(words.named, { layer: layerOf(one), part: branchOf(one) });
  const branchOf = ({ branch, head }) =>
    head == null ? words[branch] : fill(words.head, { head: head + 1 });

  /** One row a layer, or two where it also looks at a source; switches stay where they are, so that focus does. */
  function makeRows() {
    const rows = new Map();
    for (const one of state.parts) {
      const row = `${one.side} ${one.layer} ${["cross", "positions"].includes(one.branch) ? one.branch : ""}`;
      rows.set(row, [...(rows.get(row) ?? []), one]);
    }
    part("rows").replaceChildren(...[...rows.values()].map((parts) => html("tr", {},
      html("th", { scope: "row" }, layerOf(parts[0])),
      html("td", {}, html("div", { class: "switches" }, ...parts.map(makeSwitch))))));
  }

  function makeSwitch(one) {
    const name = nameOf(one), box = html("input", { type: "checkbox", "data-name": name, class: "sr-check" });
    box.checked = !state.off.has(name);
    box.addEventListener("change", () => toggle(one, box.checked));
    return html("label", { class: "part-switch" }, box, html("span", {}, branchOf(one)), html("small", { "data-worth": name }));
  }

  function showWorth() {
    for (const place of part("rows").querySelectorAll("[data-worth]")) {
      const change = state.worth.get(place.dataset.worth)?.loss.value ?? null;
      place.textContent = signed(change);
      place.dataset.h = SHADES.filter((limit) => change > limit).length;
    }
    const order = [...state.worth.values()].sort((a, b) => b.loss.value - a.loss.value), most = order[0], least = order.at(-1);
    const about = (sentence, { parts, loss }) => fill(sentence, { part: named(parts[0]), change: signed(loss.value) });
    const said = [most && about(words.most, most), least?.loss.high < 0 && about(words.harm, least)];
    part("most").textContent = said.filter(Boolean).join(page.words.page.gap);
  }

  function toggle(one, on) {
    if (on) state.off.delete(nameOf(one));
    else state.off.set(nameOf(one), one);
    showLoss();
  }

  /** Single parts are known already; combinations are asked for. */
  async function showLoss() {
    const { whole, off, worth } = state, groups = [...off.values()];
    part("all-on").disabled = !groups.length;
    if (!groups.length) {
      part("loss").textContent = fill(words.whole, { loss: decimals(whole.loss), count: whole.units });
      return bars(null);
    }
    if (groups.length === 1 && worth.has(nameOf(groups[0]))) return show(worth.get(nameOf(groups[0])));
    const found = await ask({ step: page.step, groups: [groups] });
    return found && state.off.size === groups.length ? show(found.changes[0]) : undefined;
  }

  function show({ loss }) {
    const before = state.whole.loss;
    part("loss").textContent = fill(words.off, {
      parts: [...state.off.values()].map(named).join(" · "), level: "95 %", before: decimals(before),
      after: decimals(before + loss.value), change: signed(loss.value), low: signed(loss.low), high: signed(loss.high),
    });
    bars(before + loss.value);
  }

  /** Both losses as bars of one scale. */
  function bars(after) {
    const most = Math.max(state.whole.loss, after ?? 0);
    part("before").style.inlineSize = `${(100 * state.whole.loss) / most}%`;
    part("after").style.inlineSize = `${(100 * (after ?? state.whole.loss)) / most}%`;
    part("before-loss").textContent = decimals(state.whole.loss);
    part("after-loss").textContent = decimals(after ?? state.whole.loss);
  }

  async function refresh({ detail } = {}) {
    if (detail && !detail.changed.includes("step")) return;
    try {
      const { step } = page, whole = await partsAt(page);
      if (step !== page.step) return;
      error.textContent = "";
      const first = !state.whole;
      const parts = whole.changes.map((change) => change.parts[0]);
      Object.assign(state, { whole, parts, worth: singles(whole), sides: parts.some(({ side }) => side === "source") });
      if (first) makeRows();
    } catch (failure) {
      if (failure.name !== "AbortError") tell(error, page, failure);
      return;
    }
    part("body").hidden = false;
    showWorth();
    await showLoss();
  }

  part("all-on").addEventListener("click", () => {
    state.off.clear();
    for (const box of part("rows").querySelectorAll("input")) box.checked = true;
    part("rows").querySelector("input").focus();
    showLoss();
  });
  page.addEventListener("inside:changed", refresh);
  return refresh();
}

// What each part of the model is worth at a step: asked once, read by the heads' cards and by the switches.

const known = new Map();

/** The answer of "ablation" without groups, at the page's step. */
export function partsAt(page) {
  const { step } = page;
  if (!known.has(step)) {
    const asked = page.ask("ablation", { step }, { slot: `ablation ${step}` });
    known.set(step, asked);
    asked.catch(() => known.delete(step));
  }
  return known.get(step);
}

/** One name for a part, however it came. */
export const nameOf = ({ branch, layer, head = null, side = "target" }) => [side, layer, branch, head ?? "all"].join(" ");

/** Changes by the name of their part, where it is a single one. */
export const singles = ({ changes }) => new Map(changes.filter(({ parts }) => parts.length === 1).map((change) => [nameOf(change.parts[0]), change]));

/** The part of an attention head as the ablation names it. */
export const partOf = ({ kind, layer, head }) =>
  ({ branch: kind === "cross" ? "cross" : "attention", layer, head, side: kind === "source" ? "source" : "target" });

/** +0.381, −0.002 */
export const signed = (value, places = 3) =>
  value == null ? "–" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(places)}`;

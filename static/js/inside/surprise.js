// "How surprising the text was": its tokens shaded by bits, one at a time read out.
import { decimals, fill, thousands } from "../words.js";
import { html } from "../widgets/elements.js";
import { level, percent, visible } from "./decoding.js";
import { asking, cell, code, moved } from "./section.js";

/** `page` holds ask and params; it sends "inside:changed". */
export function joinSurprise(root, page, words) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const ask = asking(root, page, "surprise"), row = part("tokens");
  let answer = null, at = -1;

  function read(place) {
    at = place;
    [...row.children].forEach((token, i) => token.classList.toggle("is-at", i === place));
    const bits = answer.bits[place], token = `“${visible(answer.tokens[place])}”`;
    part("reading").textContent = bits === null
      ? fill(words.unmeasured, { token })
      : fill(words.surprise, { token, bits: bits.toFixed(2), chance: percent(2 ** -bits), rank: thousands(answer.ranks[place]) });
  }

  function show() {
    row.replaceChildren(...answer.tokens.map((token, i) => html("span", { "data-h": level(answer.bits[i]), "data-i": i }, visible(token))));
    part("total").textContent = decimals(answer.total_bits, 1);
    part("loss").textContent = decimals(answer.loss);
    part("bpb").textContent = decimals(answer.bits_per_byte);
    part("rows").replaceChildren(...answer.tokens.map((token, i) =>
      html("tr", {}, cell("th", "", code(token)), cell("td", "r", decimals(answer.bits[i], 2)), cell("td", "r", thousands(answer.ranks[i])))));
    const most = answer.bits.reduce((best, bits, i) => (bits !== null && (best < 0 || bits > answer.bits[best]) ? i : best), -1);
    part("body").hidden = false;
    if (most >= 0) read(most);
    else part("reading").textContent = words.too_little;
  }

  async function refresh() {
    const found = await ask(page.params);
    if (!found) return part("body").toggleAttribute("hidden", !answer);
    answer = found;
    return show();
  }

  row.addEventListener("pointerover", ({ target }) => target.dataset.i && read(+target.dataset.i));
  row.addEventListener("keydown", (event) => {
    const to = answer && moved(event, at, answer.tokens.length);
    if (to !== undefined && to !== null) read(to);
  });
  page.addEventListener("inside:changed", refresh);
  return refresh();
}

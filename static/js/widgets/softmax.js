// Chapter "attention": temperature bars. Shares of fixed scores, recomputed as the temperature moves.
import { fillIn, html, svg } from "./elements.js";

/** Shares of a row of scores at a temperature; a score of -Infinity gets 0. */
export function softmax(scores, temperature = 1) {
  const best = Math.max(...scores);
  const powers = scores.map((score) => Math.exp((score - best) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** e to the entropy: over how many equal parts the shares are spread. */
export function spread(shares) {
  return Math.exp(-shares.reduce((total, share) => total + (share > 0 ? share * Math.log(share) : 0), 0));
}

/** "66.5 %", "100 %": one decimal, as in the text of the chapter; never rounds to a whole or a nothing it has not reached. */
export function percent(share) {
  if (share === 1) return "100 %";
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  return `${Math.min(99.9, Math.round(share * 1000) / 10).toFixed(1)} %`;
}

const LOWEST = -1, HIGHEST = 1; // log10 of the temperature: 0.1 to 10
let counter = 0;

export function mount(root, { data, onGoal }) {
  const { labels, sets } = data;
  const id = `softmax-${(counter += 1)}`;
  let chosen = sets[0], reached = false, rows = [];

  const spreadOut = html("p", { class: "num small faint" });
  const bars = html("div", { class: "bars", role: "img" });
  const slider = html("input", {
    class: "range", type: "range", id: `${id}-t`, min: LOWEST, max: HIGHEST, step: 0.01, value: 0,
  });
  const shown = html("output", { for: slider.id });
  const choice = html("div", { class: "seg seg-small", role: "radiogroup", "aria-label": labels.choose },
    ...sets.map((set, i) => {
      const radio = html("input", { type: "radio", name: id, value: i });
      radio.checked = i === 0;
      radio.addEventListener("change", () => { chosen = sets[i]; build(); update(); });
      return html("label", {}, radio, html("span", {}, set.label));
    }));

  function build() {
    rows = chosen.words.map((word) => {
      const bar = svg("rect", { class: "s1 fill", height: 14 });
      const share = html("span", { class: "num r" });
      const drawing = svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" }, bar);
      return { word, bar, share, parts: [html("span", {}, word), drawing, share] };
    });
    bars.replaceChildren(...rows.flatMap((row) => row.parts));
  }

  function update() {
    const temperature = 10 ** Number(slider.value), t = temperature.toFixed(2);
    const shares = softmax(chosen.scores, temperature), best = Math.max(...shares);
    rows.forEach((row, i) => {
      row.bar.setAttribute("width", Math.max(0.4, shares[i] * 100).toFixed(2));
      row.share.textContent = percent(shares[i]);
    });
    shown.textContent = t;
    slider.setAttribute("aria-valuetext", t);
    spreadOut.textContent = fillIn(labels.spread, { n: spread(shares).toFixed(1) });
    const comma = root.closest("[lang]").lang.startsWith("zh") ? "、" : ", ";
    const list = rows.map((row, i) => `${row.word} ${percent(shares[i])}`).join(comma);
    bars.setAttribute("aria-label", fillIn(labels.bars, { t, list }));
    if (!reached && best >= data.goal) {
      reached = true;
      onGoal(percent(best));
    }
  }

  slider.addEventListener("input", update);
  root.append(
    html("div", { class: "row spread above" }, choice, spreadOut),
    bars,
    html("div", { class: "recipe" }, html("div", { class: "knob-wide" },
      html("label", { for: slider.id }, html("span", {}, labels.temperature), shown),
      slider,
      html("div", { class: "ticks", "aria-hidden": "true" }, ...["0.1", "0.3", "1", "3", "10"].map((mark) => html("span", {}, mark))))),
  );
  build();
  update();
}

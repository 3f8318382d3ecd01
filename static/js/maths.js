// Formulas: fills every [data-tex] with KaTeX, by DOM calls only (a string of markup would break the CSP).

const OPENING = /[([{（「『“‘《]+$/, CLOSING = /^[,.;:!?)\]}%…，。；：！？、）」』”’》]+/;
const LONGEST_HELD = 200; // px: a longer formula may have to break

const waiting = (root) => [...root.querySelectorAll("[data-tex]:not(.typeset)")];

/** Typeset the formulas below `root` that are not hidden. A formula that KaTeX refuses keeps its source. */
export function typeset(root = document) {
  if (!window.katex) return;
  for (const place of waiting(root)) {
    if (!place.closest("[hidden]")) typesetOne(place);
  }
}

function typesetOne(place) {
  // Where a formula names something, MathML is not counted everywhere: there the source is read, and KaTeX only drawn.
  const names = place.closest("th, label") !== null;
  const options = { displayMode: place.classList.contains("eq"), output: names ? "html" : "htmlAndMathml" };
  place.classList.add("typeset");
  try {
    window.katex.render(place.dataset.tex, place, options);
    if (!options.displayMode) hold(place);
    if (names) place.append(Object.assign(document.createElement("span"), { className: "sr", textContent: place.dataset.tex }));
  } catch {
    place.textContent = place.dataset.tex;
  }
}

/** Keep punctuation in the line of its formula: a browser may break the line between any text and a formula. */
function hold(place) {
  const before = textBeside(place.previousSibling).match(OPENING)?.[0] ?? "";
  const after = textBeside(place.nextSibling).match(CLOSING)?.[0] ?? "";
  if (!(before || after) || place.getBoundingClientRect().width > LONGEST_HELD) return;
  if (before) place.previousSibling.data = place.previousSibling.data.slice(0, -before.length);
  if (after) place.nextSibling.data = place.nextSibling.data.slice(after.length);
  const held = Object.assign(document.createElement("span"), { className: "nobreak" });
  place.before(held);
  held.append(before, place, after);
}

const textBeside = (node) => (node?.nodeType === Node.TEXT_NODE ? node.data : "");

typeset();

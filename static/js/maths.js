// Formulas: fills every [data-tex] with KaTeX, by DOM calls only (a string of markup would break the CSP).

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
    if (names) place.append(Object.assign(document.createElement("span"), { className: "sr", textContent: place.dataset.tex }));
  } catch {
    place.textContent = place.dataset.tex;
  }
}

typeset();

// Formulas: fills every [data-tex] with KaTeX, by DOM calls only (a string of markup would break the CSP).

const waiting = (root) => [...root.querySelectorAll("[data-tex]:not(.typeset)")];

/** Typeset the formulas below `root` that are not hidden. A formula that KaTeX refuses keeps its source. */
export function typeset(root = document) {
  if (!window.katex) return;
  for (const place of waiting(root)) {
    if (place.closest("[hidden]")) continue;
    place.classList.add("typeset");
    try {
      window.katex.render(place.dataset.tex, place, { displayMode: place.classList.contains("eq"), throwOnError: true });
    } catch {
      place.textContent = place.dataset.tex;
    }
  }
}

typeset();

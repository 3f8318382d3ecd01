// Mounts the widgets of a section: each figure names its module, carries its data, and reports when its goal is reached.

import { keepInAddress } from "./widget-state.js";

/** Mount every widget below `root` that is not mounted yet. */
export function mountWidgets(root = document) {
  for (const figure of root.querySelectorAll(".widget[data-name]:not([data-mounted])")) mountOne(figure);
}

async function mountOne(figure) {
  figure.dataset.mounted = "";
  const body = figure.querySelector(".widget-body");
  const data = JSON.parse(document.getElementById(figure.dataset.source).textContent);
  const { mount } = await import(`./widgets/${figure.dataset.name}.js`);
  mount(body, { data, lang: figure.dataset.lang, onGoal: (value) => reach(figure, value) });
  keepInAddress(body, figure.dataset.name);
}

function reach(figure, value) {
  const goal = figure.querySelector(".goal");
  const before = goal.classList.contains("met");
  goal.classList.add("met");
  for (const part of goal.querySelectorAll(".todo, .did")) part.hidden = part.classList.contains("todo");
  if (!before && figure.dataset.url) save(figure, String(value ?? ""));
}

/** Post the evidence; rules and treads come back out of band. Without a connection it is sent when there is one again. */
function save(figure, value) {
  const again = ({ detail }) => {
    if (detail.elt === figure) addEventListener("online", () => save(figure, value), { once: true });
  };
  document.addEventListener("htmx:sendError", again, { once: true });
  window.htmx
    .ajax("POST", figure.dataset.url, { source: figure, target: figure, swap: "none", values: { value } })
    .finally(() => document.removeEventListener("htmx:sendError", again));
}

// The language switch keeps the place: the block at the top of the window, everything typed and not yet sent, open details
// and the focus go through sessionStorage while the page is loaded again in the other language.
import { post } from "./http.js";
import { toast } from "./toast.js";

const KEY = "gradus:language-switch";
const MAX_AGE_MS = 30_000;
const FIELDS = "input, textarea, select";
const NOT_KEPT = new Set(["hidden", "password", "file", "submit", "button", "image", "reset"]);

/** Fields of the page with a key that is the same in both languages: the form's and the field's name, and a count. */
function fields() {
  const counts = new Map();
  return [...document.querySelectorAll(FIELDS)]
    .filter((field) => (field.name || field.id) && !NOT_KEPT.has(field.type))
    .map((field) => {
      const form = field.form;
      const stem = [form?.id || form?.getAttribute("action") || "", field.name || field.id].join(" ");
      const count = counts.get(stem) ?? 0;
      counts.set(stem, count + 1);
      return { field, key: `${stem} ${count}` };
    });
}

function changed(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field instanceof HTMLSelectElement) {
    const preset = [...field.options].some((option) => option.defaultSelected);
    return [...field.options].some((option, index) =>
      option.selected !== (preset || field.multiple ? option.defaultSelected : index === 0));
  }
  return field.value !== field.defaultValue;
}

function valueOf(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked;
  if (field instanceof HTMLSelectElement && field.multiple) return [...field.selectedOptions].map((o) => o.value);
  return field.value;
}

function setValue(field, value) {
  if (field.type === "checkbox" || field.type === "radio") field.checked = value;
  else if (Array.isArray(value)) for (const option of field.options) option.selected = value.includes(option.value);
  else field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** A page that was answered to a POST comes back as GET: there, what the server put into a form is what was typed. */
const answered = (form) => Boolean(form?.querySelector("[aria-invalid=true]"));

function anchor() {
  const bar = document.querySelector(".bar")?.offsetHeight ?? 0;
  const blocks = document.querySelectorAll("main [data-block], main :is(h1, h2, h3, h4, section, figure, fieldset)[id]");
  const block = [...blocks].find((node) => node.getClientRects().length && node.getBoundingClientRect().bottom > bar);
  if (!block) return null;
  const name = block.dataset.block ? `[data-block="${CSS.escape(block.dataset.block)}"]` : `#${CSS.escape(block.id)}`;
  return { name, top: block.getBoundingClientRect().top };
}

function focused() {
  const node = document.activeElement;
  if (node?.id) return { id: node.id };
  const known = fields().find(({ field }) => field === node);
  return known ? { field: known.key } : null;
}

function save() {
  sessionStorage.setItem(KEY, JSON.stringify({
    path: location.pathname + location.search,
    at: Date.now(),
    hash: location.hash,
    scroll: scrollY,
    anchor: scrollY > 0 ? anchor() : null,
    focus: focused(),
    open: [...document.querySelectorAll("details[id]")].map((node) => [node.id, node.open]),
    values: fields()
      .filter(({ field }) => changed(field) || answered(field.form))
      .map(({ field, key }) => [key, valueOf(field)]),
  }));
}

function place({ anchor: kept, scroll }) {
  const block = kept && document.querySelector(kept.name);
  if (block) scrollBy({ top: block.getBoundingClientRect().top - kept.top, behavior: "instant" });
  else scrollTo({ top: scroll, behavior: "instant" });
}

function restore() {
  const state = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  sessionStorage.removeItem(KEY);
  if (!state || state.path !== location.pathname + location.search || Date.now() - state.at > MAX_AGE_MS) return;
  if (state.hash) history.replaceState(history.state, "", state.path + state.hash);
  for (const [id, open] of state.open) {
    const node = document.getElementById(id);
    if (node) node.open = open;
  }
  const known = new Map(fields().map(({ field, key }) => [key, field]));
  for (const [key, value] of state.values) if (known.has(key)) setValue(known.get(key), value);
  const node = state.focus && (document.getElementById(state.focus.id) ?? known.get(state.focus.field));
  node?.focus({ preventScroll: true });
  keepPlace(state);
}

/** Pictures, formulas and fonts move the text while the page loads, so the place is set again until the reader scrolls. */
function keepPlace(state) {
  place(state);
  const stop = new AbortController();
  for (const name of ["wheel", "touchstart", "keydown", "pointerdown"]) {
    addEventListener(name, () => stop.abort(), { signal: stop.signal, passive: true });
  }
  const again = () => stop.signal.aborted || place(state);
  addEventListener("load", () => { again(); setTimeout(again, 250); }, { signal: stop.signal, once: true });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-language-switch]") || !event.submitter) return;
  event.preventDefault();
  const { value: language } = event.submitter;
  const next = new URL(form.elements.next.value, location.origin);
  try {
    await post(form.action, { language, next: next.pathname }, { redirect: "manual" });
  } catch {
    toast(document.querySelector(".toasts").dataset.failed, { level: "error" });
    return;
  }
  // The query may have been changed by script since the page was made (charts keep their view in it).
  const search = next.pathname === location.pathname ? location.search : next.search;
  history.replaceState(history.state, "", next.pathname + search + location.hash);
  save();
  history.replaceState(history.state, "", next.pathname + search);
  location.replace(next.pathname + search);
});

if (document.readyState === "complete") restore();
else addEventListener("DOMContentLoaded", restore, { once: true });

// The recipe panel: size and time change as the knobs turn, the recipe lives in the address, Run is pressed once.
import { joinCopy } from "./copy.js";
import { joinPrediction } from "./say.js";
import { exponentOf, rateAt, same } from "./words.js";

const DELAY_MS = 150;
const KEPT_OUT = /^(csrfmiddlewaretoken|token|prediction|rank-.*|sketch-.*)$/;
const form = document.getElementById("recipe");
const words = JSON.parse(document.getElementById("words").textContent);
const button = document.getElementById("run");
const link = document.getElementById("copy-link");
let timer;

/** The recipe as a query string, in the form's order. */
const query = () => new URLSearchParams([...new FormData(form)].filter(([name]) => !KEPT_OUT.test(name))).toString();

function address() {
  const url = `${form.dataset.presetUrl}?${query()}`;
  history.replaceState(history.state, "", url);
  link.href = url;
  for (const field of document.querySelectorAll("input[name=recipe]")) field.value = query();
  classLink();
}

/* A cut-down lab: the same state, and the names of the controls that are ticked */
const classForm = document.querySelector("#class-link form");
function classLink() {
  const state = new URLSearchParams(query()), ticked = [...classForm.querySelectorAll("[name=show]:checked")];
  state.delete("show");
  for (const field of classForm.querySelectorAll("[data-state]")) if (state.has(field.name)) field.value = state.get(field.name);
  if (ticked.length) state.set("show", ticked.map(({ value }) => value).join(","));
  document.getElementById("class-url").value = new URL(`${form.dataset.presetUrl}?${state}`, location.href).href;
}
classForm.addEventListener("change", classLink);
document.getElementById("class-copy").addEventListener("click", async ({ currentTarget }) => {
  const field = document.getElementById("class-url");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    currentTarget.querySelector("span").textContent = words.copied;
  } catch {
    currentTarget.querySelector("span").textContent = words.copy_selected; // it is, for the keyboard
  }
});

/** A list of ticks is one value with commas; a field that changes nothing beside the others goes. */
const valueOf = (name) => new FormData(form).getAll(name).filter(Boolean).join(",");
function applicable() {
  for (const knob of form.querySelectorAll("[data-when]"))
    knob.hidden = !Object.entries(JSON.parse(knob.dataset.when)).every(([name, values]) => values.includes(valueOf(name)));
}

/** Mark what differs from the preset, and tell the cost fragment once the hand rests. */
function changed() {
  for (const knob of form.querySelectorAll("[data-knob]")) {
    const value = valueOf(knob.dataset.knob);
    knob.classList.toggle("changed", !same(value, knob.dataset.preset));
  }
  applicable();
  clearTimeout(timer);
  timer = setTimeout(() => {
    address();
    form.dispatchEvent(new CustomEvent("recipe-changed"));
  }, DELAY_MS);
}

function set(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/* The learning rate on a logarithmic slider */
for (const slider of form.querySelectorAll("[data-log-of]")) {
  const field = document.getElementById(slider.dataset.logOf);
  const speak = () => slider.setAttribute("aria-valuetext", field.value);
  slider.parentElement.hidden = false;
  slider.addEventListener("input", () => {
    field.value = rateAt(+slider.value);
    speak();
  });
  field.addEventListener("input", () => {
    slider.value = exponentOf(field.value) ?? slider.value;
    speak();
  });
  speak();
}

for (const step of form.querySelectorAll("[data-by]")) step.hidden = false;

form.addEventListener("input", changed);
form.addEventListener("click", (event) => {
  const stepper = event.target.closest("[data-by]");
  if (stepper) {
    const field = stepper.parentElement.querySelector("input"), now = parseInt(field.value, 10) || 0;
    const buttons = stepper.parentElement.querySelectorAll("[data-by]");
    const low = +buttons[0].dataset.low, high = +buttons[1].dataset.high;
    set(field, String(Math.min(high, Math.max(low, now + +stepper.dataset.by))));
  }
  if (event.target.closest("[data-new-seed]")) {
    event.preventDefault();
    set(document.getElementById("seed"), String(1 + Math.floor(Math.random() * 9999)));
  }
});

/* Pressed once: the same form with the same values is one run, whatever happens; the button says so too */
let sending = false;
function ready() {
  sending = false;
  button.removeAttribute("aria-disabled");
  if (button.dataset.label) button.querySelector("span").textContent = button.dataset.label;
}
form.addEventListener("submit", (event) => {
  if (sending) return event.preventDefault();
  if (event.submitter && event.submitter !== button) return undefined;
  sending = true;
  button.dataset.label = button.querySelector("span").textContent;
  button.querySelector("span").textContent = button.dataset.busy;
  button.setAttribute("aria-disabled", "true");
  return undefined;
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  form.elements.token.value = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  ready();
});

/* Errors that the cost fragment put beside the fields */
document.addEventListener("htmx:afterSettle", () => {
  for (const note of form.querySelectorAll(".error[id^=error-]")) {
    const name = note.id.slice("error-".length), field = form.elements[name] ?? document.getElementById(name);
    if (field instanceof HTMLElement) field.toggleAttribute("aria-invalid", Boolean(note.textContent.trim()));
    if (field instanceof HTMLElement && field.hasAttribute("aria-invalid")) field.setAttribute("aria-invalid", "true");
  }
});

for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
applicable(); // somebody may have chosen before this ran
classLink();
const last = document.getElementById("last-run"), plot = document.getElementById("chart");
if (plot) joinPrediction(plot, document.getElementById("prediction"), {
  last: last ? JSON.parse(last.textContent) : undefined, steps: +form.dataset.steps || 500, words,
});
document.getElementById("show-cost").hidden = true;
joinCopy(link, words);
// A refused recipe was answered at another address: this page can be loaded again and shared.
if (location.pathname !== form.dataset.presetUrl) address();
if (document.activeElement === document.body)
  document.querySelector("#problem, .knob:has(.error:not(:empty)) :is(input, select)")?.focus();

// The page "Inside" of a run: a text and a step, and sections that ask about them. One cursor: changing the step or the
// text changes every section.
import { fill, thousands } from "../words.js";
import { joinAblation } from "./ablation.js";
import { joinAlignment } from "./alignment.js";
import { asker } from "./ask.js";
import { joinAttention } from "./attention.js";
import { visible } from "./decoding.js";
import { joinGradients } from "./gradients.js";
import { joinLayers } from "./layers.js";
import { joinLens } from "./lens.js";
import { joinMap } from "./map.js";
import { joinProbabilities } from "./probabilities.js";
import { joinSurprise } from "./surprise.js";

const TYPING_MS = 220;
const SECTIONS = {
  attention: joinAttention, alignment: joinAlignment, ablation: joinAblation, lens: joinLens, next: joinProbabilities, surprise: joinSurprise,
  map: joinMap, gradients: joinGradients, layers: joinLayers,
};

const $ = (id) => document.getElementById(id);
const read = (id) => JSON.parse($(id).textContent);

/** What the sections share. Sends "inside:changed" when text, target or step have changed; `changed` names which. */
class Page extends EventTarget {
  constructor(facts, words) {
    super();
    const fields = { text: $("inside-text"), target: $("inside-target"), slider: $("inside-step") };
    Object.assign(this, { facts, words, fields, ask: asker(facts.ask, words.page), timer: 0, waits: new Map() });
    Object.assign(this, { text: fields.text.value, target: fields.target?.value || null, step: this.chosen() });
    for (const field of [fields.text, fields.target]) field?.addEventListener("input", () => this.soon());
    fields.text.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.update();
    });
    fields.slider?.addEventListener("input", () => {
      this.showStep();
      this.soon(60);
    });
    this.showStep();
  }

  /** Parameters of a question about the text at the step. */
  get params() {
    return { text: this.text, step: this.step, ...(this.target ? { target: this.target } : {}) };
  }

  /** The step that the slider stands at; null is the finished model. */
  chosen() {
    const { slider } = this.fields, { steps, finished } = this.facts;
    const at = slider ? +slider.value : steps.length - 1;
    return finished && at >= steps.length - 1 ? null : (steps[at] ?? null);
  }

  /** When the section of an element is near the window: what nobody sees need not be asked. */
  near(root) {
    const section = root.closest("[data-section]") ?? root;
    if (!this.waits.has(section)) {
      this.waits.set(section, new Promise((done) => {
        const watch = new IntersectionObserver((entries) => {
          if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
          watch.disconnect();
          this.waits.delete(section);
          done();
        }, { rootMargin: "400px" });
        watch.observe(section);
      }));
    }
    return this.waits.get(section);
  }

  /** Let the model read this text from now on. */
  write(text) {
    this.fields.text.value = text;
    this.update();
  }

  /** Go to a step that has weights; null is the finished model. */
  goTo(step) {
    const { steps } = this.facts, { slider } = this.fields;
    if (!slider) return;
    slider.value = step === null ? steps.length - 1 : Math.max(0, steps.indexOf(step));
    this.showStep();
    this.update();
  }

  /** What of the text the model cannot read, as an answer says it. */
  tell({ unknown = [], left_out: leftOut = 0 }) {
    const { words } = this, names = unknown.slice(0, 12).map((name) => `“${visible(name)}”`).join(" ");
    const said = [names && fill(words.page.unknown, { unknown: names }), leftOut && fill(words.page.left_out, { count: thousands(leftOut) })];
    $("inside-told").textContent = said.filter(Boolean).join(words.page.gap);
  }

  soon(ms = TYPING_MS) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(), ms);
  }

  update() {
    clearTimeout(this.timer);
    const now = { text: this.fields.text.value, target: this.fields.target?.value || null, step: this.chosen() };
    const changed = Object.keys(now).filter((name) => now[name] !== this[name]);
    if (!changed.length) return;
    Object.assign(this, now);
    this.save();
    this.dispatchEvent(new CustomEvent("inside:changed", { detail: { ...now, changed } }));
  }

  /** Let every section ask again. */
  again() {
    const { text, target, step } = this;
    this.dispatchEvent(new CustomEvent("inside:changed", { detail: { text, target, step, changed: ["text", "target", "step"] } }));
  }

  showStep() {
    const { slider } = this.fields, { words, facts } = this;
    if (!slider) return;
    const step = this.chosen(), last = facts.steps.at(-1);
    const text = step === null
      ? fill(words.page.finished_at, { step: thousands(last) })
      : fill(words.page.step, { step: thousands(step) });
    $("inside-step-out").textContent = text;
    slider.setAttribute("aria-valuetext", text);
  }

  /** The view lives in the address. */
  save() {
    const query = new URLSearchParams();
    if (this.text !== this.facts.text) query.set("text", this.text);
    if (this.target) query.set("target", this.target);
    if (this.step !== null) query.set("step", this.step);
    history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
  }
}

const page = new Page(read("inside-facts"), read("inside-words"));
for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;

/** A section begins to ask when it comes near the window, and follows text and step from then on. */
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    SECTIONS[target.dataset.section](target, page, page.words[target.dataset.section]);
  }
}, { rootMargin: "400px" });
for (const root of document.querySelectorAll("[data-section]")) {
  if (root.dataset.section in SECTIONS) near.observe(root);
}

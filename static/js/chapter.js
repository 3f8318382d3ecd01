// The reader: formulas, widgets, peek, copying code, wide parts by keyboard, "on this page", and that a section was read.
import { typeset } from "./maths.js";
import { mountWidgets } from "./widgets.js";

const reader = document.getElementById("reader");

// ── Every part, also those that htmx brings ──
function prepare(root) {
  typeset(root);
  mountWidgets(root);
  for (const button of root.querySelectorAll(".peek[hidden]")) button.hidden = false;
  for (const pre of root.querySelectorAll("pre.code:not(.can-copy)")) addCopy(pre);
  reachAll();
}
prepare(document);
document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  prepare(elt.parentElement ?? document);
  if (elt.matches(".guess, .ask")) refocus(elt);
});

/** After an answer the focus stays in its block, after a refused one it goes to the field. */
function refocus(block) {
  const wrong = block.querySelector("[aria-describedby^=error-]");
  if (!wrong) block.tabIndex = -1;
  (wrong ?? block).focus({ preventScroll: true });
}

/** What scrolls sideways can be focused and scrolled by keyboard. Widths change with fonts and window. */
function reachAll() {
  document.querySelectorAll(".prose :is(.scroll, pre, .eq)").forEach(reachable);
}
document.fonts.ready.then(reachAll);
document.fonts.addEventListener("loadingdone", reachAll);
addEventListener("resize", reachAll);

function reachable(box) {
  if (box.scrollWidth <= box.clientWidth) return;
  box.tabIndex = 0;
  if (!box.hasAttribute("role")) {
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", reader.dataset.scrolls);
  }
}

// ── Peek: one paragraph in the other language under itself ──
reader.addEventListener("click", (event) => {
  const button = event.target.closest(".peek");
  if (!button) return;
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  const peeked = button.parentElement.querySelector(".peeked");
  peeked.hidden = !open;
  if (open) typeset(peeked);
});

// ── Terms: the card opens below its word; without script it opens in the middle ──
document.addEventListener("toggle", ({ target, newState }) => {
  if (newState !== "open" || !target.matches?.(".term-card")) return;
  const word = reader.querySelector(`[popovertarget="${target.id}"]`).getBoundingClientRect();
  const left = Math.max(16, Math.min(word.left, innerWidth - target.offsetWidth - 16));
  const below = word.bottom + 6 + target.offsetHeight <= innerHeight;
  Object.assign(target.style, { inset: "auto", margin: "0", left: `${left}px`, top: `${below ? word.bottom + 6 : word.top - 6 - target.offsetHeight}px` });
}, true);

// ── Code ──
function addCopy(pre) {
  pre.classList.add("can-copy");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-small copy";
  button.textContent = reader.dataset.copy;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(pre.querySelector("code").textContent);
    button.textContent = reader.dataset.copied;
    setTimeout(() => { button.textContent = reader.dataset.copy; }, 2000);
  });
  const box = document.createElement("div");
  box.className = "code-box";
  pre.replaceWith(box);
  box.append(pre, button);
}

// ── On this page ──
const links = [...document.querySelectorAll(".toc a")];
const targets = links.map((link) => document.getElementById(link.hash.slice(1)));
function follow() {
  const line = innerHeight / 3;
  const passed = targets.filter((target) => target && target.getBoundingClientRect().top <= line).length;
  links.forEach((link, index) => {
    if (index === Math.max(0, passed - 1)) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
}
if (links.length) {
  follow();
  addEventListener("scroll", () => requestAnimationFrame(follow), { passive: true });
}

// ── Read: the end was seen, and the page was open for a fifth of the time that reading takes (10 to 90 s) ──
/** Seconds that the page has to be visible before reaching its end counts. */
const dwell = (minutes) => Math.min(90, Math.max(10, minutes * 60 * 0.2));

function watchEnd() {
  const needed = dwell(Number(reader.dataset.minutes));
  let visible = 0, seen = false, sent = false;
  new IntersectionObserver((entries) => { seen ||= entries.some((entry) => entry.isIntersecting); })
    .observe(document.getElementById("end"));
  const timer = setInterval(async () => {
    if (document.visibilityState === "visible") visible += 1;
    if (!seen || sent || visible < needed || !navigator.onLine) return;
    sent = true;
    const failed = () => { sent = false; visible = needed - 15; };
    document.addEventListener("htmx:sendError", failed, { once: true });
    await window.htmx.ajax("POST", reader.dataset.readUrl, { source: reader, target: reader, swap: "none" });
    document.removeEventListener("htmx:sendError", failed);
    if (sent) clearInterval(timer);
  }, 1000);
}
if (reader.dataset.readUrl && !("isRead" in reader.dataset)) watchEnd();

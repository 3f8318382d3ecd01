// The studio's editor: keeps every keystroke on this computer until the server has it, saves the draft, shows the preview.
// Without it the page is a text field with a save button.
import { pause } from "./answers.js";
import { Lines } from "./editor.js";
import { post } from "./http.js";
import { typeset } from "./maths.js";
import { mountWidgets } from "./widgets.js";

const SAVE_MS = 1500;
const PREVIEW_MS = 400;
const byId = (id) => document.getElementById(id);
const form = byId("editor");
const area = byId("text");
const words = JSON.parse(byId("studio-words").textContent);
const lines = new Lines(area, byId("lines"));
const name = form.elements.name.value;
const KEY = `gradus:studio:${form.dataset.chapter}:${name}`;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);

let saved = area.value; // what the server holds
let conflict = null; // theirs, until the author has chosen
let saving = null;
let tries = 0;
let saveTimer = 0;
let previewTimer = 0;
let previewing = null;
let previewed = { text: area.value, line: Number(area.dataset.line) };

// A copy on this computer

function keep() {
  if (area.value === saved) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, JSON.stringify({ text: area.value, lock: form.elements.lock.value }));
}

function bringBack() {
  const copy = JSON.parse(localStorage.getItem(KEY) ?? "null");
  if (!copy || copy.text === area.value) return localStorage.removeItem(KEY);
  area.value = copy.text;
  form.elements.lock.value = copy.lock; // so that what others saved meanwhile is noticed
  say(words.restored);
  return changed();
}

// Saving

function say(text, offline = false) {
  const box = byId("save-state");
  box.classList.toggle("offline", offline);
  box.replaceChildren(Object.assign(document.createElement("span"), { textContent: text }));
}

function later(ms) {
  clearTimeout(saveTimer);
  saveTimer = setTimeout(save, ms);
}

/** Save now. Resolves to whether the server holds what the field shows. */
async function save() {
  clearTimeout(saveTimer);
  await saving;
  if (area.value === saved) return true;
  if (conflict !== null) {
    say(words.conflict, true);
    return false;
  }
  saving = send(area.value);
  const done = await saving;
  saving = null;
  return done && area.value === saved;
}

async function send(text) {
  say(words.saving);
  const body = { name, text, lock: form.elements.lock.value };
  let response;
  let json = null;
  try {
    response = await post(form.action, body, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(15_000) });
    if (response.headers.get("Content-Type")?.includes("json")) json = await response.json();
  } catch {
    response = null;
  }
  if (json && response.ok) return accept(text, json);
  if (json && response.status === 409) return quarrel(json);
  if (json) {
    say(fill(words.refused, { reason: json.message }), true);
    return false;
  }
  const ms = pause(tries);
  tries += 1;
  say(response?.redirected ? words.signedOut : fill(words.kept, { seconds: Math.ceil(ms / 1000) }), true);
  later(ms);
  return false;
}

function accept(text, json) {
  tries = 0;
  saved = text;
  form.elements.lock.value = json.lock;
  keep();
  say(json.changed.includes(name) ? fill(words.saved, { time: json.at }) : words.same);
  if (area.value !== saved) later(SAVE_MS);
  return true;
}

/** Somebody else saved this text: show theirs beside ours and let the author choose. */
function quarrel(json) {
  conflict = json;
  byId("conflict-message").textContent = json.message;
  byId("theirs").value = json.theirs;
  byId("conflict-choice").hidden = false;
  byId("conflict").hidden = false;
  say(words.conflict, true);
  return false;
}

byId("conflict-choice").addEventListener("click", (event) => {
  const choice = event.target.closest("button")?.value;
  if (!choice || !conflict) return;
  form.elements.lock.value = conflict.lock;
  saved = conflict.theirs;
  if (choice === "theirs") {
    // Ours stays in the place of theirs, to copy from.
    [area.value, byId("theirs").value] = [conflict.theirs, area.value];
    say(words.taken);
  } else byId("conflict").hidden = true;
  byId("conflict-choice").hidden = true;
  conflict = null;
  changed();
  save();
});

// Preview

function showLater(ms = PREVIEW_MS) {
  clearTimeout(previewTimer);
  previewTimer = setTimeout(show, ms);
}

async function show() {
  const { line } = lines;
  if (previewed.text === area.value && previewed.line === line) return;
  previewing?.abort();
  previewing = new AbortController();
  const asked = { text: area.value, line };
  let html;
  try {
    const response = await post(form.dataset.preview, { name, ...asked }, { signal: previewing.signal });
    if (!response.ok || response.redirected) return;
    html = await response.text();
  } catch {
    return; // the next keystroke asks again
  }
  previewed = asked;
  const fresh = new DOMParser().parseFromString(html, "text/html");
  byId("problems").replaceChildren(...fresh.getElementById("problems-new").childNodes);
  byId("outline")?.replaceChildren(...fresh.getElementById("outline-new").children);
  const pane = byId("article").closest(".preview");
  const before = byId("article").firstElementChild?.dataset.index;
  byId("article").replaceChildren(...fresh.getElementById("article-new").children);
  if (byId("article").firstElementChild?.dataset.index !== before) pane.scrollTop = 0;
  prepare();
}

function prepare() {
  typeset(byId("article"));
  mountWidgets(byId("article"));
  const own = [...byId("problems").querySelectorAll("[data-line]")].filter((link) => link.dataset.text === name);
  lines.mark(own.map((link) => Number(link.dataset.line)));
}

/** What scrolls sideways can be reached by keyboard; asked again whenever a widget or a font changes the size. */
function reachable() {
  for (const box of byId("article").querySelectorAll(".eq, pre, .scroll")) {
    if (box.scrollWidth <= box.clientWidth) continue;
    box.tabIndex = 0;
    if (!box.hasAttribute("role")) Object.assign(box, { role: "group", ariaLabel: words.scrolls });
  }
}
new ResizeObserver(reachable).observe(byId("article"));

// Events

function changed() {
  lines.update();
  keep();
  later(SAVE_MS);
  showLater();
}

area.addEventListener("input", changed);
area.addEventListener("blur", () => save());
document.addEventListener("selectionchange", () => document.activeElement === area && showLater());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  save();
});
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link || (link.dataset.text && link.dataset.text !== name)) return;
  event.preventDefault();
  lines.go(Number(link.dataset.line));
});
byId("publish").addEventListener("click", async (event) => {
  if (area.value === saved) return;
  event.preventDefault();
  if (await save()) location.assign(event.target.href);
});
byId("article").addEventListener("submit", (event) => event.preventDefault());
addEventListener("online", () => area.value === saved || save());
document.addEventListener("visibilitychange", () => document.hidden && save());
addEventListener("beforeunload", keep);

if (byId("conflict").hidden) bringBack();
prepare();
if (Number(area.dataset.line) > 1) lines.go(Number(area.dataset.line));

// The page of an open attempt: one question at a time, keys, flags, save state, clock, asking before submission.
// Without it the page is one form with every question and a submit button.
import { AnswerQueue } from "./answers.js";
import { countdown } from "./countdown.js";
import { post } from "./http.js";
import { typeset } from "./maths.js";
import { submitter } from "./quiz-submit.js";
import { TYPING, body, choices, focus, following, isAnswered, ordering, read, restore, typed } from "./quiz-values.js";

const byId = (id) => document.getElementById(id);
const form = byId("attempt");
const texts = JSON.parse(byId("quiz-texts").textContent);
const questions = [...document.querySelectorAll(".question")];
const links = [...byId("qnav").children];
const skew = Date.parse(form.dataset.now) - Date.now(); // the server's clock minus ours
const KEYS = "gradus:quiz-keys";
const PLACE = `gradus:attempt-place:${form.dataset.attempt}`;
let current = 0;
let savedAt = 0;
let retryAt = 0;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const field = (section, name) => section.querySelector(`[name="${name}-${section.dataset.question}"]`);
const isFlagged = (section) => field(section, "flagged").value === "1";

// Saving

const queue = new AnswerQueue({ attempt: form.dataset.attempt, send, on: heard });

async function send(item) {
  const section = questions.find((one) => one.dataset.question === item.question);
  const sent = body(item.value);
  sent.set("sequence", item.sequence);
  sent.set("flagged", item.flagged ? "1" : "0");
  const response = await post(section.dataset.save, sent, { signal: AbortSignal.timeout(10_000) });
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return { status: response.status, redirected: response.redirected, json: isJson ? await response.json() : null };
}

function save(section, soon = 0) {
  const sequence = Math.max(Number(field(section, "sequence").value) + 1, Date.now() + skew);
  field(section, "sequence").value = sequence;
  queue.put({ question: section.dataset.question, value: read(section), flagged: isFlagged(section), sequence }, soon);
  paint();
}

function heard({ kind, item, json, waiting, retryAt: next }) {
  retryAt = next ?? 0;
  if (kind === "saved") adopt(item, json);
  if (queue.held) return; // the submission says what comes next
  if (kind === "closed") leave(json?.message);
  if (kind === "refused") say("warn", fill(texts.refused, { reason: json?.message ?? "" }));
  else if (kind === "signed-out") say("offline", texts.signedOut);
  else if (kind === "away") tick();
  else if (kind === "saving") say("saving", texts.saving);
  else if (!waiting.length) {
    savedAt = Date.now();
    say("saved", texts.saved, true);
  }
}

/** Show what the server holds when it had something newer than what was sent. */
function adopt(item, json) {
  const section = questions.find((one) => one.dataset.question === item.question);
  if (Number(field(section, "sequence").value) > Math.max(item.sequence, json.sequence)) return; // changed again meanwhile
  const error = section.querySelector("p.error");
  if (error) {
    error.hidden = json.readable;
    error.textContent = json.readable ? "" : texts[section.dataset.kind === "shape" ? "unreadableShape" : "unreadable"];
    typed(section).setAttribute("aria-invalid", !json.readable);
  }
  if (json.kept) return;
  field(section, "sequence").value = json.sequence;
  bringBack(section, json);
  paint();
  byId("polite").textContent = texts.elsewhere;
}

function bringBack(section, { value, flagged }) {
  restore(section, value);
  field(section, "flagged").value = flagged ? "1" : "0";
}

function say(state, text, aloud = false) {
  const box = byId("save-state");
  box.dataset.state = state;
  box.classList.toggle("offline", state === "offline" || state === "warn");
  box.querySelector("[data-icon=saved]").hidden = state !== "saved";
  box.querySelector("[data-icon=offline]").hidden = state !== "offline";
  byId("save-text").textContent = text;
  if (aloud || state === "warn" || state === "offline") byId("polite").textContent = text;
}

/** Once a second: how long ago, or when it is tried again. Only the first sentence of a state is read aloud. */
function tick() {
  const state = byId("save-state").dataset.state;
  if (retryAt) {
    const count = queue.waiting.length;
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    const text = fill(texts[count === 1 ? "offline_one" : "offline_other"], { count, seconds });
    if (state !== "offline") say("offline", text);
    else byId("save-text").textContent = text;
  } else if (state === "saved" && savedAt) {
    const seconds = Math.round((Date.now() - savedAt) / 1000);
    byId("save-text").textContent = seconds >= 1 && seconds < 60 ? fill(texts.savedAgo, { seconds }) : texts.saved;
  }
}

// Showing

function paint() {
  const answered = questions.filter(isAnswered).length;
  const flagged = questions.filter(isFlagged).length;
  const total = questions.length;
  byId("submit").textContent = fill(texts.submitLabel, { answered, total });
  byId("counts").textContent = fill(texts.counts, { answered, flagged, open: total - answered });
  questions.forEach((section, index) => {
    const link = links[index];
    const flag = isFlagged(section);
    section.hidden = index !== current;
    link.classList.toggle("answered", isAnswered(section));
    link.classList.toggle("flagged", flag);
    if (index === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    const words = [fill(texts.nav, { place: index + 1 }), isAnswered(section) ? texts.navAnswered : texts.navOpen];
    link.setAttribute("aria-label", [...words, ...(flag ? [texts.navFlagged] : [])].join(texts.comma));
    const button = section.querySelector(".flag");
    button.setAttribute("aria-pressed", flag);
    button.lastElementChild.textContent = flag ? texts.flagged : texts.flag;
    const clear = section.querySelector(".clear");
    if (clear) clear.hidden = !isAnswered(section);
  });
  byId("previous").disabled = current === 0;
  byId("next").disabled = current === total - 1;
}

function show(index, withFocus = true) {
  if (index < 0 || index >= questions.length) return;
  current = index;
  paint();
  history.replaceState(history.state, "", `#q-${index + 1}`);
  sessionStorage.setItem(PLACE, index + 1);
  if (withFocus) focus(questions[index]);
}

function toggleFlag(section) {
  field(section, "flagged").value = isFlagged(section) ? "0" : "1";
  save(section);
}

/** The question in the address, else where this window was (the language switch loads the page again), else an open one. */
function fromHash() {
  const place = Number(location.hash.replace("#q-", "") || sessionStorage.getItem(PLACE));
  const open = questions.findIndex((section) => !isAnswered(section));
  current = place >= 1 && place <= questions.length ? place - 1 : Math.max(0, open);
  paint();
}

// Leaving

const submit = submitter({ form, queue, texts, fill, say, state: () => ({ questions, isAnswered, isFlagged }) });

function leave(message) {
  byId("alert").textContent = message ?? texts.timeUp;
  queue.clear();
  location.reload();
}

// Events

form.addEventListener("change", (event) => {
  const section = event.target.closest(".question");
  if (section && !event.target.matches(TYPING)) save(section);
});
form.addEventListener("input", (event) => {
  if (event.target.matches(TYPING)) save(event.target.closest(".question"), 500);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit.ask();
});
byId("questions").addEventListener("click", (event) => {
  const section = event.target.closest(".question");
  if (event.target.closest(".flag")) toggleFlag(section);
  if (event.target.closest(".clear")) {
    for (const input of choices(section)) input.checked = false;
    save(section);
    choices(section)[0].focus();
  }
});
links.forEach((link, index) => link.addEventListener("click", (event) => {
  event.preventDefault();
  show(index);
}));
byId("previous").addEventListener("click", () => show(current - 1));
byId("next").addEventListener("click", () => show(current + 1));
byId("keys-on").checked = localStorage.getItem(KEYS) !== "off";
byId("keys-on").addEventListener("change", (event) => localStorage.setItem(KEYS, event.target.checked ? "on" : "off"));

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    submit.ask();
  } else if (event.key === "Enter" && event.target.matches(".question input")) {
    event.preventDefault();
    const next = following(event.target);
    if (next) next.focus();
    else show(current + 1);
  } else if (!event.ctrlKey && !event.metaKey && !event.altKey && byId("keys-on").checked) single(event);
});

function single(event) {
  if (event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select")) return;
  const key = event.key.toLowerCase();
  const option = choices(questions[current])[Number(key) - 1];
  if (typed(questions[current])?.inputMode === "decimal" && /^[-\d.,]$/.test(key)) {
    typed(questions[current]).focus(); // the key itself then goes into the field
    return;
  }
  if (option) {
    option.click();
    option.focus();
  } else if (key === "n") show(current + 1);
  else if (key === "p") show(current - 1);
  else if (key === "f") toggleFlag(questions[current]);
  else return;
  event.preventDefault();
}

ordering(byId("questions"), (section, place, total) => {
  save(section);
  if (place) byId("polite").textContent = fill(texts.moved, { place, total });
});
addEventListener("online", () => queue.wake());
document.addEventListener("visibilitychange", () => document.hidden || queue.wake());
addEventListener("hashchange", fromHash);

// What an earlier page kept and could not send is shown again and sent now.
for (const item of queue.waiting) {
  const section = questions.find((one) => one.dataset.question === item.question);
  if (!section || Number(field(section, "sequence").value) > item.sequence) continue;
  field(section, "sequence").value = item.sequence;
  bringBack(section, item);
}
queue.wake();
typeset(byId("questions"));
document.querySelectorAll("#keys, #steps, .flag").forEach((node) => { node.hidden = false; });
setInterval(tick, 1000);
if (form.dataset.deadline) {
  countdown({ deadline: Date.parse(form.dataset.deadline), skew, texts, over: () => submit.now(texts.timeUp) });
}
fromHash();

// The page of a run: joins stream, chart, figures, samples and table. Everything it draws was on the page before it ran.
import { LossChart } from "./chart.js";
import { Curve, pace } from "./curve.js";
import { joinCopy, joinCopyButtons } from "./copy.js";
import { joinSliders } from "./play.js";
import { joinReplay } from "./replay.js";
import { drawAnswers, headline } from "./outputs.js";
import { drawTable, drawWritten, markWritten } from "./samples.js";
import { ENDINGS, RunStream } from "./stream.js";
import { decimals, fill, thousands } from "./words.js";

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("run-data").textContent);
const words = JSON.parse($("words").textContent);
const root = $("run-page");
const { run } = data;
const curve = new Curve(data);
const view = readView(new URLSearchParams(location.search));
let looked = Infinity; // the step where the cursor was last
const chart = new LossChart($("chart"), {
  curve, run, words, view, beside: data,
  onCursor: (step) => {
    if (step !== null) lookInside((looked = step)); // and stays there: the way to the link leaves the chart
    if (data.text) markWritten($("writes-rows"), step ?? curve.held.step.at(-1) ?? null);
    else drawAnswers($("answers"), curve.answers(step ?? Infinity));
  },
  onHold: (count) => {
    $("held-still").textContent = count > 0 ? fill(words.held_still, { count: thousands(count) }) : chart?.zoom ? words.zoomed : "";
  },
  onFrame: ({ start, zoomed }) => {
    $("frame").textContent = start === null ? "" : `· ${fill(words.frame, { loss: decimals(start, 2) })}`;
    $("held-still").textContent = zoomed ? words.zoomed : "";
  },
});

/* The view lives in the address */
function readView(query) {
  const smooth = Number(query.get("smooth") ?? 0);
  return {
    axis: ["tokens", "seconds"].includes(query.get("axis")) ? query.get("axis") : "step",
    log: query.get("log") === "1",
    smooth: smooth > 0 && smooth <= 0.98 ? smooth : 0,
    prompt: Math.max(0, Math.min(data.prompts.length - 1, parseInt(query.get("prompt") ?? "0", 10) || 0)),
  };
}
function saveView() {
  const query = new URLSearchParams(location.search);
  for (const name of ["axis", "log", "smooth", "prompt"]) query.delete(name);
  if (view.axis !== "step") query.set("axis", view.axis);
  if (view.log) query.set("log", "1");
  if (view.smooth) query.set("smooth", String(view.smooth));
  if (view.prompt) query.set("prompt", String(view.prompt));
  history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
}
function showView() {
  for (const button of $("axis").children) button.ariaPressed = String(button.value === view.axis);
  $("log").ariaPressed = String(view.log);
  $("smooth").value = view.smooth;
  $("smooth-out").textContent = view.smooth ? view.smooth.toFixed(2) : "0";
  for (const link of $("prompts")?.children ?? []) {
    if (+link.dataset.prompt === view.prompt) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
function changeView(change, redraw = true) {
  if ("axis" in change || "log" in change) chart.zoom = null;
  Object.assign(view, change);
  showView();
  saveView();
  if (redraw) chart.rebuild();
}
$("axis").addEventListener("click", ({ target }) => target.value && changeView({ axis: target.value }));
$("log").addEventListener("click", () => changeView({ log: !view.log }));
$("smooth").addEventListener("input", ({ target }) => changeView({ smooth: +target.value }));
$("prompts")?.addEventListener("click", (event) => {
  const link = event.target.closest("[data-prompt]");
  if (!link) return;
  event.preventDefault();
  changeView({ prompt: +link.dataset.prompt }, false);
  writes();
});

/* What it writes */
function writes() {
  if (!data.text) return drawAnswers($("answers"), curve.answers());
  const texts = curve.written(data.prompts[view.prompt]);
  const steps = run.ended ? [...texts.keys()].sort((a, b) => a - b) : data.planned;
  const held = new Map(curve.held.step.map((step, i) => [step, curve.held.loss[i]]));
  drawWritten($("writes-rows"), { steps, texts, held, prompt: data.prompts[view.prompt], nothing: words.wrote_nothing });
  return markWritten($("writes-rows"), curve.held.step.at(-1) ?? null);
}
$("writes-rows")?.addEventListener("pointerover", (event) => {
  const row = event.target.closest("[data-step]");
  if (row && +row.dataset.step <= curve.step) chart.show(+row.dataset.step);
});
$("writes-rows")?.addEventListener("pointerleave", () => chart.show(null));

/** The link into the model as it was at the last checkpoint up to `step`: where the cursor was last, else the newest. */
function lookInside(step) {
  const link = $("look-inside"), { step: kept } = curve.held, at = kept.filter((one) => one <= step).at(-1) ?? kept[0];
  link.hidden = at === undefined;
  if (at === undefined) return;
  link.querySelector("span").textContent = fill(link.dataset.words, { step: thousands(at) });
  link.search = `?step=${at}`;
}

/* Latest figures and the one sentence */
function figures() {
  const { points, held } = curve, each = pace(points), step = curve.step, perStep = curve.info.started?.tokens_per_step;
  $("s-step").textContent = thousands(step);
  $("bar").value = step;
  $("s-loss").textContent = decimals(points.loss.at(-1));
  $("s-held").textContent = decimals(held.loss.at(-1));
  if (data.text) $("s-bpb").textContent = decimals(held.bits_per_byte.at(-1));
  const share = data.text ? undefined : headline(curve.shares, data.measures);
  if (share) [$("s-share-label").textContent, $("s-share").textContent] = [share.label, share.text];
  $("s-tps").textContent = each && perStep ? thousands(perStep / each) : "–";
  $("s-left-label").textContent = run.ended ? words.took : words.time_left;
  const seconds = run.ended ? (run.seconds ?? points.seconds.at(-1)) : each && each * (run.steps - step);
  $("s-left").textContent = Number.isFinite(seconds) ? duration(seconds) : "–";
  $("sentence").textContent = sentence(step);
  if (!run.ended && step) $("stair-run").querySelector("small").textContent = fill(words.step, { step: thousands(step) });
}
/** As the server's filter of this name has it: "0.4 s", "18 s", "2 min 5 s". */
function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return fill(words.seconds, { seconds: seconds < 10 ? seconds.toFixed(1) : whole });
  return fill($("s-left").dataset.minutes, { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}
function sentence(step) {
  const { points, held, info } = curve;
  if (!step) return run.ended ? $("sentence").dataset.ended : words.nothing;
  const values = { step: thousands(step), loss: decimals(points.loss.at(-1)) };
  if (!held.loss.length) return fill(words.train, values);
  Object.assign(values, { held: decimals(held.loss.at(-1)), at: thousands(held.step.at(-1)) });
  if (typeof info.baseline?.loss !== "number") return fill(words.held, values);
  const gap = held.loss.at(-1) - info.baseline.loss;
  return fill(gap < 0 ? words.below : words.above, { ...values, gap: decimals(Math.abs(gap)), order: info.baseline.order });
}
function update(checkpoint) {
  figures();
  chart.refresh();
  if (!checkpoint) return;
  lookInside(looked);
  writes();
  drawTable($("table-rows"), curve.held, curve.points);
}

/* State: words about it come from the server as a fragment */
let asked = 0;
function setState(state) {
  const changed = state !== run.state;
  Object.assign(run, { state, ended: ENDINGS.has(state) });
  root.dataset.state = state;
  if (!changed && Date.now() - asked < 5000) return; // queue places at most every five seconds
  asked = Date.now();
  refresh();
}
/* Ask again while the words are not yet about this state: the first asking may have come before htmx was listening */
function refresh(tries = 8) {
  $("run-status").dispatchEvent(new CustomEvent("refresh"));
  setTimeout(() => tries && $("run-status").firstElementChild.dataset.stateOfWords !== run.state && refresh(tries - 1), 400);
}
const on = {
  snapshot(message) {
    curve.replace(message);
    if (message.run) setState(message.run.state);
    update(true);
  },
  events(events) {
    curve.add(events);
    if (!run.ended && run.state !== "running") setState("running");
    update(events.some(({ kind }) => ["held_out", "sample", "started"].includes(kind)));
  },
  state({ state, result }) {
    if (result?.seconds) run.seconds = result.seconds;
    setState(state);
    update(true);
  },
  ping({ state }) {
    if (state !== run.state) setState(state);
  },
  status(status, seconds) {
    $("lost").hidden = status !== "lost";
    if (status !== "lost") return;
    $("lost-what").textContent = fill(words.lost, { seconds });
    $("lost-kept").textContent = fill(words.kept, { step: thousands(curve.step) });
  },
};

/* Focus stays inside the part that was swapped: on its heading, when the button that had it is gone */
let inside = false;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.requestConfig.elt.isConnected) {
    detail.shouldSwap = false; // another answer came first and replaced the button that asked: look again instead
    return refresh();
  }
  inside = detail.target.id === "run-status" && document.activeElement.matches("#run-status *, #run-act *");
});
document.addEventListener("htmx:afterSettle", () => {
  joinSliders(document);
  joinCopyButtons(document);
  if (inside && document.activeElement === document.body) $("run-status").focus();
});

for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
joinSliders(document);
joinCopyButtons(document);
joinCopy($("copy-link"), words);
showView();
update(true);
if (data.replay)
  joinReplay(root, data, {
    empty() {
      run.ended = false;
      curve.replace({ curve: {}, samples: [], info: { started: data.info.started } });
      update(true);
    },
    add(events) {
      curve.add(events);
      update(events.some(({ kind }) => kind !== "point"));
    },
    done() {
      run.ended = true;
      curve.replace(data);
      update(true);
    },
  });
else if (!run.ended) new RunStream(root.dataset.stream, on).open();

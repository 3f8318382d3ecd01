// Submitting an attempt: ask with numbers, then send the whole form; offline, try again until the server has it.
import { pause } from "./answers.js";
import { post } from "./http.js";

const byId = (id) => document.getElementById(id);

/** Offers ask() for the person and now(words) for the clock. Sending twice is harmless: the server grades once. */
export function submitter({ form, queue, texts, fill, say, state }) {
  const dialog = byId("submit-dialog");
  let tries = 0;
  let under = false;

  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    dialog.close();
    if (button.value === "yes") now(texts.submitting);
  });

  function ask() {
    if (under || dialog.open) return;
    const { questions, isAnswered, isFlagged } = state();
    const places = (test) => questions.map((section, index) => (test(section) ? index + 1 : 0)).filter(Boolean);
    const open = places((section) => !isAnswered(section));
    list("submit-open", open);
    list("submit-flagged", places(isFlagged));
    byId("submit-ask").textContent = fill(texts.submitAsk, {
      answered: questions.length - open.length,
      total: questions.length,
    });
    dialog.showModal();
  }

  function list(id, places) {
    byId(id).hidden = !places.length;
    byId(id).querySelector("span").textContent = places.join(texts.comma);
  }

  function now(words) {
    if (under) return;
    under = true;
    queue.hold();
    byId("submit").disabled = true;
    byId("polite").textContent = words;
    say("saving", words);
    send();
  }

  async function send() {
    let response;
    try {
      response = await post(form.action, new FormData(form), { signal: AbortSignal.timeout(15_000) });
    } catch {
      response = null;
    }
    if (!response || response.status >= 500) return later();
    const home = new URL(location.href).pathname;
    if (response.redirected && new URL(response.url).pathname !== home) return later(texts.signedOut);
    queue.clear();
    location.replace(home);
    return undefined;
  }

  function later(words) {
    const ms = pause(tries);
    tries += 1;
    say("offline", words ?? fill(texts.submitOffline, { seconds: Math.ceil(ms / 1000) }));
    setTimeout(send, ms);
  }

  return { ask, now };
}

// Questions about the run of this page: one POST, then polls until a worker has answered.
import { csrfToken } from "../http.js";

const FIRST_MS = 50, POLL_MS = 150, LATEST_MS = 30_000;

/** A failure in the reader's words; `code` is for programs; `passing` says that it may go well when asked again. */
export class AskError extends Error {
  constructor({ code = "", message = "", hint = "", fields = {}, passing = false }) {
    super([message, ...Object.values(fields), hint].filter((part, i, all) => part && all.indexOf(part) === i).join(" "));
    Object.assign(this, { name: "AskError", code, fields, passing });
  }
}

/**
 * A function `ask(question, params, { slot })` that resolves to the answer. `url` holds QUESTION where its name goes;
 * `words` has `failed` and `late`. A later question of the same slot (by default: of the same name) makes the promise of
 * an earlier one reject with an AbortError; everything else rejects with an AskError.
 */
export function asker(url, words) {
  const under = new Map();
  return async (question, params = {}, { slot = question } = {}) => {
    under.get(slot)?.abort();
    const stop = new AbortController(), { signal } = stop;
    under.set(slot, stop);
    try {
      const body = JSON.stringify(params), headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
      let response = await call(url.replace("QUESTION", question), { method: "POST", body, headers, signal }, words);
      const until = Date.now() + LATEST_MS;
      for (let pause = FIRST_MS; response.status === 202; pause = Math.min(POLL_MS, 1.7 * pause)) {
        const { url: address } = await response.json();
        if (Date.now() > until) throw new AskError({ code: "late", message: words.late, passing: true });
        await sleep(pause, signal);
        response = await call(address, { signal }, words);
      }
      return await response.json();
    } finally {
      if (under.get(slot) === stop) under.delete(slot);
    }
  };
}

async function call(url, options, words) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", redirect: "error", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new AskError({ code: "offline", message: words.failed, passing: true });
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new AskError({ message: words.failed, ...said, passing: response.status >= 500 || response.status === 429 });
}

const sleep = (ms, signal) => new Promise((done, fail) => {
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    fail(signal.reason);
  }, { once: true });
});

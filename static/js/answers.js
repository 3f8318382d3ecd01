// Answers on their way to the server: kept in localStorage until the server has said "saved", sent one after the other,
// tried again with growing, jittered pauses while offline. Used by quiz.js; nothing here touches the page.

export const FIRST_PAUSE_MS = 1000;
export const LONGEST_PAUSE_MS = 20_000;

/** The pause before try number `tries` (from 0): doubled each time up to a limit, then spread over half to all of it. */
export function pause(tries, random = Math.random) {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries);
  return Math.round(full * (0.5 + random() / 2));
}

/** `waiting` with `item` instead of an older one for the same question. */
export function merge(waiting, item) {
  const others = waiting.filter((one) => one.question !== item.question);
  const old = waiting.find((one) => one.question === item.question);
  return old && old.sequence > item.sequence ? waiting : [...others, item];
}

/** What the answer of the server means: saved, closed, signed-out, refused or away. */
export function meaning({ status, redirected, json }) {
  if (redirected || status === 401) return "signed-out";
  if (status === 200 && json) return "saved";
  if (status === 409) return "closed";
  if (status === 422 || status === 404) return "refused";
  return "away";
}

/**
 * A queue for one attempt. `send(item)` resolves to {status, redirected, json} and rejects when there is no answer;
 * `on(state)` hears {kind, waiting, item, json, retryAt} after each change.
 */
export class AnswerQueue {
  constructor({ attempt, send, on, storage = localStorage, delay = (call, ms) => setTimeout(call, ms) }) {
    Object.assign(this, { send, on, storage, delay, key: `gradus:attempt:${attempt}`, tries: 0, busy: false, held: false, timer: 0 });
  }

  get waiting() {
    try {
      return JSON.parse(this.storage.getItem(this.key) ?? "[]");
    } catch {
      return [];
    }
  }

  set waiting(items) {
    if (items.length) this.storage.setItem(this.key, JSON.stringify(items));
    else this.storage.removeItem(this.key);
  }

  /** Keep `item` now and send it `soon` milliseconds later (a person may still be typing). */
  put(item, soon = 0) {
    this.waiting = merge(this.waiting, item);
    this.on({ kind: "saving", waiting: this.waiting });
    this.schedule(soon);
  }

  /** Keep, but send nothing more: the whole form is on its way. */
  hold() {
    clearTimeout(this.timer);
    this.held = true;
  }

  /** Send what waits, now or in `ms`. */
  schedule(ms) {
    clearTimeout(this.timer);
    if (this.held) return;
    this.timer = this.delay(() => this.flush(), ms);
  }

  /** Send everything that waits, the oldest first. Resolves when nothing waits or the server is away. */
  async flush() {
    if (this.busy || this.held) return;
    this.busy = true;
    try {
      for (let [item] = this.waiting; item && !this.held; [item] = this.waiting) {
        if (!(await this.#one(item))) break;
      }
    } finally {
      this.busy = false;
    }
  }

  async #one(item) {
    let answer;
    try {
      answer = await this.send(item);
    } catch {
      answer = { status: 0 };
    }
    const kind = meaning(answer);
    if (kind === "away" || kind === "signed-out") return this.#later(kind, item);
    this.tries = 0;
    if (kind === "closed") this.waiting = [];
    else this.waiting = this.waiting.filter((one) => one.question !== item.question || one.sequence > item.sequence);
    this.on({ kind, item, json: answer.json, waiting: this.waiting });
    return kind !== "closed";
  }

  #later(kind, item) {
    const ms = pause(this.tries);
    this.tries += 1;
    this.on({ kind, item, waiting: this.waiting, retryAt: Date.now() + ms });
    this.schedule(ms);
    return false;
  }

  /** The connection is back: no reason to wait. */
  wake() {
    this.tries = 0;
    if (this.waiting.length) this.schedule(0);
  }

  clear() {
    clearTimeout(this.timer);
    this.waiting = [];
  }
}

// The live stream of a run: Server-Sent Events that come back by themselves and never lose their place.
//
// The browser's own reconnecting gives up for good after one 503, so every error closes the source and a new one is
// opened after a while, with `?after=` the last id seen. The server sends what is missing, or a snapshot of everything.

const FIRST_MS = 500;
const LONGEST_MS = 8000;
const HIDDEN_MS = 30_000;
export const ENDINGS = new Set([
  "finished", "cancelled", "diverged", "out_of_time", "out_of_memory", "worker_lost", "refused",
]);

/** How long to wait before try number `tries` (0 is the first): doubling, with up to half of it left to chance. */
export function backoff(tries, random = Math.random) {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** tries);
  return longest * (0.5 + random() / 2);
}

/** The address that goes on after `last`. */
export function address(url, last) {
  return last ? `${url}${url.includes("?") ? "&" : "?"}after=${encodeURIComponent(last)}` : url;
}

export class RunStream {
  /**
   * `on` has snapshot, events, state and ping, each called with the message's data, and status, called with "live",
   * "lost" (and seconds until the next try) or "ended".
   */
  constructor(url, on, { Source = globalThis.EventSource, page = globalThis.document, random = Math.random } = {}) {
    Object.assign(this, { url, on, Source, page, random, last: "", tries: 0, source: null, timer: null, ended: false });
    this.page?.addEventListener("visibilitychange", () => this.#visible());
    globalThis.window?.addEventListener("online", () => this.#again());
    globalThis.window?.addEventListener("pagehide", () => this.#close());
    globalThis.window?.addEventListener("pageshow", (event) => event.persisted && this.#again());
  }

  open() {
    if (this.ended || this.source) return;
    clearTimeout(this.timer);
    const source = (this.source = new this.Source(address(this.url, this.last)));
    source.onopen = () => this.#live();
    source.onerror = () => source === this.source && this.#lost();
    for (const kind of ["snapshot", "events", "state", "ping"])
      source.addEventListener(kind, (message) => source === this.source && this.#take(kind, message));
  }

  #take(kind, message) {
    if (message.lastEventId) this.last = message.lastEventId;
    this.#live();
    const data = JSON.parse(message.data);
    this.on[kind]?.(data);
    if (data.run?.ended || (kind === "state" && ENDINGS.has(data.state))) this.end();
  }

  /** No more is to come. */
  end() {
    this.ended = true;
    this.#close();
    this.on.status?.("ended");
  }

  #live() {
    this.tries = 0;
    this.on.status?.("live");
  }

  #close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  #lost() {
    this.#close();
    this.#wait(Date.now() + backoff(this.tries++, this.random));
  }

  /** Say the seconds left once a second, then open. */
  #wait(until) {
    const left = until - Date.now();
    if (left <= 0) return this.open();
    this.on.status?.("lost", Math.ceil(left / 1000));
    this.timer = setTimeout(() => this.#wait(until), Math.min(left, 1000));
  }

  #again() {
    if (!this.ended && !this.source) this.open();
  }

  /** A page that nobody sees gives its connection back after a while: a browser has only six. */
  #visible() {
    clearTimeout(this.hiding);
    if (this.page.hidden) this.hiding = setTimeout(() => this.#close(), HIDDEN_MS);
    else this.#again();
  }
}

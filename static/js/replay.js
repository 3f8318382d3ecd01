// Plays a finished run as it went: its events come at the seconds at which they were, once or ten times as fast.

/** The events of a stored run in the order in which they came: [{at (seconds), event}]. */
export function eventsOf({ curve, samples = [], info = {} }) {
  const list = [], { held_out: held } = curve, last = curve.seconds.at(-1) ?? 0;
  const rows = (columns, names, kind) => columns.step.forEach((step, i) => {
    const event = { kind };
    for (const name of names) event[name] = columns[name]?.[i] ?? null;
    list.push({ at: columns.seconds[i], event });
  });
  rows(curve, ["step", "tokens", "seconds", "loss", "rate", "grad_norm"], "point");
  rows(held, ["step", "tokens", "seconds", "loss", "perplexity", "bits_per_byte"], "held_out");
  const shares = new Map(curve.shares?.step.map((step, i) => [step, curve.shares.measures[i]]));
  for (const { event } of list) if (event.kind === "held_out") event.measures = shares.get(event.step) ?? {};
  const when = new Map(held.step.map((step, i) => [step, held.seconds[i]]));
  for (const sample of samples) list.push({ at: when.get(sample.step) ?? last, event: { ...sample, kind: "sample" } });
  if (info.baseline) list.push({ at: curve.seconds[Math.min(9, curve.seconds.length - 1)] ?? 0, event: { ...info.baseline, kind: "baseline" } });
  const order = ["point", "baseline", "held_out", "sample"];
  return list.sort((a, b) => a.at - b.at || order.indexOf(a.event.kind) - order.indexOf(b.event.kind));
}

/** How fast the address asks for: 1, 10, or undefined for everything at once. */
export function paceOf(search) {
  const asked = new URLSearchParams(search).get("play");
  return asked === "1" || asked === "10" ? Number(asked) : undefined;
}

export class Replay {
  /** `onStart()`, `onEvents(events)` in groups, `onEnd()`. */
  constructor(stored, { onStart, onEvents, onEnd }) {
    Object.assign(this, { list: eventsOf(stored), onStart, onEvents, onEnd });
  }

  start(pace) {
    this.stop();
    this.onStart();
    const began = performance.now();
    let next = 0;
    const tick = () => {
      const until = ((performance.now() - began) / 1000) * pace, from = next;
      while (next < this.list.length && this.list[next].at <= until) next++;
      if (next > from) this.onEvents(this.list.slice(from, next).map(({ event }) => event));
      if (next === this.list.length) this.finish();
    };
    this.timer = setInterval(tick, 100);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  finish() {
    this.stop();
    this.onEnd();
  }
}

/**
 * The buttons [data-play] of `root`, and the way of playing that the address asks for. While it plays, `root` has
 * data-replaying, so that what the run came to stays hidden.
 */
export function joinReplay(root, stored, { empty, add, done }) {
  const links = root.querySelectorAll("[data-play]");
  const show = (pace) => {
    for (const link of links) {
      if (link.dataset.play === String(pace ?? "all")) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const ended = () => {
    delete root.dataset.replaying;
    done();
  };
  const replay = new Replay(stored, {
    onStart() {
      root.dataset.replaying = "";
      empty();
    },
    onEvents: add,
    onEnd: ended,
  });
  const play = (pace) => {
    show(pace);
    if (pace) return replay.start(pace);
    replay.stop();
    return ended();
  };
  for (const link of links)
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const query = new URLSearchParams(location.search);
      query.set("play", link.dataset.play);
      history.replaceState(history.state, "", `${location.pathname}?${query}${location.hash}`);
      play(paceOf(location.search));
    });
  show(paceOf(location.search));
  if (paceOf(location.search)) play(paceOf(location.search));
}

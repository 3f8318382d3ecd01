import assert from "node:assert/strict";
import test from "node:test";

import { RunStream, address, backoff } from "./stream.js";

class Source {
  static made = [];
  constructor(url) {
    Object.assign(this, { url, closed: false, listeners: {} });
    Source.made.push(this);
  }
  addEventListener(kind, listener) {
    this.listeners[kind] = listener;
  }
  close() {
    this.closed = true;
  }
  send(kind, data, lastEventId = "") {
    this.listeners[kind]({ data: JSON.stringify(data), lastEventId });
  }
}

function page() {
  return Object.assign(new EventTarget(), { hidden: false });
}

function stream(t, seen = []) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  Source.made = [];
  const note = (kind) => (data) => seen.push([kind, data]);
  const on = { snapshot: note("snapshot"), events: note("events"), state: note("state"), ping: note("ping") };
  on.status = (status, seconds) => seen.push(["status", status, seconds]);
  const its = page(), made = new RunStream("/runs/7/stream", on, { Source, page: its, random: () => 1 });
  made.open();
  return { made, its, seen };
}

test("waits grow from half a second to eight, with up to half of it left to chance", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 9].map((n) => backoff(n, () => 1)), [500, 1000, 2000, 4000, 8000, 8000]);
  assert.equal(backoff(4, () => 0), 4000);
});

test("the address goes on after the last id", () => {
  assert.equal(address("/s", ""), "/s");
  assert.equal(address("/s", "5-0"), "/s?after=5-0");
});

test("messages reach their handlers, parsed", (t) => {
  const { seen } = stream(t);
  Source.made[0].send("snapshot", { run: { ended: false } }, "1-0");
  Source.made[0].send("events", [{ kind: "point" }], "2-0");
  assert.deepEqual(seen.filter(([kind]) => kind !== "status"), [["snapshot", { run: { ended: false } }], ["events", [{ kind: "point" }]]]);
});

test("a lost connection says how long it waits, and comes back where it was", (t) => {
  const { seen } = stream(t);
  Source.made[0].send("events", [], "9-3");
  Source.made[0].onerror();
  assert.ok(Source.made[0].closed);
  assert.deepEqual(seen.at(-1), ["status", "lost", 1]);
  t.mock.timers.tick(500);
  assert.equal(Source.made[1].url, "/runs/7/stream?after=9-3");
  Source.made[1].onopen();
  assert.deepEqual(seen.at(-1).slice(0, 2), ["status", "live"]);
});

test("seconds are counted down while it waits", (t) => {
  const { seen, made } = stream(t);
  made.tries = 2;
  Source.made[0].onerror();
  t.mock.timers.tick(1000);
  assert.deepEqual(seen.map(([, , seconds]) => seconds), [2, 1]);
});

test("what an old source still says is not heard", (t) => {
  const { seen } = stream(t);
  const [old] = Source.made;
  old.onerror();
  t.mock.timers.tick(500);
  const before = seen.length;
  old.send("events", [], "99-0");
  old.onerror();
  assert.equal(seen.length, before);
  assert.equal(Source.made.length, 2);
});

test("after an ending nothing is opened again", (t) => {
  const { made, seen } = stream(t);
  Source.made[0].send("state", { state: "finished" }, "3-0");
  assert.ok(Source.made[0].closed);
  assert.deepEqual(seen.at(-1).slice(0, 2), ["status", "ended"]);
  made.open();
  t.mock.timers.tick(60_000);
  assert.equal(Source.made.length, 1);
});

test("a snapshot of an ended run ends it too; a requeued run goes on", (t) => {
  const { made } = stream(t);
  Source.made[0].send("state", { state: "queued" });
  assert.equal(made.ended, false);
  Source.made[0].send("snapshot", { run: { ended: true } });
  assert.equal(made.ended, true);
});

test("a page out of sight gives its connection back after half a minute and takes it up again", (t) => {
  const { its } = stream(t);
  its.hidden = true;
  its.dispatchEvent(new Event("visibilitychange"));
  t.mock.timers.tick(29_000);
  assert.equal(Source.made[0].closed, false);
  t.mock.timers.tick(1000);
  assert.ok(Source.made[0].closed);
  its.hidden = false;
  its.dispatchEvent(new Event("visibilitychange"));
  assert.equal(Source.made.length, 2);
});

test("a glance elsewhere keeps the connection", (t) => {
  const { its } = stream(t);
  its.hidden = true;
  its.dispatchEvent(new Event("visibilitychange"));
  t.mock.timers.tick(5000);
  its.hidden = false;
  its.dispatchEvent(new Event("visibilitychange"));
  t.mock.timers.tick(60_000);
  assert.equal(Source.made.length, 1);
  assert.equal(Source.made[0].closed, false);
});

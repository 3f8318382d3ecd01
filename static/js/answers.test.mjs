import assert from "node:assert/strict";
import test from "node:test";

import { AnswerQueue, LONGEST_PAUSE_MS, meaning, merge, pause } from "./answers.js";

function memory() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}

function queue(send) {
  const states = [];
  const made = new AnswerQueue({
    attempt: 1,
    send,
    on: (state) => states.push(state.kind),
    storage: memory(),
    delay: () => 0, // the test flushes itself
  });
  return { made, states };
}

const item = (question, sequence, value = "a") => ({ question, sequence, value: [value], flagged: false });
const saved = { status: 200, redirected: false, json: { kept: true } };

test("pauses grow, are spread, and stay below the limit", () => {
  assert.equal(pause(0, () => 0), 500);
  assert.equal(pause(0, () => 1), 1000);
  assert.ok(pause(3, () => 0.5) > pause(1, () => 0.5));
  assert.equal(pause(30, () => 1), LONGEST_PAUSE_MS);
});

test("only the newest answer to a question waits", () => {
  assert.deepEqual(merge([item("x", 1)], item("x", 2, "b")), [item("x", 2, "b")]);
  assert.deepEqual(merge([item("x", 2)], item("x", 1, "b")), [item("x", 2)]);
  assert.equal(merge([item("x", 1)], item("y", 1)).length, 2);
});

test("each answer of the server has one meaning", () => {
  assert.equal(meaning(saved), "saved");
  assert.equal(meaning({ status: 200, redirected: true }), "signed-out");
  assert.equal(meaning({ status: 409, json: {} }), "closed");
  assert.equal(meaning({ status: 422, json: {} }), "refused");
  assert.equal(meaning({ status: 503 }), "away");
  assert.equal(meaning({ status: 200, json: null }), "away");
});

test("an answer leaves the queue only when the server has saved it", async () => {
  const { made, states } = queue(async () => saved);
  made.put(item("x", 1));
  assert.equal(made.waiting.length, 1);
  await made.flush();
  assert.equal(made.waiting.length, 0);
  assert.deepEqual(states, ["saving", "saved"]);
});

test("offline answers are kept and sent when the server is back", async () => {
  let online = false;
  const sent = [];
  const { made, states } = queue(async (one) => {
    if (!online) throw new TypeError("no network");
    sent.push(one.question);
    return saved;
  });
  made.put(item("x", 1));
  made.put(item("y", 2));
  await made.flush();
  assert.equal(made.waiting.length, 2);
  assert.equal(states.at(-1), "away");
  online = true;
  await made.flush();
  assert.deepEqual(sent, ["x", "y"]);
  assert.equal(made.waiting.length, 0);
});

test("an answer changed while it is being sent is sent again", async () => {
  const values = [];
  const { made } = queue(async (one) => {
    values.push(one.value[0]);
    if (values.length === 1) made.put(item("x", 2, "b"));
    return saved;
  });
  made.put(item("x", 1, "a"));
  await made.flush();
  assert.deepEqual(values, ["a", "b"]);
  assert.equal(made.waiting.length, 0);
});

test("a held queue keeps its answers and sends nothing", async () => {
  const { made } = queue(async () => assert.fail("sent"));
  made.hold();
  made.put(item("x", 1));
  await made.flush();
  assert.equal(made.waiting.length, 1);
});

test("a closed attempt empties the queue", async () => {
  const { made, states } = queue(async () => ({ status: 409, json: { message: "late" } }));
  made.put(item("x", 1));
  made.put(item("y", 1));
  await made.flush();
  assert.equal(made.waiting.length, 0);
  assert.equal(states.at(-1), "closed");
});

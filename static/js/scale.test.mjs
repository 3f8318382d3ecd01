import assert from "node:assert/strict";
import test from "node:test";

import { digits, frame, lastX, linearTicks, logTicks, spread } from "./scale.js";

test("linear ticks are round and inside", () => {
  assert.deepEqual(linearTicks(0, 1000, 5), [0, 200, 400, 600, 800, 1000]);
  assert.deepEqual(linearTicks(1.3, 3.1, 4), [1.5, 2, 2.5, 3]);
  assert.deepEqual(linearTicks(2, 2, 4), [2]);
});

test("logarithmic ticks are true decades with 2 and 5, only decades where those are too many", () => {
  assert.deepEqual(logTicks(1, 100), [1, 2, 5, 10, 20, 50, 100]);
  assert.deepEqual(logTicks(1, 1e6, 8), [1, 10, 100, 1000, 1e4, 1e5, 1e6]);
  assert.deepEqual(logTicks(30, 90), [50]);
});

test("ticks are written in full with just enough decimals", () => {
  assert.equal(digits([1, 1.5, 2]), 1);
  assert.equal(digits([1.6, 1.62, 1.64]), 2);
  assert.equal(digits([1.5, 1.75, 2]), 2);
  assert.equal(digits([1.2]), 1);
});

test("the frame leaves the steep first steps out, but never a later spike, the baseline or the prediction", () => {
  const losses = Array.from({ length: 500 }, (_, i) => 1.5 + 3 * Math.exp(-i / 8));
  const [low, high] = frame({ losses, others: [1.2, 1.7], steps: 500 });
  assert.ok(high < 3 && high > 1.7, `high ${high}`);
  assert.ok(low < 1.2, `low ${low}`);
  losses[300] = 4;
  assert.ok(frame({ losses, steps: 500 })[1] >= 4);
});

test("a logarithmic axis and a diverged run show everything", () => {
  const losses = Array.from({ length: 100 }, (_, i) => 4.5 - i / 50);
  assert.ok(frame({ losses, steps: 100, log: true })[1] > 4.5);
  assert.ok(frame({ losses: [4, 5, 9, 15], steps: 100, diverged: true })[1] > 15);
  assert.ok(frame({ losses: [4, 5, 9, 1e9], steps: 100, diverged: true })[1] < 20);
});

test("before the first point the frame has room for any usual prediction", () => {
  assert.deepEqual(frame({ losses: [], steps: 10 }), [0, 5]);
  assert.deepEqual(frame({ losses: [], others: [1.5, undefined], steps: 10 }), [0, 5]);
  assert.deepEqual(frame({ losses: [], others: [7], steps: 10 }), [0, 7.5]);
});

test("x spans the whole run, also in seconds by its pace, and the seen part of one that ended early", () => {
  const run = { values: [1, 2, 3], step: 3, steps: 100, tokensPerStep: 64, pace: 0.5 };
  assert.equal(lastX({ ...run, axis: "step", whole: true }), 100);
  assert.equal(lastX({ ...run, axis: "tokens", whole: true }), 6400);
  assert.equal(lastX({ ...run, axis: "seconds", whole: true }), 3 + 97 * 0.5);
  assert.equal(+lastX({ ...run, axis: "step", whole: false }).toFixed(6), 3.24);
});

test("labels are pushed apart and stay in order", () => {
  const ys = spread([{ y: 10, text: "a" }, { y: 12, text: "b" }, { y: 40, text: "c" }], 15);
  assert.deepEqual(ys.map((label) => label.text), ["a", "b", "c"]);
  assert.ok(ys[1].at - ys[0].at > 14.9 && ys[2].at - ys[1].at > 14.9);
});

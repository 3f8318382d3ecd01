import assert from "node:assert/strict";
import test from "node:test";

import { Curve, lowerBound, pace, smooth, thin } from "./curve.js";

const point = (step, loss = 1 / step) => ({ kind: "point", step, tokens: step * 8, seconds: step / 10, loss, rate: 0.03, grad_norm: 1 });
const held = (step, loss) => ({ kind: "held_out", step, tokens: step * 8, seconds: step / 10, loss, perplexity: 2, bits_per_byte: 1 });
const sample = (step, text) => ({ kind: "sample", step, prompt: "The ", text });

test("events append, and a step that comes again is replaced", () => {
  const curve = new Curve();
  curve.add([point(1), point(2), point(3, 9), point(3, 7), point(2, 5)]);
  assert.deepEqual(curve.points.step, [1, 2, 3]);
  assert.deepEqual(curve.points.loss, [1, 5, 7]);
  assert.equal(curve.step, 3);
});

test("a restart forgets what came after its checkpoint and draws no zigzag", () => {
  const curve = new Curve();
  curve.add([point(1), point(2), held(2, 2), sample(2, "a"), point(3), point(4), held(4, 1), sample(4, "b")]);
  curve.add([{ kind: "started", step: 2, tokens_per_step: 8 }, point(3, 30)]);
  assert.deepEqual(curve.points.step, [1, 2, 3]);
  assert.deepEqual(curve.points.loss, [1, 1 / 2, 30]);
  assert.deepEqual(curve.held.step, [2]);
  assert.deepEqual([...curve.written("The ")], [[2, "a"]]);
});

test("a snapshot replaces everything that it holds and leaves the rest", () => {
  const curve = new Curve({ curve: { step: [1], loss: [4] }, info: { baseline: { order: 3, loss: 1.7 } }, samples: [sample(1, "x")] });
  curve.add([point(2)]);
  curve.replace({ curve: { step: [1, 2, 3], tokens: [1, 2, 3], seconds: [1, 2, 3], loss: [4, 3, 2], held_out: { step: [2], loss: [3] } } });
  assert.deepEqual(curve.points.loss, [4, 3, 2]);
  assert.deepEqual(curve.held.step, [2]);
  assert.equal(curve.info.baseline.loss, 1.7);
  assert.equal(curve.written("The ").get(1), "x");
});

test("a snapshot is copied, so that events do not change what the page holds", () => {
  const given = { step: [1], tokens: [8], seconds: [0.1], loss: [4], rate: [1], grad_norm: [1] };
  new Curve({ curve: given }).add([point(2)]);
  assert.deepEqual(given.step, [1]);
});

test("lowerBound finds the first that is large enough", () => {
  assert.deepEqual([0, 1, 2, 3, 9].map((x) => lowerBound([1, 2, 2, 5], x)), [0, 0, 1, 3, 4]);
});

test("smoothing is debiased: a constant stays, the first value is itself, zero changes nothing", () => {
  assert.deepEqual(smooth([2, 2, 2], 0.9).map((x) => +x.toFixed(9)), [2, 2, 2]);
  assert.equal(smooth([5, 1], 0.5)[0], 5);
  assert.equal(+smooth([5, 1], 0.5)[1].toFixed(6), +((0.5 * 0.5 * 5 + 0.5 * 1) / 0.75).toFixed(6));
  assert.deepEqual(smooth([3, 1, 2], 0), [3, 1, 2]);
});

test("up to two thousand points every one is drawn", () => {
  const xs = Array.from({ length: 2000 }, (_, i) => i + 1);
  assert.equal(thin(xs, xs, [], { low: 0, high: 2000, pixels: 300 }).length, 2000);
});

test("above that, every spike, every checkpoint, first and last survive, the same each time", () => {
  const xs = Array.from({ length: 20_000 }, (_, i) => i + 1), ys = xs.map((x) => (x === 7777 ? 99 : x === 12_345 ? -99 : Math.sin(x)));
  const draw = () => thin(xs, ys, [4999], { low: 0, high: 20_000, pixels: 400 });
  const rows = draw();
  assert.ok(rows.length <= 3 * 400 + 3, `${rows.length} rows`);
  for (const row of [0, 7776, 12_344, 4999, 19_999]) assert.ok(rows.includes(row), `row ${row}`);
  assert.deepEqual(rows, [...rows].sort((a, b) => a - b));
  assert.deepEqual(rows, draw());
});

test("a zoomed part takes one neighbour on either side", () => {
  const xs = [1, 2, 3, 4, 5, 6];
  assert.deepEqual(thin(xs, xs, [], { low: 3, high: 4, pixels: 10 }), [1, 2, 3, 4]);
});

test("a logarithmic axis gives the first steps their own pixels", () => {
  const xs = Array.from({ length: 10_000 }, (_, i) => i + 1), ys = xs.map((x) => 1 / x);
  const rows = thin(xs, ys, [], { low: 1, high: 10_000, pixels: 200, log: true });
  assert.deepEqual(rows.slice(0, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test("pace leaves the slow first steps out", () => {
  const step = Array.from({ length: 30 }, (_, i) => i + 1), seconds = step.map((n) => (n <= 11 ? n : 11 + (n - 11) * 0.1));
  assert.equal(+pace({ step, seconds }).toFixed(6), 0.1);
  assert.equal(pace({ step: [1], seconds: [1] }), undefined);
});

test("answers are those of the newest checkpoint up to a step, with what would be right", () => {
  const curve = new Curve();
  const sample = (step, text) => ({ kind: "sample", step, prompt: "a b", text, expected: "b a" });
  curve.add([{ kind: "held_out", step: 10, loss: 1, measures: { exact: 0.5 } }, sample(10, "a"), sample(20, "b a")]);
  assert.deepEqual(curve.answers(), { step: 20, rows: [{ prompt: "a b", text: "b a", expected: "b a" }] });
  assert.equal(curve.answers(19).rows[0].text, "a");
  assert.equal(curve.answers(1).step, 10);
  assert.deepEqual(curve.shares, { exact: 0.5 });
  assert.deepEqual(new Curve().answers().rows, []);
});

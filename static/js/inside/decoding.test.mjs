import assert from "node:assert/strict";
import { test } from "node:test";

import { TEMPERATURES, counts, decode, draw, entropy, left, level, percent, ranked, visible } from "./decoding.js";

// Shares 1/2, 1/4, 1/8, 1/16, 1/16.
const FIVE = [3, 2, 1, 0, 0].map((power) => power * Math.LN2);
const OFF = { temperature: 1, topK: 0, topP: 1 };
const final = (settings, logits = FIVE) => decode(logits, { ...OFF, ...settings }).final;
const rounded = (list) => list.map((share) => +share.toFixed(3));

test("without switches the shares are the softmax over all tokens", () => {
  assert.deepEqual(rounded(final({})), [0.5, 0.25, 0.125, 0.063, 0.063]);
  assert.ok(Math.abs(entropy(final({})) - 1.875) < 1e-12);
});

test("temperature divides the logits before the softmax", () => {
  const { scaled, tempered } = decode([2, 1, 0], { ...OFF, temperature: 0.5 });
  assert.deepEqual(scaled, [4, 2, 0]);
  assert.deepEqual(rounded(tempered), [0.867, 0.117, 0.016]);
});

test("temperature 0 is greedy: the first of the likeliest, whatever the other switches say", () => {
  assert.deepEqual(final({ temperature: 0 }), [1, 0, 0, 0, 0]);
  assert.deepEqual(final({ temperature: 0, topK: 3, topP: 0 }, [1, 4, 4]), [0, 1, 0]);
  assert.deepEqual(decode([1, 4, 4], { ...OFF, temperature: 0 }).scaled, [1, 4, 4]);
});

test("temperature 1000 makes all tokens nearly alike and stays finite at huge logits", () => {
  assert.deepEqual(rounded(final({ temperature: 1000 })), [0.2, 0.2, 0.2, 0.2, 0.2]);
  assert.ok(final({ temperature: 0.1 }, [5000, -5000, 4999]).every(Number.isFinite));
});

test("top-p 0 keeps the likeliest alone", () => {
  assert.deepEqual(final({ topP: 0 }), [1, 0, 0, 0, 0]);
  assert.deepEqual(final({ topP: 0, temperature: 1000 }), [1, 0, 0, 0, 0]);
});

test("top-k keeps by rank, of equals the smaller id; more than there are keeps all", () => {
  assert.deepEqual(rounded(final({ topK: 2 })), [0.667, 0.333, 0, 0, 0]);
  assert.deepEqual(final({ topK: 4 }).map(Boolean), [true, true, true, true, false]);
  assert.equal(left(final({ topK: 99 })), 5);
});

test("top-p keeps the fewest that reach p, also where the sum is p itself", () => {
  assert.equal(left(final({ topP: 0.5 })), 1);
  assert.equal(left(final({ topP: 0.75 })), 2);
  assert.equal(left(final({ topP: 0.76 })), 3);
  assert.deepEqual(decode(FIVE, OFF).running.map((sum) => +sum.toFixed(4)), [0.5, 0.75, 0.875, 0.9375, 1]);
});

test("top-p cuts what top-k has left", () => {
  const { running, final: shares } = decode(FIVE, { temperature: 1, topK: 2, topP: 0.6 });
  assert.deepEqual(rounded(running).slice(0, 2), [0.667, 1]);
  assert.deepEqual(shares, [1, 0, 0, 0, 0]);
});

test("the order is by logit and does not depend on the temperature", () => {
  assert.deepEqual(ranked([1, 3, 3, 2]), [1, 2, 3, 0]);
  assert.deepEqual(decode([1, 3, 3, 2], { ...OFF, temperature: 10 }).order, [1, 2, 3, 0]);
});

test("a draw falls on the token whose stretch holds the number", () => {
  const choice = decode([0, Math.LN2], OFF);
  assert.deepEqual([0, 0.6, 0.7, 0.9999].map((number) => draw(choice, number).id), [1, 1, 0, 0]);
  const { from, to } = draw(choice, 0.7);
  assert.ok(Math.abs(from - 2 / 3) < 1e-12 && Math.abs(to - 1) < 1e-12);
  assert.equal(draw({ order: [0, 1, 2], final: [0.3, 0.7 - 1e-9, 0] }, 0.9999999999).id, 1);
});

test("sliders stop unevenly and top-k ends with all tokens", () => {
  assert.ok(TEMPERATURES.every((value, i) => i === 0 || value > TEMPERATURES[i - 1]));
  assert.deepEqual(counts(12), [1, 2, 3, 4, 5, 7, 10, 0]);
  assert.deepEqual(counts(1), [0]);
});

test("white space and control characters are seen", () => {
  assert.equal(visible(" the\n"), "␣the↵");
  assert.equal(visible("\u0000\u3000"), "␀□");
  assert.equal(visible(""), "∅");
  assert.equal(visible("⟨end⟩"), "⟨end⟩");
});

test("percentages keep two digits that say something", () => {
  assert.deepEqual([1, 0.7321, 0.000432, 1e-9, 0].map(percent), ["100.0 %", "73.2 %", "0.043 %", "<0.001 %", "0 %"]);
});

test("shades go from what was expected to what nobody expected", () => {
  assert.deepEqual([null, 0.2, 1, 2, 3, 7, 20].map(level), [0, 0, 1, 2, 3, 4, 5]);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { beginnings, logits, tokens } from "./sampling-logits.js";
import { draw, goalReached, kept, ranked, shares, visible } from "./sampling.js";

// The five tokens of the chapter: 1/2, 1/4, 1/8, 1/16, 1/16.
const FIVE = [3, 2, 1, 0, 0].map((power) => power * Math.LN2);
const OFF = { temperature: 1, topK: 0, topP: 1 };
const rounded = (list) => list.map((share) => share.toFixed(3));
const GOAL = { sure: 0, open: 2, most: 3, least: 30 };
const counts = (settings) => logits.map((scores) => kept(shares(scores, { ...OFF, ...settings })));

test("the five shares of the chapter at three temperatures", () => {
  assert.deepEqual(rounded(shares(FIVE, OFF)), ["0.500", "0.250", "0.125", "0.063", "0.063"]);
  assert.deepEqual(rounded(shares(FIVE, { ...OFF, temperature: 0.5 })), ["0.744", "0.186", "0.047", "0.012", "0.012"]);
  assert.deepEqual(rounded(shares(FIVE, { ...OFF, temperature: 2 })), ["0.343", "0.243", "0.172", "0.121", "0.121"]);
});

test("top-k keeps by rank, of equals the first, and shares out the rest", () => {
  assert.deepEqual(rounded(shares(FIVE, { ...OFF, topK: 2 })), ["0.667", "0.333", "0.000", "0.000", "0.000"]);
  assert.deepEqual(rounded(shares(FIVE, { ...OFF, topK: 4 })).map(Number).map(Boolean), [true, true, true, true, false]);
});

test("top-p keeps the fewest that reach p, and always the first", () => {
  assert.deepEqual(rounded(shares(FIVE, { ...OFF, topP: 0.8 })), ["0.571", "0.286", "0.143", "0.000", "0.000"]);
  assert.equal(kept(shares(FIVE, { ...OFF, topP: 0.05 })), 1);
  assert.equal(kept(shares(FIVE, { ...OFF, topP: 0.75 })), 2);
});

test("temperature comes before top-p: a hotter choice keeps more tokens", () => {
  const at = (temperature) => kept(shares(FIVE, { ...OFF, topP: 0.8, temperature }));
  assert.deepEqual([at(0.5), at(1), at(2)], [2, 3, 4]);
});

test("drawing follows the shares, also at the ends", () => {
  const list = [0.5, 0, 0.5];
  assert.deepEqual([0, 0.49, 0.5, 0.999].map((number) => draw(list, number)), [0, 0, 2, 2]);
  assert.equal(draw([0.3, 0.7 - 1e-9, 0], 0.9999999999), 1);
});

test("the stored scores belong to the stored tokens", () => {
  assert.equal(tokens.length, 512);
  assert.deepEqual(logits.map((scores) => scores.length), beginnings.map(() => 512));
  assert.deepEqual(ranked(logits[0]).slice(0, 3).map((place) => tokens[place]), ["ing", "s", "ed"]);
  assert.equal(visible(tokens[ranked(logits[1])[0]]), "␣the");
});

test("top-p alone reaches the goal, top-k alone never does", () => {
  assert.ok(goalReached(counts({ topP: 0.9 }), GOAL));
  for (const topK of [0, 1, 2, 3, 5, 10, 20, 50, 100]) assert.ok(!goalReached(counts({ topK }), GOAL));
});

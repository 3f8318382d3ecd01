import assert from "node:assert/strict";
import { test } from "node:test";

import { attend, changes, goalReached, parse, plain, show } from "./attention.js";

const START = { Q: [[-1, 4], [-1, 2], [1, 0]], K: [[2, 1], [1, 0], [0, 1]], V: [[2, 1], [0, 1], [2, -1]] };
const GOAL = { target: 0, goal: 0.8 };
const rounded = (rows) => rows.map((row) => row.map((value) => value.toFixed(3)));

function edited(...edits) {
  const now = structuredClone(START);
  for (const [name, i, c, value] of edits) now[name][i][c] = value;
  return now;
}

test("the example gives the numbers of the chapter", () => {
  const { raw, shares, output } = attend(START.Q, START.K, START.V, true);
  assert.deepEqual(raw, [[2, -1, 4], [0, -1, 2], [2, 1, 0]]);
  assert.deepEqual(rounded(shares), [["1.000", "0.000", "0.000"], ["0.670", "0.330", "0.000"], ["0.576", "0.284", "0.140"]]);
  assert.deepEqual(rounded(output)[2], ["1.432", "0.720"]);
});

test("without the mask the second token looks mostly at the third", () => {
  assert.deepEqual(rounded(attend(START.Q, START.K, START.V, false).shares)[1], ["0.178", "0.088", "0.734"]);
});

test("a masked row does not depend on later keys and values", () => {
  const now = edited(["K", 2, 0, 5], ["V", 2, 1, 5]);
  assert.deepEqual(attend(now.Q, now.K, now.V, true).output[1], attend(START.Q, START.K, START.V, true).output[1]);
});

test("every row of shares sums to one", () => {
  for (const causal of [true, false]) {
    for (const row of attend(START.Q, START.K, START.V, causal).shares) {
      assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-12);
    }
  }
});

test("one number of the last query reaches the goal", () => {
  assert.equal(goalReached(START, START, GOAL), false);
  assert.equal(goalReached(edited(["Q", 2, 0, 2]), START, GOAL), false);
  assert.equal(goalReached(edited(["Q", 2, 0, 2.5]), START, GOAL), true);
});

test("the second number of the last query is not enough, even at its limit", () => {
  assert.equal(goalReached(edited(["Q", 2, 1, 5]), START, GOAL), false);
});

test("changing a key, or two numbers, does not count", () => {
  assert.equal(goalReached(edited(["K", 0, 0, 5]), START, GOAL), false);
  assert.equal(goalReached(edited(["Q", 2, 0, 5], ["Q", 2, 1, 1]), START, GOAL), false);
});

test("changes lists matrix, row and column", () => {
  assert.deepEqual(changes(edited(["Q", 2, 0, 5], ["V", 1, 1, 0]), START), [["Q", 2, 0], ["V", 1, 1]]);
});

test("parse refuses what is empty, no number or out of range", () => {
  assert.equal(parse("2.5", 5), 2.5);
  assert.equal(parse("-5", 5), -5);
  for (const text of ["", " ", "x", "6", "Infinity", "NaN"]) assert.equal(parse(text, 5), null);
});

test("numbers are shown with a real minus sign and without a negative zero", () => {
  assert.equal(show(-0.70711, 3), "−0.707");
  assert.equal(show(2, 3), "2");
  assert.equal(show(-0, 3), "0");
  assert.equal(show(-0.0001, 3), "0.000");
  assert.equal(show(-Infinity, 3), "−∞");
});

test("typed numbers and their products are shown without trailing zeros", () => {
  assert.deepEqual([2.5, -1, 0.25, -0, 12.5 * 0.5].map(plain), ["2.5", "−1", "0.25", "0", "6.25"]);
});

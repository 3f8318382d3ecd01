import assert from "node:assert/strict";
import { test } from "node:test";

import { percent, softmax, spread } from "./softmax.js";

const rounded = (values, digits = 3) => values.map((value) => value.toFixed(digits));

test("scores 2, 1, 0 give the shares of the chapter at three temperatures", () => {
  assert.deepEqual(rounded(softmax([2, 1, 0], 0.5)), ["0.867", "0.117", "0.016"]);
  assert.deepEqual(rounded(softmax([2, 1, 0])), ["0.665", "0.245", "0.090"]);
  assert.deepEqual(rounded(softmax([2, 1, 0], 2)), ["0.506", "0.307", "0.186"]);
});

test("adding the same number to every score changes nothing", () => {
  assert.deepEqual(rounded(softmax([7, 6, 5]), 12), rounded(softmax([2, 1, 0]), 12));
});

test("huge scores do not overflow and hidden scores get exactly nothing", () => {
  assert.deepEqual(softmax([1000, -Infinity]), [1, 0]);
});

test("spread is one for a single winner and the number of words for equal shares", () => {
  assert.equal(spread([1, 0, 0]), 1);
  assert.ok(Math.abs(spread(Array(9).fill(1 / 9)) - 9) < 1e-9);
});

test("percent shows one decimal and calls only a whole a whole", () => {
  assert.equal(percent(softmax([2, 1, 0])[0]), "66.5 %");
  assert.equal(percent(1), "100 %");
  assert.equal(percent(0.99999), "99.9 %");
  assert.equal(percent(0.0001), "< 0.1 %");
  assert.equal(percent(0), "0.0 %");
});

test("the goal can be reached within the range of the slider", () => {
  assert.ok(softmax([0.2, 3.1, -0.4, 0.3, 0.8, 0.1, 2.4, 0.5, 1.2], 0.3)[1] >= 0.9);
  assert.ok(softmax([2, 1, 0], 0.43)[0] >= 0.9);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { first, goalReached, rest, score } from "./next-word.js";

const PLACES = [
  { right: 0, shares: [0.5, 0.2, 0.2, 0] },
  { right: 2, shares: [0.3, 0.3, 0.2, 0.1] },
  { right: 1, shares: [0.68, 0.32, 0, 0] },
];

test("a model that must say one word says the likeliest, of equals the first", () => {
  assert.deepEqual(PLACES.map(({ shares }) => first(shares)), [0, 0, 0]);
  assert.equal(first([0.1, 0.4, 0.4]), 1);
});

test("both are scored at the places played so far", () => {
  assert.deepEqual(score(PLACES, []), { reader: 0, model: 0 });
  assert.deepEqual(score(PLACES, [1, 2]), { reader: 1, model: 1 });
  assert.deepEqual(score(PLACES, [0, 2, 1]), { reader: 3, model: 1 });
});

test("what is left goes to all other words, and is never negative", () => {
  assert.equal(rest([0.5, 0.25]).toFixed(3), "0.250");
  assert.equal(rest([0.7, 0.3000001]), 0);
});

test("the goal needs every place and a lead", () => {
  assert.ok(goalReached(PLACES, [0, 2, 0]));
  assert.ok(!goalReached(PLACES, [0, 2]));
  assert.ok(!goalReached(PLACES, [0, 0, 0]));
});

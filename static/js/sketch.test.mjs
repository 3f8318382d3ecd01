import assert from "node:assert/strict";
import { test } from "node:test";
import { moved, toLoss, toY } from "./sketch.js";

test("heights and losses are each other's inverse inside the box", () => {
  for (const loss of [0.5, 1, 2.5, 5]) assert.ok(Math.abs(toLoss(toY(loss, 5), 5) - loss) < 1e-9);
  assert.equal(toY(9, 5), 0);
  assert.equal(toLoss(-50, 5), 5);
  assert.equal(toLoss(900, 5), 0.01);
});

test("arrows move by a twentieth, pages by a half, Home and End to the edges", () => {
  assert.ok(Math.abs(moved("ArrowUp", 2, 5) - 2.05) < 1e-9);
  assert.ok(Math.abs(moved("PageDown", 2, 5) - 1.5) < 1e-9);
  assert.equal(moved("End", 2, 5), 5);
  assert.equal(moved("Home", 2, 5), 0.01);
  assert.equal(moved("ArrowDown", 0.02, 5), 0.01);
  assert.equal(moved("a", 2, 5), null);
});

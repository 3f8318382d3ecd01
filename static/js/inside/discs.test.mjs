import assert from "node:assert/strict";
import { test } from "node:test";
import { centred, habits, paths, spread } from "./discs.js";

const radius = (path) => Number(/a([\d.]+) /.exec(path)[1]);

test("the area of a disc carries the number", () => {
  const quarter = radius(paths([[0.25]]).over), whole = radius(paths([[1]]).over);
  assert.ok(Math.abs(whole / quarter - 2) < 0.01);
});

test("what may not be seen is a dot, what is nothing is no disc, what is below the mean is another path", () => {
  const { over, under, hidden } = paths([[0, null, -1]]);
  assert.equal(over, "");
  assert.ok(hidden.startsWith("M") && under.startsWith("M"));
});

test("raw scores lie between the least and the most; alike ones are all half", () => {
  assert.deepEqual(spread([[-2, 0], [2, 1]]), [[0, 0.5], [1, 0.75]]);
  assert.deepEqual(spread([[4, 4]]), [[0.5, 0.5]]);
});

test("scaled scores are held against the mean of what their row may see", () => {
  assert.deepEqual(centred([[1, null], [3, -3]]), [[0, null], [1, -1]]);
});

test("habits leave the first row out: it can only look at itself", () => {
  const { own, before, first } = habits([[1, 0, 0], [0.25, 0.75, 0], [0, 0.5, 0.5]]);
  assert.deepEqual([own, before, first], [0.625, 0.375, 0.125]);
});

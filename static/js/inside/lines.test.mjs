import assert from "node:assert/strict";
import { test } from "node:test";

import { logRange, nearestStep, path, radius, reach, scale, ticks } from "./lines.js";

test("a logarithmic range holds all positive values and spans at least a decade", () => {
  const [low, high] = logRange([[0.01, 1], [0, null, 0.1]]);
  assert.ok(low < 0.01 && high > 1 && high < 1.2);
  const [least, most] = logRange([[2]]);
  assert.ok(Math.abs(Math.log10(most / least) - 1.1) < 1e-9 && least < 2 && most > 2);
  assert.equal(logRange([[0, null]]), null);
});

test("scales run linearly or by decades", () => {
  assert.equal(scale([0, 200], [10, 110])(50), 35);
  const log = scale([0.01, 1], [100, 0], true);
  assert.deepEqual([0.01, 0.1, 1].map(log).map(Math.round), [100, 50, 0]);
  assert.equal(scale([5, 5], [0, 10])(5), 0);
});

test("a line breaks where nothing was measured", () => {
  const same = (value) => value;
  assert.equal(path([1, 2, 3, 4, 5], [1, 2, null, 0, 3], same, same), "M1.0 1.0L2.0 2.0M5.0 3.0");
});

test("ticks are powers of ten", () => {
  assert.deepEqual(ticks([0.0009, 1.2]), [0.001, 0.01, 0.1, 1]);
});

test("the nearest step is found from either side", () => {
  assert.deepEqual([0, 140, 160, 999].map((step) => nearestStep([0, 100, 200], step)), [0, 1, 2, 2]);
  assert.equal(nearestStep([], 5), -1);
});

test("a gradient reaches back as far as it keeps a hundredth of its largest", () => {
  assert.equal(reach([0.001, 0.2, 0.003, 1], 3), 2);
  assert.equal(reach([0.001, 0.002, 0.003, 1], 3), 0);
  assert.equal(reach([1, 1, 1, 1], 3), 3);
  assert.equal(reach([0, 0, null], 2), null);
});

test("the area of a disc carries its share", () => {
  assert.equal(radius(1, 4, 10), 5);
  assert.deepEqual([radius(0, 4, 10), radius(null, 4, 10), radius(0, 0, 10)], [0, 0, 0]);
});

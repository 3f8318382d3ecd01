import assert from "node:assert/strict";
import test from "node:test";

import { pinched, stride, zoomKey, zoomedAt } from "./chart-hand.js";

test("zooming in keeps the value under the cursor where it was, and out ends at the whole", () => {
  assert.deepEqual(zoomedAt([0, 100], [0, 100], 25, 0.5), [12.5, 62.5]);
  assert.equal(zoomedAt([12.5, 62.5], [0, 100], 25, 2), null);
  assert.deepEqual(zoomedAt([1, 10_000], [1, 10_000], 100, 0.5, true).map((x) => +x.toFixed(6)), [10, 1000]);
  assert.deepEqual(zoomedAt([0, 100], [0, 100], undefined, 0.5), [25, 75]);
});

test("two fingers keep the values under them", () => {
  assert.deepEqual(pinched([0, 100], [0, 100], [25, 75], [0, 100], 100), [25, 75]);
  assert.equal(pinched([25, 75], [0, 100], [0, 100], [25, 75], 100), null);
  assert.deepEqual(pinched([20, 40], [0, 100], [50, 100], [0, 50], 100), [30, 50]);
  assert.deepEqual(pinched([0, 100], [0, 100], [40, 60], [50, 52], 100), [0, 100]);
});

test("keys move by a hundredth, a tenth, a row, or to the ends", () => {
  assert.deepEqual(["ArrowRight", "PageUp", "Home", "a"].map((key) => stride({ key }, 1000)), [10, -100, -Infinity, undefined]);
  assert.equal(stride({ key: "ArrowLeft", shiftKey: true }, 1000), -1);
  assert.deepEqual(["+", "-", "0", "1"].map((key) => zoomKey({ key })), [0.5, 2, "all", undefined]);
});

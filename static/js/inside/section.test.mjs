import assert from "node:assert/strict";
import { test } from "node:test";

import { logit, moved, small } from "./section.js";

test("logits have a true minus and no negative zero", () => {
  assert.deepEqual([1.234, -1.236, -0.001, -Infinity].map(logit), ["1.23", "−1.24", "0.00", "–"]);
});

test("small numbers keep what they say", () => {
  assert.deepEqual([0.01324, 4.2e-7, 0, 12.345, null].map(small), ["0.0132", "4.2e-7", "0", "12.3", "–"]);
});

test("arrow keys stay within the row; others and shortcuts are left alone", () => {
  const key = (name, more = {}) => ({ key: name, preventDefault() {}, ...more });
  assert.deepEqual(["ArrowLeft", "ArrowRight", "Home", "End"].map((name) => moved(key(name), 4, 5)), [3, 4, 0, 4]);
  assert.deepEqual([moved(key("a"), 1, 5), moved(key("ArrowLeft", { ctrlKey: true }), 1, 5), moved(key("Home"), 0, 0)], [undefined, undefined, undefined]);
});

import assert from "node:assert/strict";
import test from "node:test";

import { lineAt, rangeOf } from "./editor.js";

test("a position stands in a line", () => {
  assert.equal(lineAt("a\nbc\n", 0), 1);
  assert.equal(lineAt("a\nbc\n", 2), 2);
  assert.equal(lineAt("a\nbc\n", 5), 3);
});

test("a line has a range, and a line that is too far is the last one", () => {
  assert.deepEqual(rangeOf("a\nbc\nd", 2), [2, 4]);
  assert.deepEqual(rangeOf("a\nbc\nd", 99), [5, 6]);
  assert.deepEqual(rangeOf("", 0), [0, 0]);
});

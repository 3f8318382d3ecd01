import assert from "node:assert/strict";
import { test } from "node:test";

import { pack, unpack } from "./widget-state.js";

test("values come back as they were, whatever they hold", () => {
  for (const values of [["0.5", "1", "0"], ["a~b", "", "词元 & more", "%7E"], [""], ["1\n2"]]) {
    assert.deepEqual(unpack(pack(values)), values[0] === "" && values.length === 1 ? [] : values);
  }
});

test("a link that was cut off or blown up sets nothing", () => {
  assert.deepEqual(unpack("%E8%AF~%"), []);
  assert.deepEqual(unpack("1".repeat(601)), []);
  assert.deepEqual(unpack(null), []);
});

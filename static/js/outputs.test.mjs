import assert from "node:assert/strict";
import { test } from "node:test";
import { headline } from "./outputs.js";

const MEASURES = {
  exact_match: { label: "Exact match", percent: true, places: 3 },
  accuracy: { label: "Accuracy", percent: true, places: 3 },
  purity: { label: "Purity", percent: false, places: 2 },
};

test("the first measure in the page's order stands for the task, under the name of evaluations", () => {
  assert.deepEqual(headline({ accuracy: 0.5, exact: 0.25 }, MEASURES), { label: "Exact match", text: "25.0 %" });
  assert.deepEqual(headline({ purity: 0.5 }, MEASURES), { label: "Purity", text: "0.50" });
  assert.equal(headline({}, MEASURES), undefined);
  assert.equal(headline({ strange: 1 }, MEASURES), undefined);
});

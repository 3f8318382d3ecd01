import assert from "node:assert/strict";
import { test } from "node:test";

import { confusion, cost, figures, lowestCost, percent } from "./confusion.js";

// The twenty mails of the chapter.
const PHISHING = [0.95, 0.9, 0.85, 0.75, 0.7, 0.55, 0.4, 0.15];
const GOOD = [0.8, 0.65, 0.6, 0.45, 0.35, 0.3, 0.25, 0.2, 0.12, 0.09, 0.06, 0.03];
const COSTS = { miss: 10, alarm: 1 };
const at = (threshold) => confusion(PHISHING, GOOD, threshold);

test("the counts of the chapter's table follow from the scores", () => {
  assert.deepEqual(at(0.9), { hits: 2, misses: 6, alarms: 0, passes: 12 });
  assert.deepEqual(at(0.7), { hits: 5, misses: 3, alarms: 1, passes: 11 });
  assert.deepEqual(at(0.5), { hits: 6, misses: 2, alarms: 3, passes: 9 });
  assert.deepEqual(at(0.15), { hits: 8, misses: 0, alarms: 8, passes: 4 });
});

test("a score at the threshold is flagged, whatever the slider's rounding", () => {
  assert.equal(confusion([0.3], [], 0.1 + 0.2).hits, 1);
  assert.equal(confusion([0.29], [], 0.3).hits, 0);
});

test("figures at one half are those of the chapter", () => {
  const shown = Object.values(figures(at(0.5))).map(percent);
  assert.deepEqual(shown, ["66.7 %", "75.0 %", "70.6 %", "75.0 %"]);
});

test("a ratio over nothing is a dash", () => {
  assert.equal(figures(at(1)).precision, null);
  assert.equal(percent(null), "–");
  assert.equal(percent(figures(at(1)).recall), "0.0 %");
});

test("recall never rises with the threshold, and the four counts always make up all examples", () => {
  let before = 1;
  for (let step = 0; step <= 100; step += 1) {
    const counts = at(step / 100), { recall } = figures(counts);
    assert.ok(recall <= before);
    assert.equal(Object.values(counts).reduce((sum, count) => sum + count), 20);
    before = recall;
  }
});

test("the goal can be reached with the slider, and neither best F1 nor best accuracy reaches it", () => {
  const best = lowestCost(PHISHING, GOOD, COSTS), all = Array.from({ length: 101 }, (_, step) => step / 100);
  assert.equal(best, 8);
  assert.deepEqual(all.filter((threshold) => cost(at(threshold), COSTS) === best), [0.13, 0.14, 0.15]);
  for (const name of ["f1", "accuracy"]) {
    const top = all.reduce((a, b) => (figures(at(b))[name] > figures(at(a))[name] ? b : a));
    assert.ok(cost(at(top), COSTS) > best, name);
  }
});

import assert from "node:assert/strict";
import test from "node:test";

import { advance, begin, formatLoss, outcome, rateFromSlider, rateLimit } from "./descent.js";

const VALLEY = { steepness: 20, start: [-8, 2], target: 0.01, blowUp: 100 };

function walk(rate, momentum, most = 100) {
  const path = [begin(VALLEY)];
  while (path.length <= most && outcome(path, VALLEY) === "walking") {
    path.push(advance(path[path.length - 1], { steepness: VALLEY.steepness, rate, momentum }));
  }
  return path;
}

test("the walk starts at a loss of 72", () => {
  assert.equal(begin(VALLEY).loss, 72);
});

test("without momentum a step multiplies each coordinate by one minus rate times curvature", () => {
  const next = advance(begin(VALLEY), { steepness: 20, rate: 0.09, momentum: 0 });
  assert.ok(Math.abs(next.x - -8 * 0.91) < 1e-12);
  assert.ok(Math.abs(next.y - 2 * -0.8) < 1e-12);
});

test("the best fixed rate without momentum needs 42 steps", () => {
  let best = Infinity;
  for (let rate = 0.001; rate < 0.1; rate += 0.001) {
    const path = walk(rate, 0);
    if (outcome(path, VALLEY) === "reached") best = Math.min(best, path.length - 1);
  }
  assert.equal(best, 42);
});

test("some settings of the two sliders reach the goal in 25 steps, and only with momentum", () => {
  const good = [];
  for (let exponent = -2.5; exponent <= -0.5; exponent += 0.02) {
    for (let momentum = 0; momentum <= 0.95; momentum += 0.05) {
      const path = walk(rateFromSlider(exponent), momentum, 25);
      if (outcome(path, VALLEY) === "reached") good.push(momentum);
    }
  }
  assert.ok(good.length > 50, `${good.length} settings`);
  assert.ok(good.every((momentum) => momentum >= 0.25));
});

test("just below the limit the walk converges and just above it diverges", () => {
  for (const momentum of [0, 0.5, 0.9]) {
    const limit = rateLimit(20, momentum);
    const after = (rate) => {
      let state = begin(VALLEY);
      for (let step = 0; step < 2000; step += 1) state = advance(state, { steepness: 20, rate, momentum });
      return state.loss;
    };
    assert.ok(after(limit * 0.98) < 72);
    assert.ok(after(limit * 1.02) > 7200 || Number.isNaN(after(limit * 1.02)));
  }
});

test("a walk that overflows counts as diverged", () => {
  assert.equal(outcome([begin(VALLEY), { loss: NaN }], VALLEY), "diverged");
  assert.equal(outcome([begin(VALLEY), { loss: Infinity }], VALLEY), "diverged");
});

test("the slider's rate is the rate shown", () => {
  assert.equal(rateFromSlider(-2), 0.01);
  assert.equal(rateFromSlider(-1.04), 0.091);
});

test("losses keep their digits", () => {
  assert.equal(formatLoss(72), "72.00");
  assert.equal(formatLoss(0.00954), "0.0095");
  assert.equal(formatLoss(Infinity), "∞");
});

import assert from "node:assert/strict";
import test from "node:test";

import { eventsOf, paceOf } from "./replay.js";

const stored = {
  curve: {
    step: [1, 2], tokens: [8, 16], seconds: [0.5, 1], loss: [4, 3], rate: [1, 1], grad_norm: [1, 1],
    held_out: { step: [2], tokens: [16], seconds: [1.2], loss: [3.5], perplexity: [9], bits_per_byte: [5] },
    shares: { step: [2], measures: [{ exact: 0.5 }] },
  },
  samples: [{ step: 2, prompt: "a", text: "b" }],
  info: { baseline: { order: 3, loss: 2 } },
};

test("events come in the order and at the seconds of the run", () => {
  const list = eventsOf(stored);
  assert.deepEqual(list.map(({ at, event }) => [at, event.kind]), [[0.5, "point"], [1, "point"], [1, "baseline"], [1.2, "held_out"], [1.2, "sample"]]);
  assert.deepEqual(list[3].event.measures, { exact: 0.5 });
  assert.equal(list[1].event.loss, 3);
});

test("the address says how fast", () => {
  assert.deepEqual(["?play=1", "?play=10", "?play=all", "?play=7", ""].map(paceOf), [1, 10, undefined, undefined, undefined]);
});

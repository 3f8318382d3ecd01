import assert from "node:assert/strict";
import test from "node:test";

import { nats, summary } from "./loss-reader.js";

test("certainty costs nothing and a fair choice among 95 costs ln 95", () => {
  assert.equal(nats(1), -0);
  assert.equal(nats(1 / 95).toFixed(2), "4.55");
});

test("the four characters of the chapter give its numbers", () => {
  const result = summary([0.5, 0.8, 0.9, 0.25], 4);
  assert.equal(result.total.toFixed(4), "2.4079");
  assert.equal(result.mean.toFixed(4), "0.6020");
  assert.equal(result.perplexity.toFixed(3), "1.826");
  assert.equal(result.bitsPerByte.toFixed(4), "0.8685");
});

test("a fair choice among k tokens has perplexity k", () => {
  for (const k of [2, 10, 95]) assert.ok(Math.abs(summary([1 / k, 1 / k], 2).perplexity - k) < 1e-9);
});

test("the goal cannot be met while the space stays at 0.25", () => {
  assert.ok(summary([0.99, 0.99, 0.99, 0.25], 4).perplexity > 1.2);
  assert.ok(summary([0.99, 0.99, 0.99, 0.5], 4).perplexity < 1.2);
});

test("bits per byte divides by bytes, not by tokens", () => {
  assert.equal(summary([0.5], 1).bitsPerByte, 1);
  assert.equal(summary([0.5], 3).bitsPerByte.toFixed(4), "0.3333");
});

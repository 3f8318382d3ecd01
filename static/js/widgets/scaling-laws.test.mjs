import assert from "node:assert/strict";
import { test } from "node:test";

import { NEAR, bestWeights, large, outline, parts, tokensFor } from "./scaling-laws.js";

const LAW = { e: 1.8172, a: 482.01, b: 2085.43, alpha: 0.3478, beta: 0.3658 };
const BUDGETS = [1e20, 1e23];

test("the two models of the chapter's table", () => {
  const gopher = parts(LAW, 280e9, 300e9), chinchilla = parts(LAW, 70e9, 1.4e12);
  assert.deepEqual([gopher.size, gopher.text, gopher.loss].map((value) => value.toFixed(3)), ["0.050", "0.132", "2.000"]);
  assert.deepEqual([chinchilla.size, chinchilla.text, chinchilla.loss].map((value) => value.toFixed(3)), ["0.081", "0.075", "1.974"]);
});

test("no other division of a budget has a lower loss than the one in closed form", () => {
  for (const budget of [...BUDGETS, 7.2e23]) {
    const best = bestWeights(LAW, budget), at = (n) => parts(LAW, n, tokensFor(budget, n)).loss;
    for (const factor of [0.5, 0.9, 0.99, 1.01, 1.1, 2]) assert.ok(at(best * factor) > at(best));
  }
});

test("the slider has a position near enough for either budget, and none that does for both", () => {
  const near = BUDGETS.map((budget) => {
    const best = bestWeights(LAW, budget), lowest = parts(LAW, best, tokensFor(budget, best)).loss;
    return Array.from({ length: 251 }, (_, step) => 7 + step * 0.02)
      .filter((exponent) => parts(LAW, 10 ** exponent, tokensFor(budget, 10 ** exponent)).loss - lowest <= NEAR);
  });
  assert.ok(near.every((positions) => positions.length >= 4));
  assert.equal(near[0].some((exponent) => near[1].includes(exponent)), false);
});

test("large numbers are written in the units of the text", () => {
  assert.equal(large(8.53e8), "853 · 10⁶");
  assert.equal(large(1.4e12), "1.4 · 10¹²");
  assert.equal(large(70e9), "70 · 10⁹");
});

test("the curve starts where it enters the frame", () => {
  assert.match(outline(LAW, 1e20), /^M[\d.]+ [\d.]+L/);
  assert.ok(outline(LAW, 1e23).length > 100);
});

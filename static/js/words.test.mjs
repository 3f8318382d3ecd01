import assert from "node:assert/strict";
import test from "node:test";

import { decimals, exponentOf, fill, rateAt, same, short, thousands, visible } from "./words.js";

test("sentences are filled by name, in any order, and unknown names stay", () => {
  assert.equal(fill("%(b)s before %(a)s, %(c)s", { a: 1, b: 2 }), "2 before 1, %(c)s");
});

test("numbers are written the same in both languages", () => {
  assert.equal(thousands(1234567), "1,234,567");
  assert.equal(thousands(undefined), "–");
  assert.equal(decimals(1.23456), "1.235");
  assert.equal(decimals(Number.NaN), "–");
  assert.deepEqual([0.05, 250, 1000, 12_500, 1_048_576].map(short), ["0.05", "250", "1,000", "12.5 k", "1.05 M"]);
});

test("newlines are shown as a sign", () => assert.equal(visible("a\nb\n"), "a↵b↵"));

test("the logarithmic slider and its field mean the same rate", () => {
  assert.equal(rateAt(-1.52), 0.03);
  assert.equal(rateAt(-5), 1e-5);
  assert.equal(exponentOf("0.001"), -3);
  assert.equal(exponentOf("10"), 0);
  assert.equal(exponentOf("abc"), undefined);
  assert.equal(exponentOf(""), undefined);
  assert.equal(exponentOf("-1"), undefined);
});

test("values compare as numbers where they are numbers", () => {
  assert.ok(same("0.030", "0.03") && same("muon", "muon") && same("1e3", "1000"));
  assert.ok(!same("", "0") && !same("muon", "adamw"));
});

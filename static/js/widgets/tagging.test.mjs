import assert from "node:assert/strict";
import { test } from "node:test";

import { choices, count, figures, percent, spans } from "./tagging.js";

// The two sentences of the chapter, and what the model made of them.
const ENGLISH = "B-PER I-PER O O B-ORG I-ORG I-ORG O O B-LOC I-LOC O O".split(" ");
const ITS_MODEL = "B-PER I-PER O O B-ORG O B-LOC O O B-LOC I-LOC O O".split(" ");
const CHINESE = "B-ORG I-ORG I-ORG I-ORG O B-PER I-PER O O B-LOC I-LOC I-LOC".split(" ");
const ITS_OWN = "B-LOC I-LOC B-ORG I-ORG O B-PER I-PER O O B-LOC I-LOC I-LOC".split(" ");

test("spans have a type, a first word and an end", () => {
  assert.deepEqual(spans(ENGLISH), [
    { kind: "PER", start: 0, end: 2 }, { kind: "ORG", start: 4, end: 7 }, { kind: "LOC", start: 9, end: 11 },
  ]);
});

test("two neighbours stay two, and an I- that continues nothing begins a span", () => {
  assert.equal(spans(["B-PER", "B-PER"]).length, 2);
  assert.deepEqual(spans(["O", "I-LOC", "I-LOC"]), [{ kind: "LOC", start: 1, end: 3 }]);
  assert.deepEqual(spans(["B-PER", "I-LOC"]).map(({ kind }) => kind), ["PER", "LOC"]);
});

test("both models have two of four marked spans right, of three true ones", () => {
  assert.deepEqual(count(ENGLISH, ITS_MODEL), { truth: 3, marked: 4, right: 2 });
  assert.deepEqual(count(CHINESE, ITS_OWN), { truth: 3, marked: 4, right: 2 });
});

test("the figures are those of the chapter", () => {
  assert.deepEqual(Object.values(figures(ENGLISH, ITS_MODEL)).map(percent), ["50.0 %", "66.7 %", "57.1 %", "84.6 %"]);
  assert.deepEqual(Object.values(figures(CHINESE, ITS_OWN)).map(percent), ["50.0 %", "66.7 %", "57.1 %", "75.0 %"]);
});

test("marking nothing has no precision, and most tags right", () => {
  const found = figures(ENGLISH, ENGLISH.map(() => "O"));
  assert.equal(percent(found.precision), "–");
  assert.equal(percent(found.f1), "0.0 %");
  assert.equal(percent(found.tags), "46.2 %");
});

test("all true spans marked is 1, and the tags to choose from are in order", () => {
  assert.equal(figures(CHINESE, CHINESE).f1, 1);
  assert.deepEqual(choices(["PER", "LOC"]), ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]);
});

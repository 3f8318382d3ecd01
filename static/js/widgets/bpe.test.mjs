import assert from "node:assert/strict";
import { test } from "node:test";

import { advance, begin, candidates, label, next, ranking, size } from "./bpe.js";

const BUTTER = "Betty bought a bit of butter, but the butter was bitter, so she bought a better bit of butter";
const FOUR_AND_TEN = "四是四，十是十，十四是十四，四十是四十。";

function learned(text, merges) {
  let state = begin(text);
  for (let i = 0; i < merges; i += 1) state = advance(state);
  return state;
}

const tokens = (state) => state.merges.map(({ token }) => label(token));

test("a text begins as its bytes", () => {
  assert.equal(size(begin(BUTTER)), 93);
  assert.equal(size(begin(FOUR_AND_TEN)), 60);
  assert.equal(begin(FOUR_AND_TEN).ids.size, 256);
});

test("the most frequent pair is merged", () => {
  const state = learned(BUTTER, 4);
  assert.deepEqual(tokens(state), ["␣b", "tt", "er", "tter"]);
  assert.deepEqual(state.merges.map(({ count, id }) => [count, id]), [[10, 256], [6, 257], [5, 258], [5, 259]]);
  assert.equal(size(state), 93 - 10 - 6 - 5 - 5);
});

test("the first Chinese merges rebuild characters from their bytes", () => {
  assert.deepEqual(tokens(learned(FOUR_AND_TEN, 10)), ["E5 8D", "E5 9B", "十", "四", "E6 98", "是", "BC 8C", "，", "十四", "十是"]);
});

test("it ends when no pair occurs twice", () => {
  const state = learned(FOUR_AND_TEN, 50);
  assert.equal(state.merges.length, 10);
  assert.equal(size(state), 18);
  assert.equal(next(state), null);
  assert.deepEqual(candidates(state), []);
  assert.equal(advance(state), state);
});

test("of equal pairs the one with the smaller ids goes first, and it is never offered beside its equals", () => {
  const state = begin(FOUR_AND_TEN);
  assert.deepEqual(ranking(state).slice(0, 4).map(({ count }) => count), [6, 6, 6, 6]);
  const counts = candidates(state).map(({ count }) => count);
  assert.equal(counts.filter((count) => count === 6).length, 1);
  assert.equal(counts.length, 4);
});

test("no pair reaches across words", () => {
  assert.equal(ranking(begin("a b")).length, 1); // the space belongs to b
  assert.deepEqual(begin("it's 12, ok?\n").words.map((word) => word.map(label).join("")), ["it", "'s", "␣12", ",", "␣ok", "?", "\n"]);
});

test("a run of one letter is joined from the left", () => {
  assert.deepEqual(learned("aaa aa", 1).words.map((word) => word.map(label)), [["aa", "a"], ["␣", "aa"]]);
});

test("bytes that are no whole character are shown in hexadecimal", () => {
  assert.equal(label("\u00e5\u009b"), "E5 9B");
  assert.equal(label("\u00a1\u00e8\u0090\u0084"), "A1 萄");
  assert.equal(label("\u00e5\u009b\u009b\u00e5"), "四 E5");
  assert.equal(label("\u00f0\u009f\u0091\u008d"), "👍");
  assert.equal(label("\u00c3\u00a9"), "é");
});

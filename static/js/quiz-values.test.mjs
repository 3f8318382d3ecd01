import assert from "node:assert/strict";
import { test } from "node:test";
import { body, isAnswered, read } from "./quiz-values.js";

const question = ({ typed = null, options = [], parts = [] }) => ({
  querySelector: (what) => (what.startsWith("input.input") ? typed : null),
  querySelectorAll: (what) => (what === "[data-part]" ? parts : options),
});
const part = (name, value) => ({ dataset: { part: name }, value });

test("an answer is a text, a list or a value for each part, as the question has it", () => {
  assert.equal(read(question({ typed: { value: "2.31" } })), "2.31");
  assert.deepEqual(read(question({ options: [{ checked: true, value: "a" }, { checked: false, value: "b" }] })), ["a"]);
  assert.deepEqual(read(question({ parts: [part("q", "asks"), part("k", "")] })), { q: "asks", k: "" });
});

test("blank is blank in each of them", () => {
  assert.equal(isAnswered(question({ typed: { value: " " } })), false);
  assert.equal(isAnswered(question({})), false);
  assert.equal(isAnswered(question({ parts: [part("q", " ")] })), false);
  assert.equal(isAnswered(question({ parts: [part("q", ""), part("k", "1")] })), true);
});

test("the server reads the fields of a form", () => {
  assert.equal(String(body("1 2")), "value-typed=1+2");
  assert.equal(String(body(["a", "b"])), "value=a&value=b");
  assert.equal(String(body({ q: "asks", k: "" })), "value.q=asks&value.k=");
});

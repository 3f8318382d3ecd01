import assert from "node:assert/strict";
import test from "node:test";

import { columns, transform } from "./chart-trace.js";

const at = { x: (value) => value, y: (value) => value };

test("columns cover every point, and join the column before", () => {
  assert.deepEqual([...columns(at, [0, 0.5, 1, 1.5, 2], [5, 1, 3, 9, 4], [0, 1, 2, 3, 4], 1)], [[0, 1, 5], [1, 1, 9], [2, 4, 9]]);
});

test("a value that is no number leaves a gap", () => {
  assert.deepEqual([...columns(at, [0, 1, 2], [5, NaN, 7], [0, 1, 2], 1)], [[0, 5, 5], [2, 7, 7]]);
});

test("a transform puts both ends of both axes at the edges, also with a logarithm", () => {
  const u = { bbox: { left: 10, top: 20, width: 100, height: 50 }, scales: { x: { min: 1, max: 100 }, y: { min: 0, max: 5 } } };
  const { x, y } = transform(u, true);
  assert.deepEqual([1, 10, 100].map((value) => Math.round(x(value))), [10, 60, 110]);
  assert.deepEqual([0, 5].map(y), [70, 20]);
  assert.equal(transform(u, false).x(100), 110);
});

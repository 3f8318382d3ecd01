import assert from "node:assert/strict";
import { test } from "node:test";

import { before, extent, find, frameAt, labelled, look, nearest, outline, projection, towards } from "./points.js";

const FRAMES = [{ step: 0, points: [[0, 0], [1, 1]] }, { step: 100, points: [[-2, 0], [4, 2]] }];

test("one box holds all frames, and a single point has room around it", () => {
  assert.deepEqual(extent(FRAMES), { left: -2, right: 4, low: 0, high: 2 });
  assert.deepEqual(extent([{ points: [[3, 3]] }]), { left: 2, right: 4, low: 2, high: 4 });
});

test("both axes have one scale and y grows upwards", () => {
  const place = projection(extent(FRAMES), { width: 640, height: 440, pad: 20 });
  assert.deepEqual(place([-2, 1]), [20, 220]);
  assert.deepEqual(place([4, 1]), [620, 220]);
  assert.deepEqual(place([1, 2]), [320, 120]);
});

test("a step shows the frame that was kept last", () => {
  assert.deepEqual([null, 0, 99, 100, 5000].map((step) => frameAt(FRAMES, step)), [1, 0, 0, 1, 1]);
  assert.equal(frameAt([{ step: 50, points: [] }], 10), 0);
});

test("arrow keys lead to the nearest point on that side, or stay", () => {
  const places = [[0, 0], [10, 1], [4, 30], [-5, 0], [0, -8]];
  const keys = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"];
  assert.deepEqual(keys.map((key) => towards(places, 0, key)), [1, 2, 3, 4]);
  assert.equal(towards(places, 1, "ArrowRight"), 1);
});

test("every point can be reached by arrow keys from the first", () => {
  const places = Array.from({ length: 60 }, (_, i) => [(i * 37) % 101, (i * 53) % 97]), seen = new Set([0]);
  for (const at of seen) for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) seen.add(towards(places, at, key));
  assert.ok(seen.size >= 57, `${seen.size} of 60`);
});

test("a pointer finds the nearest point within reach", () => {
  assert.equal(nearest([[0, 0], [10, 0]], 7, 0, 5), 1);
  assert.equal(nearest([[0, 0]], 7, 0, 5), -1);
});

test("labels that would cover others are left out; what is chosen comes first", () => {
  const places = [[0, 0], [3, 2], [0, 40], [2, 43]], widths = [30, 30, 30, 30];
  assert.deepEqual([...labelled(places, widths)], [0, 2]);
  assert.deepEqual([...labelled(places, widths, [1, 3, 0])], [1, 3]);
});

test("a label at the right edge stands before its point", () => {
  assert.deepEqual([before([60, 0], 30, 100), before([70, 0], 30, 100)], [false, true]);
  assert.deepEqual([...labelled([[95, 0], [60, 0]], [30, 30], [], { right: 100 })], [0]);
});

test("fourteen classes look different", () => {
  const looks = Array.from({ length: 14 }, (_, i) => JSON.stringify(look(i)));
  assert.equal(new Set(looks).size, 14);
  assert.equal(new Set(["circle", "square", "triangle"].map((shape) => outline(shape, 3))).size, 3);
});

test("a written token is found as it is first, then without its spaces, then in any case", () => {
  const tokens = [" the", "The", "the", " ", "\n"];
  assert.deepEqual([" the", "the", "The", "THE", " ", "cat", ""].map((text) => find(tokens, text)), [0, 2, 1, 0, 3, -1, -1]);
});

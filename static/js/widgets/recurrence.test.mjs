import assert from "node:assert/strict";
import { test } from "node:test";

import { attention, lstm, reaches, rnn, show, sigmoid } from "./recurrence.js";

const at = (path, word, name) => show(path[word - 1][name]);

test("a weight below one forgets the word and the way back to it", () => {
  const path = rnn(0.9, 50);
  assert.deepEqual([1, 2, 3, 50].map((word) => at(path, word, "state")), ["0.762", "0.595", "0.490", "0.003"]);
  assert.deepEqual([1, 2, 3, 50].map((word) => at(path, word, "gradient")), ["0.420", "0.244", "0.167", "0.001"]);
});

test("a weight above one holds the word and loses the way back", () => {
  const path = rnn(1.5, 50);
  assert.equal(at(path, 50, "state"), "0.859");
  assert.equal(at(path, 50, "gradient"), "1.0 × 10⁻²⁰");
});

test("the gradient is the slope of the last state by the first input", () => {
  const last = (x) => {
    let state = Math.tanh(x);
    for (let t = 1; t < 10; t += 1) state = Math.tanh(1.1 * state);
    return state;
  };
  const slope = (last(1 + 1e-5) - last(1 - 1e-5)) / 2e-5;
  assert.ok(Math.abs(rnn(1.1, 10)[9].gradient - slope) < 1e-8);
});

test("an LSTM keeps what its forget gate lets through", () => {
  assert.equal(sigmoid(0), 0.5);
  assert.equal(at(lstm(1, 50), 50, "gradient"), "2.2 × 10⁻⁷");
  assert.equal(at(lstm(5, 50), 50, "gradient"), "0.720");
});

test("attention thins out with the number of words, not with powers of the distance", () => {
  assert.equal(attention(4, 50)[0].state, 1);
  assert.equal(at(attention(4, 50), 50, "state"), "0.527");
});

test("no weight of the RNN keeps the gradient, but the state can be held", () => {
  for (let weight = 0; weight <= 2.001; weight += 0.05) {
    const path = rnn(weight, 50);
    assert.ok(path[49].gradient < 0.005, `${weight}`);
    assert.equal(reaches("rnn", path, 0.5), weight > 1.07);
  }
});

test("the LSTM reaches its half of the goal from a bias of 4.5 on", () => {
  assert.equal(reaches("lstm", lstm(4, 50), 0.5), false);
  assert.equal(reaches("lstm", lstm(4.5, 50), 0.5), true);
  assert.equal(reaches("attention", attention(8, 50), 0.5), false);
});

test("small numbers keep their size", () => {
  assert.deepEqual([0, 1, 0.0005, 0.00049, 7.45e-39].map(show), ["0", "1.000", "0.001", "4.9 × 10⁻⁴", "7.5 × 10⁻³⁹"]);
});

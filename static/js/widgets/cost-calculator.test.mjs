import assert from "node:assert/strict";
import { test } from "node:test";

import { STEPS, amount, breakEven, month } from "./cost-calculator.js";

// The chapter's support team and its two models.
const USE = { requests: 20000, read: 1500, write: 300, check: 30, wage: 40, harm: 5 };
const SMALL = { read: 0.5, write: 2, error: 0.02 }, LARGE = { read: 5, write: 20, error: 0.01 };

test("the month of the chapter's table", () => {
  const parts = Object.values(month(USE, SMALL)).map((value) => Math.round(value));
  assert.deepEqual(parts, [27, 6667, 2000, 8694]);
  assert.equal(Math.round(month(USE, LARGE).total), 7937);
});

test("both cost the same where an error costs 1.215", () => {
  const harm = breakEven(USE, SMALL, LARGE);
  assert.ok(Math.abs(harm - 1.215) < 1e-9);
  const [small, large] = [SMALL, LARGE].map((model) => month({ ...USE, harm }, model).total);
  assert.ok(Math.abs(small - large) < 1e-6);
});

test("either model can be made the cheaper one with the knob of the errors", () => {
  const cheaper = STEPS.harm.map((harm) => month({ ...USE, harm }, SMALL).total < month({ ...USE, harm }, LARGE).total);
  assert.ok(cheaper.includes(true) && cheaper.includes(false));
});

test("every start value is a step of its knob, and nothing costs less than nothing", () => {
  for (const [name, steps] of Object.entries(STEPS)) {
    assert.ok(steps.includes(USE[name]), name);
    for (const value of steps) assert.ok(month({ ...USE, [name]: value }, SMALL).total >= 0);
  }
});

test("money is written as in the text", () => {
  assert.equal(amount(8693.67), "8,694");
  assert.equal(amount(27), "27.00");
});

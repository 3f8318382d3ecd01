// "What it writes": one row a checkpoint, joined to the chart's cursor.
import { decimals, thousands, visible } from "./words.js";

function cell(row, tag, text, wait) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.classList.toggle("wait", wait);
  row.append(made);
  return made;
}

/** Rows for one prompt: `steps` are all that will come, `texts` (step → text) and `held` (step → loss) what has come. */
export function drawWritten(body, { steps, texts, held, prompt, nothing }) {
  if (!steps.length) {
    const row = document.createElement("tr"), only = cell(row, "td", nothing, true);
    [only.colSpan, only.className] = [3, "txt wait"];
    return body.replaceChildren(row);
  }
  body.replaceChildren(
    ...steps.map((step) => {
      const row = document.createElement("tr"), text = texts.get(step);
      row.dataset.step = step;
      cell(row, "th", thousands(step), false).scope = "row";
      cell(row, "td", held.has(step) ? decimals(held.get(step)) : "·", !held.has(step));
      const written = cell(row, "td", "", text === undefined), lead = document.createElement("b");
      written.classList.add("txt");
      lead.textContent = prompt;
      written.append(lead, text === undefined ? "…" : visible(text));
      return row;
    }),
  );
  return undefined;
}

/** Mark the newest row that is written at `step`; null marks none. */
export function markWritten(body, step) {
  const rows = [...body.querySelectorAll("[data-step]")];
  const chosen = step === null ? undefined : rows.filter((row) => +row.dataset.step <= step).at(-1);
  for (const row of rows) row.toggleAttribute("data-at", row === chosen);
}

/** Rows of the chart's table: one a held-out loss, with the train loss of the same step. */
export function drawTable(body, held, points) {
  const train = new Map(points.step.map((step, i) => [step, points.loss[i]]));
  body.replaceChildren(
    ...held.step.map((step, i) => {
      const row = document.createElement("tr");
      cell(row, "th", thousands(step), false).scope = "row";
      cell(row, "td", thousands(held.tokens[i]), false);
      cell(row, "td", decimals(held.seconds[i], 2), false);
      cell(row, "td", decimals(train.get(step)), false);
      cell(row, "td", decimals(held.loss[i]), false);
      cell(row, "td", decimals(held.perplexity[i], 2), false);
      cell(row, "td", decimals(held.bits_per_byte[i]), false);
      for (const made of row.cells) made.classList.add("r");
      return row;
    }),
  );
}

// "What it answers": held-out examples with what the model makes of them at a checkpoint, and what would be right.
import { fill, thousands, visible } from "./words.js";

function cell(row, text, name) {
  const made = document.createElement("td");
  made.textContent = text;
  if (name) made.className = name;
  row.append(made);
  return made;
}

/** Rows of one checkpoint in `root` (#answers), whose data-* hold the words. Without rows what is there stays. */
export function drawAnswers(root, { step, rows }) {
  if (!rows.length) return;
  root.querySelector("#answers-step").textContent = fill(root.dataset.step, { step: thousands(step) });
  root.querySelector("#answers-rows").replaceChildren(
    ...rows.map(({ prompt, text, expected }) => {
      const row = document.createElement("tr");
      cell(row, visible(prompt), "given");
      cell(row, visible(text));
      const last = cell(row, expected || "–"), right = text.trim() === expected.trim();
      if (!expected) return row;
      const tag = document.createElement("span");
      tag.className = right ? "tag good" : "tag";
      tag.textContent = right ? root.dataset.right : root.dataset.wrong;
      last.append(" ", tag);
      return row;
    }),
  );
}

/** The share that stands for the task, of those measured at the last checkpoint: { label, text }. */
export function headline(shares, measures) {
  const names = { exact: "exact_match" }, found = Object.entries(shares).map(([name, value]) => [names[name] ?? name, value]);
  const [name, value] = Object.keys(measures).map((known) => found.find(([each]) => each === known)).find(Boolean) ?? [];
  if (name === undefined) return undefined;
  const { label, percent, places } = measures[name];
  return { label, text: percent ? `${(100 * value).toFixed(1)} %` : value.toFixed(places) };
}

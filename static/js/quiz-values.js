// What stands in a question's fields, whatever its kind: a text, a list of chosen options, or a value for each part.

export const typed = (section) => section.querySelector("input.input:not([data-part])");
export const choices = (section) => [...section.querySelectorAll(".opt input")];
export const parts = (section) => [...section.querySelectorAll("[data-part]")];
/** Fields that a person types into: saved when they pause. */
export const TYPING = "input.input";

export function read(section) {
  const fields = parts(section);
  if (fields.length) return Object.fromEntries(fields.map((one) => [one.dataset.part, one.value]));
  return typed(section)?.value ?? choices(section).filter((one) => one.checked).map((one) => one.value);
}

export function isAnswered(section) {
  const value = read(section);
  if (typeof value === "string") return Boolean(value.trim());
  return Array.isArray(value) ? value.length > 0 : Object.values(value).some((one) => one.trim());
}

export function restore(section, value) {
  for (const one of parts(section)) one.value = value?.[one.dataset.part] ?? "";
  if (typed(section)) typed(section).value = value ?? "";
  for (const one of choices(section)) one.checked = (value ?? []).includes(one.value);
  arrange(section);
}

/** The fields of one answer, named as the server reads them. */
export function body(value) {
  const form = new URLSearchParams();
  if (typeof value === "string") form.set("value-typed", value);
  else if (Array.isArray(value)) for (const one of value) form.append("value", one);
  else for (const [part, one] of Object.entries(value)) form.set(`value.${part}`, one);
  return form;
}

export function focus(section) {
  const field = typed(section) ?? section.querySelector(".opt input:checked") ?? choices(section)[0] ?? parts(section)[0];
  field?.focus();
}

/** The field of the next part, where Enter leads before it leads to the next question. */
export const following = (field) => {
  const fields = parts(field.closest(".question"));
  return field.dataset.part ? fields[fields.indexOf(field) + 1] : undefined;
};

// Ordering: rows stand in the order of their places as soon as each has one of its own.

const rows = (section) => [...section.querySelectorAll(".is-order > .part")];
const place = (row) => row.querySelector("select");

export function arrange(section) {
  const list = section.querySelector(".is-order");
  if (!list) return;
  const all = rows(section);
  if (new Set(all.map((row) => place(row).value).filter(Boolean)).size < all.length) return;
  list.append(...all.toSorted((a, b) => place(a).value - place(b).value));
}

/** Put `row` at `index` (from 0); all rows get the place at which they now stand. Returns the place, from 1. */
export function move(row, index) {
  const section = row.closest(".question"), all = rows(section).filter((one) => one !== row);
  const to = Math.min(Math.max(index, 0), all.length);
  all.splice(to, 0, row);
  all.forEach((one, at) => { place(one).value = String(at + 1); });
  row.parentElement.append(...all);
  return to + 1;
}

/** Buttons, arrow keys on them, and a chosen place move a row; `moved(section, place, total)` hears of it. */
export function ordering(root, moved) {
  const go = (row, index, field) => {
    const at = move(row, index);
    field.focus(); // moving the row took the focus away
    moved(row.closest(".question"), at, rows(row.closest(".question")).length);
  };
  const index = (row) => rows(row.closest(".question")).indexOf(row);
  root.querySelectorAll(".move").forEach((button) => {
    button.hidden = false;
    const row = button.closest(".part");
    button.addEventListener("click", () => go(row, index(row) + Number(button.dataset.move), button));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      go(row, index(row) + step, button);
    });
  });
  root.querySelectorAll(".is-order select").forEach((field) => {
    field.addEventListener("change", (event) => {
      event.stopPropagation(); // saved once, by `moved`
      if (field.value) go(field.closest(".part"), Number(field.value) - 1, field);
      else moved(field.closest(".question"), 0, 0);
    });
  });
}

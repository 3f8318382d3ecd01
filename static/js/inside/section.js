// What the sections of the page have in common: one answer at a time, its waiting and its errors, and small elements.
import { html } from "../widgets/elements.js";
import { visible } from "./decoding.js";

/**
 * A function that asks `question` for the section `root` and resolves to the answer, or to null where a later question
 * overtook it or it failed; the error's words then stand in the section's [data-error].
 */
export function asking(root, page, question) {
  const error = root.querySelector("[data-error]"), body = root.querySelector(':scope > [data-part="body"]');
  let last = 0;
  return async (params) => {
    const mine = (last += 1);
    await page.near(root);
    if (mine !== last) return null;
    root.ariaBusy = "true";
    try {
      const answer = await page.ask(question, params);
      if (mine !== last) return null;
      error.textContent = "";
      body?.removeAttribute("inert");
      return answer;
    } catch (failure) {
      if (mine !== last || failure.name === "AbortError") return null;
      tell(error, page, failure);
      body?.setAttribute("inert", ""); // it is about another question
      return null;
    } finally {
      if (mine === last) root.ariaBusy = "false";
    }
  };
}

/** What went wrong, with a button where it may go well when asked again. */
export function tell(error, page, failure) {
  error.textContent = failure.message;
  if (!failure.passing) return;
  const button = html("button", { type: "button", class: "btn btn-small" }, page.words.page.again);
  button.addEventListener("click", () => {
    error.textContent = "";
    page.again();
  });
  error.append(" ", button);
}

/** A token as code, white space as signs. */
export const code = (token) => html("code", { class: "tok" }, visible(token));

/** A table cell with text or nodes. */
export function cell(tag, kind, ...children) {
  const made = html(tag, kind ? { class: kind } : {}, ...children);
  if (tag === "th") made.scope = "row";
  return made;
}

/** The index that a key leads to from `at` among `count`, or undefined for other keys. */
export function moved(event, at, count) {
  if (event.ctrlKey || event.metaKey || event.altKey || !count) return undefined;
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: count - 1 }[event.key];
  if (to === undefined) return undefined;
  event.preventDefault();
  return Math.max(0, Math.min(count - 1, to));
}

/** A logit: two decimals and a true minus; a dash for what is not finite. */
export function logit(value) {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(2);
  return value < 0 && +text ? `−${text}` : text;
}

/** A number as long as it must be to tell something: 0.0132, 4.2e-7. */
export const small = (value) => (value == null ? "–" : value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(+value.toPrecision(3)));

// A widget's controls in the address: what a reader has set is in the link that they copy.

const CONTROLS = "input, select, textarea, button[aria-pressed]";
const NONE = "~";
const MOST = 600;

/** Values of controls as one short text; the same text gives them back. */
export const pack = (values) => values.map((value) => encodeURIComponent(value).replaceAll(NONE, "%7E")).join(NONE);

/** The values of a packed text; none for one that nobody packed. */
export function unpack(text) {
  try {
    return text && text.length <= MOST ? text.split(NONE).map(decodeURIComponent) : [];
  } catch {
    return []; // a link that was cut off
  }
}

const toggles = (control) => control.type === "checkbox" || control.type === "radio";

function valueOf(control) {
  if (control.tagName === "BUTTON") return control.getAttribute("aria-pressed") === "true" ? "1" : "0";
  return toggles(control) ? String(Number(control.checked)) : control.value;
}

/** What the controls below `body` are set to, in reading order. */
export const read = (body) => [...body.querySelectorAll(CONTROLS)].map(valueOf);

/** Set the controls to `values` as a reader would, one after the other: a choice may bring other controls. */
export function restore(body, values) {
  for (const [at, value] of values.entries()) {
    const control = body.querySelectorAll(CONTROLS)[at];
    if (!control || valueOf(control) === value) continue;
    if (control.tagName === "BUTTON" || toggles(control)) {
      if (value === "1" || control.type === "checkbox") control.click();
      continue;
    }
    control.value = value;
    for (const name of ["input", "change"]) control.dispatchEvent(new Event(name, { bubbles: true }));
  }
}

/** Keep the address in step with what the reader sets below `body`; first, set what the address says. */
export function keepInAddress(body, name) {
  const key = `w.${name}`;
  const url = () => new URL(location.href);
  const given = url().searchParams.get(key);
  if (given) restore(body, unpack(given));
  let before = pack(read(body));
  const keep = () => {
    const now = pack(read(body));
    if (now === before || now.length > MOST) return;
    before = now;
    const next = url();
    next.searchParams.set(key, now);
    history.replaceState(history.state, "", next);
  };
  body.addEventListener("change", keep);
  body.addEventListener("click", () => queueMicrotask(keep));
}

// Chapter "applications": BIO tags of a sentence, the spans that they make, and their precision, recall and F1.
import { fillIn, html } from "./elements.js";

/** Spans of BIO tags, as trainer/measures/spans.py reads them: an I- that continues nothing begins a span. */
export function spans(tags) {
  const found = [];
  let open = null;
  for (const [i, tag] of tags.entries()) {
    const [mark, kind = ""] = tag.split("-");
    if (mark === "I" && open?.kind === kind) {
      open.end = i + 1;
      continue;
    }
    open = kind ? { kind, start: i, end: i + 1 } : null;
    if (open) found.push(open);
  }
  return found;
}

/** How many spans are true, marked, and right: of the same type, with the same first and last word. */
export function count(gold, given) {
  const key = ({ kind, start, end }) => `${kind} ${start} ${end}`;
  const wanted = new Set(spans(gold).map(key)), marked = spans(given).map(key);
  return { truth: wanted.size, marked: marked.length, right: marked.filter((one) => wanted.has(one)).length };
}

const share = (part, whole) => (whole ? part / whole : null);

/** Precision, recall and F1 of spans, and the share of tags that are right; null for a ratio over nothing. */
export function figures(gold, given) {
  const { truth, marked, right } = count(gold, given);
  return {
    precision: share(right, marked),
    recall: share(right, truth),
    f1: share(2 * right, marked + truth),
    tags: share(given.filter((tag, i) => tag === gold[i]).length, gold.length),
  };
}

/** "66.7 %", and a dash for a ratio over nothing. */
export const percent = (value) => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);

/** The tags to choose from: O, then B- and I- of each type. */
export const choices = (kinds) => ["O", ...kinds.flatMap((kind) => [`B-${kind}`, `I-${kind}`])];

const FIGURES = ["precision", "recall", "f1", "tags"];
let mounted = 0;

/** A sentence's words, each with its select; `onChange` is told after every choice. */
function buildWords(sentence, kinds, labels, onChange) {
  const cells = sentence.words.map((word, i) => {
    const select = html("select", { class: "select tagging-tag", "aria-label": fillIn(labels.tagOf, { word, n: i + 1 }) },
      ...choices(kinds).map((tag) => html("option", { value: tag }, tag)));
    select.addEventListener("change", () => { sentence.given[i] = select.value; onChange(); });
    return { select, cell: html("div", { class: "tagging-word", role: "listitem" }, html("span", { lang: sentence.lang }, word), select) };
  });
  const list = html("div", { class: "tagging-words", role: "list" }, ...cells.map(({ cell }) => cell));
  const show = () => cells.forEach(({ select, cell }, i) => {
    const [mark, kind] = sentence.given[i].split("-");
    select.value = sentence.given[i];
    cell.className = ["tagging-word", kind && `s${kinds.indexOf(kind) + 1}`, mark === "I" && "is-inside"].filter(Boolean).join(" ");
  });
  return { list, show };
}

export function mount(root, { data, onGoal }) {
  const { labels, kinds } = data;
  const name = `tagging-${(mounted += 1)}`;
  const sentences = data.sentences.map((entry) => ({ ...entry, given: [...entry.start], solved: false }));
  let shown = sentences[0], reached = false;

  const places = Object.fromEntries(FIGURES.map((figure) => [figure, html("dd", { class: "num" })]));
  const list = html("dl", { class: "figs widget-figs" },
    ...FIGURES.map((figure) => html("div", {}, html("dt", {}, labels[figure]), places[figure])));
  const marked = html("div", { class: "tagging-spans", role: "list" });
  const status = html("p", { class: "small", "aria-live": "polite" });
  const progress = html("p", { class: "small num tagging-progress" });
  const pictures = sentences.map((sentence) => buildWords(sentence, kinds, labels, update));

  function update() {
    const found = figures(shown.gold, shown.given);
    shown.solved ||= found.f1 === 1;
    for (const [i, picture] of pictures.entries()) {
      picture.list.hidden = sentences[i] !== shown;
      picture.show();
    }
    for (const figure of FIGURES) places[figure].textContent = percent(found[figure]);
    marked.replaceChildren(...spans(shown.given).map(({ kind, start, end }) => html("div", { class: `s${kinds.indexOf(kind) + 1}`, role: "listitem" },
      html("b", { lang: shown.lang }, shown.words.slice(start, end).join(shown.gap)), " ", html("span", {}, labels.kinds[kind]))));
    status.textContent = fillIn(labels.status, count(shown.gold, shown.given));
    progress.textContent = sentences.map(({ name: title, solved }) => `${solved ? "✓" : "○"} ${title}`).join(" · ");
    if (reached || !sentences.every(({ solved }) => solved)) return;
    reached = true;
    onGoal(labels.evidence);
  }

  const put = (tags) => () => { shown.given = [...tags(shown)]; update(); };
  const button = (text, action) => {
    const made = html("button", { type: "button", class: "btn btn-small" }, text);
    made.addEventListener("click", action);
    return made;
  };
  const choice = html("div", { class: "seg seg-small", role: "radiogroup", "aria-label": labels.choose },
    ...sentences.map((entry, i) => {
      const radio = html("input", { type: "radio", name, value: i });
      radio.checked = i === 0;
      radio.addEventListener("change", () => { shown = entry; update(); });
      return html("label", {}, radio, html("span", {}, entry.name));
    }));

  root.append(
    html("div", { class: "row spread above" }, choice, progress),
    ...pictures.map((picture) => picture.list),
    html("div", { class: "row" },
      button(labels.model, put(({ start }) => start)),
      button(labels.clear, put(({ words }) => words.map(() => "O")))),
    marked, status, list,
  );
  update();
}

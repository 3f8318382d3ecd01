// Chapter "why": guess the next word of a story that neither the reader nor a trigram has seen; who is right more often?
import { fillIn, html, svg } from "./elements.js";
import { percent } from "./softmax.js";

/** The place of the largest share, of equals the first: what a model says when it has to say one word. */
export const first = (shares) => shares.indexOf(Math.max(...shares));

/** Who was right at the places played so far: `chosen` holds what the reader chose at each. */
export function score(places, chosen) {
  const played = places.slice(0, chosen.length);
  return {
    reader: played.filter(({ right }, i) => right === chosen[i]).length,
    model: played.filter(({ right, shares }) => right === first(shares)).length,
  };
}

/** What is left for all words that are no choice. */
export const rest = (shares) => Math.max(0, 1 - shares.reduce((sum, share) => sum + share, 0));

/** Goal: every place played, and the reader right more often. */
export const goalReached = (places, chosen) => {
  const { reader, model } = score(places, chosen);
  return chosen.length === places.length && reader > model;
};

function bar(share, right) {
  const filled = svg("rect", { class: right ? "s1 fill" : "faint fill", width: (100 * share).toFixed(2), height: 12 });
  return svg("svg", { viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" }, filled);
}

export function mount(root, { data, lang, onGoal }) {
  const { labels, places } = data, comma = lang.startsWith("zh") ? "、" : ", ";
  let chosen = [], open = true, reached = false;

  const text = html("p", { class: "next-word-text" });
  const options = html("div", { class: "next-word-options" });
  const question = html("fieldset", {}, html("legend", { class: "small strong" }, labels.question), options);
  const status = html("p", { class: "next-word-status", role: "status" });
  const bars = html("div", { class: "bars", role: "img" });
  const tally = html("p", { class: "small num faint" });
  const button = (name, act) => {
    const made = html("button", { type: "button", class: "btn btn-small" }, name);
    made.addEventListener("click", act);
    return made;
  };
  const onward = button(labels.next, () => { open = true; draw(); options.firstElementChild.focus(); });
  const again = button(labels.again, () => { chosen = []; open = true; draw(); options.firstElementChild.focus(); });

  function choose(option) {
    chosen.push(option);
    open = false;
    draw();
    (chosen.length < places.length ? onward : again).focus();
    if (reached || !goalReached(places, chosen)) return;
    reached = true;
    const { reader, model } = score(places, chosen);
    onGoal(`${reader} : ${model}`);
  }

  function drawText(count) {
    const shown = places.slice(0, count).flatMap(({ before, options: words, right }) =>
      [before, html("mark", { class: "next-word-mark" }, words[right])]);
    const gap = html("span", { class: "next-word-gap", role: "img", "aria-label": labels.gap }, "?");
    const tail = open ? [places[count].before, gap] : count === places.length ? [data.after] : [];
    text.replaceChildren(...shown, ...tail);
  }

  function drawAnswer() {
    const { options: words, right, shares, kind } = places[chosen.length - 1], mine = chosen.at(-1), model = first(shares);
    const verdict = mine === right ? labels.right : labels.wrong;
    const other = model === right ? labels.modelRight : labels.modelWrong;
    status.textContent = [fillIn(verdict, { word: words[right] }), fillIn(other, { word: words[model] }), labels[kind]]
      .join(labels.space);
    const rows = [...words.map((word, i) => [word, shares[i], i === right]), [labels.others, rest(shares), false]];
    bars.replaceChildren(...rows.flatMap(([word, share, isRight]) => [
      html("span", { class: isRight ? "strong" : "" }, word), bar(share, isRight), html("span", { class: "num r" }, percent(share)),
    ]));
    bars.setAttribute("aria-label", fillIn(labels.bars, { list: rows.map(([word, share]) => `${word} ${percent(share)}`).join(comma) }));
  }

  function draw() {
    const over = !open && chosen.length === places.length;
    drawText(chosen.length);
    question.hidden = !open;
    options.replaceChildren(...(open ? places[chosen.length].options.map((word, i) => button(word, () => choose(i))) : []));
    bars.hidden = open;
    if (open) status.textContent = "";
    else drawAnswer();
    onward.hidden = open || over;
    again.hidden = !over;
    tally.textContent = fillIn(labels.tally, { ...score(places, chosen), n: chosen.length, of: places.length });
  }

  root.append(text, question, status, bars, html("div", { class: "row next-word-act" }, onward, again), tally);
  draw();
}

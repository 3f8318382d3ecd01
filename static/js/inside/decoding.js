// How a token is chosen: temperature, top-k and top-p on the logits of a whole vocabulary. Pure functions; the numbers
// are those of the trainer's `probe.tokens.decoding`, column by column.

/** Where the sliders stop: close together where a small change matters, then ever wider. 0 is greedy. */
export const TEMPERATURES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3, 5, 10, 100, 1000];
const COUNTS = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 300, 500, 1000, 2000, 3000, 5000];

/** The stops of top-k for so many tokens, the last of them all tokens (0). */
export const counts = (size) => [...COUNTS.filter((count) => count < size), 0];

/** Ids, the largest logit first; of equals the smaller id first. */
export const ranked = (logits) => logits.map((_, id) => id).sort((a, b) => logits[b] - logits[a] || a - b);

function softmax(values) {
  const most = values.reduce((high, value) => Math.max(high, value), -Infinity);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * Columns by id: `scaled` logits over temperature, `tempered` shares after it, `afterK` those of the k likeliest,
 * `running` the sum of these down to the token (what top-p cuts), `final` what is drawn from. `order` is `ranked(logits)`.
 */
export function decode(logits, { temperature, topK, topP }, order = ranked(logits)) {
  const greedy = !(temperature > 0);
  const scaled = greedy ? [...logits] : logits.map((logit) => logit / temperature);
  const alone = () => logits.map((_, id) => (id === order[0] ? 1 : 0));
  const count = topK > 0 ? Math.min(topK, logits.length) : logits.length;
  const among = new Set(order.slice(0, count));
  const tempered = greedy ? alone() : softmax(scaled);
  const afterK = greedy ? alone() : softmax(scaled.map((value, id) => (among.has(id) ? value : -Infinity)));
  const running = new Array(logits.length), final = new Array(logits.length).fill(0);
  let before = 0, kept = 0;
  order.forEach((id, rank) => {
    // The likeliest always stays; a rounding error must not keep a token where the sum is p itself.
    if (rank === 0 || topP >= 1 || before < topP - 1e-9) kept += final[id] = afterK[id];
    before += afterK[id];
    running[id] = Math.min(1, before);
  });
  return { order, scaled, tempered, afterK, running, final: final.map((share) => share / kept) };
}

/** How many tokens can still be drawn. */
export const left = (final) => final.filter((share) => share > 0).length;

/** Bits: how much a draw surprises on average. */
export const entropy = (final) => -final.reduce((sum, share) => (share > 0 ? sum + share * Math.log2(share) : sum), 0);

/** The token that a number from 0 up to 1 falls on, and the stretch that it holds; the likeliest lies first. */
export function draw({ order, final }, number) {
  let from = 0;
  for (const id of order) {
    if (final[id] <= 0) continue;
    if (number < from + final[id]) return { id, from, to: from + final[id] };
    from += final[id];
  }
  const id = order.findLast((one) => final[one] > 0); // the sum of many shares may stay a little below 1
  return { id, from: 1 - final[id], to: 1 };
}

const SIGNS = { " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍", "\u00a0": "⍽", "\u3000": "□" };

/** A token for people to read: white space and control characters as signs. */
export function visible(token) {
  if (token === "") return "∅";
  return token.replace(/[\s\u0000-\u001f\u007f]/g, (sign) => SIGNS[sign] ?? (sign < " " ? String.fromCodePoint(0x2400 + sign.codePointAt(0)) : "·"));
}

/** A share as a percentage whose digits say something: "73.2 %", "0.04 %", "<0.001 %". */
export function percent(share) {
  if (share === 0) return "0 %";
  if (share < 1e-5) return "<0.001 %";
  const value = 100 * share;
  return `${value >= 1 ? value.toFixed(1) : value.toPrecision(2)} %`;
}

const LEVELS = [0.5, 1.5, 3, 5, 8];

/** The shade of a surprise, 0 to 5. */
export const level = (bits) => (bits === null ? 0 : LEVELS.filter((edge) => bits >= edge).length);

// Sentences and numbers as ui.md writes them. Sentences come from the template (#words), already in the reader's language.

/** "At step %(step)s" with values put in; unknown names stay. */
export const fill = (sentence, values) =>
  sentence.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? values[name] : whole));

/** 1234567 as "1,234,567", the same in both languages; a dash for nothing. */
export const thousands = (value) => (value == null ? "–" : Math.round(value).toLocaleString("en"));

/** A measured number with a fixed count of decimals; a dash for nothing. */
export const decimals = (value, places = 3) => (Number.isFinite(value) ? value.toFixed(places) : "–");

/** An axis number without needless digits: 250, 12 k, 1.5 M. */
export function short(value) {
  if (value >= 1e6) return `${+(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${+(value / 1e3).toFixed(1)} k`;
  return (+value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 4 });
}

/** A text on one line: newlines as a sign. */
export const visible = (text) => text.replaceAll("\n", "↵");

/** A learning rate from its place on the logarithmic slider, two digits. */
export const rateAt = (exponent) => Number((10 ** exponent).toPrecision(2));

/** The place of a rate on a slider from -5 to 0; undefined for what is no rate. */
export function exponentOf(text) {
  const rate = Number(text);
  return text.trim() && rate > 0 && Number.isFinite(rate) ? Math.min(0, Math.max(-5, Math.log10(rate))) : undefined;
}

/** Whether two texts mean the same value: 0.030 is 0.03. */
export function same(one, other) {
  if (one.trim() && other.trim() && Number.isFinite(+one) && Number.isFinite(+other)) return +one === +other;
  return one === other;
}

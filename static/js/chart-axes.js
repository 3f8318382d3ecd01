// Both axes of a chart of losses, and the measures of its frame. Used by chart.js and curves.js.
import { digits, linearTicks, logTicks } from "./scale.js";
import { short } from "./words.js";

export const NARROW = 560;
export const LABELS = 104;

/** uPlot's `scales` for losses over steps, tokens or seconds. Ranges are set by hand. */
export const scales = (log) => ({
  x: { time: false, auto: false, distr: log ? 3 : 1, log: 10, range: (_, low, high) => [low, high] },
  y: { auto: false, range: (_, low, high) => [low, high] },
});

/** uPlot's `axes`; `inks` has axis and grid. */
export function axes({ inks, label, log, narrow }) {
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const common = { stroke: inks.axis, font, labelFont: font, labelSize: 18, labelGap: 0 };
  return [
    {
      ...common, size: 26, gap: 4, label, grid: { show: false }, ticks: { stroke: inks.axis, width: 1, size: 4 },
      splits: (_, __, low, high) => (log ? logTicks(low, high, narrow ? 6 : 12) : linearTicks(low, high, narrow ? 4 : 8)),
      filter: (_, splits) => splits, values: (_, splits) => splits.map(short),
    },
    {
      ...common, size: 40, gap: 6, grid: { stroke: inks.grid, width: 1 }, ticks: { show: false },
      splits: (_, __, low, high) => linearTicks(low, high, narrow ? 4 : 6),
      values: (_, splits) => splits.map((tick) => tick.toFixed(digits(splits))),
    },
  ];
}

/** Width, height and edges of the frame in a `plot` that is `width` wide. */
export const measures = (width) => ({
  width, height: width < NARROW ? 280 : 340, padding: [8, width < NARROW ? 14 : LABELS, 0, 0],
});

// Runs side by side: draws the chart of the run table, of a shared view and of a teacher's look at a run. Every button
// is a form of the page; htmx swaps #compare, and the chart is drawn again from what came with it.
import { drawCurves } from "./curves.js";
import { joinCopy } from "./copy.js";
import { decimals, fill } from "./words.js";

const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
let chart = null;

/** Every run a line with rings at its checkpoints, seeds a mean in a band. */
function draw() {
  const plot = $("compare-plot");
  if (!plot) return;
  chart?.destroy();
  const data = JSON.parse($("compare-data").textContent);
  const many = data.lines.length > 8;
  const series = data.lines.map((line) => ({ ...line, id: String(line.id), knots: !many && !line.band && line.points.step.length < 60 }));
  const bands = data.lines.filter(({ band }) => band).map(({ band, points, ink }) => ({ ink: "band", points, ...band, line: ink }));
  chart = drawCurves(plot, series, {
    axis: data.axis, log: data.log, zoom: data.zoom, bands, words,
    onFrame: ({ start }) => {
      $("frame").textContent = start === null ? "" : fill(words.frame, { loss: decimals(start, 2) });
    },
    onZoom: remember,
  });
}

/** Zooming changes the address too; what the share form sends and what is copied follow the address. */
function remember(zoom) {
  const address = new URL(location.href);
  if (zoom) address.searchParams.set("zoom", zoom.map((value) => +value.toPrecision(5)).join());
  else address.searchParams.delete("zoom");
  history.replaceState(history.state, "", address);
  follow();
}

/** Links and the share form outside the part that is swapped say what is shown now. */
function follow() {
  const form = $("share-form"), link = $("copy-view"), runs = $("compare-runs")?.value;
  if (link && form) link.href = location.href;
  if (!form || runs === undefined) return;
  const hidden = (name, value) => Object.assign(document.createElement("input"), { type: "hidden", name, value });
  const query = new URLSearchParams(location.search);
  query.set("show", runs);
  $("share-view").replaceChildren(...[...query].map(([name, value]) => hidden(name, value)));
  const points = $("all-points");
  if (points) points.search = `?show=${runs}`;
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!detail.elt.matches("#compare, #compare *")) return;
  draw();
  follow();
});
if ($("copy-view")) joinCopy($("copy-view"), words);
draw();
follow();

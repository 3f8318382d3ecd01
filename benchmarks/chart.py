"""Twenty runs of 10,000 points in one frame in Chromium: time a frame under a moving cursor and a changing zoom.

`./run bench chart [--runs N] [--points N] [--frames N]`. The page is the portal's own chart with its own styles.
"""

from __future__ import annotations

import argparse
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.common import ROOT, percentile, report
from portal.testing import chromium

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chart</title>
<link rel="stylesheet" href="/static/css/tokens.css"><link rel="stylesheet" href="/static/css/charts.css">
<link rel="stylesheet" href="/static/vendor/uplot/uPlot.min.css">
<div class="canvas" id="plot" tabindex="0"></div>
<script type="module">
import { drawCurves } from "/static/js/curves.js";
window.drawCurves = drawCurves;
</script></html>"""

MAKE = """([runs, points]) => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const series = Array.from({ length: runs }, (_, run) => {
    const step = Array.from({ length: points }, (_, i) => i + 1);
    const loss = step.map((i) => 1.5 + run / 20 + 3 / Math.sqrt(i) + (random() - 0.5) * 0.2);
    const columns = { step, tokens: step.map((i) => i * 1024), seconds: step.map((i) => i / 90), loss };
    return { id: run, label: `run ${run}`, ink: `s${(run % 6) + 1}`, points: columns };
  });
  window.chart = drawCurves(document.getElementById("plot"), series);
  window.series = series;
}"""

# Each frame does one thing; what is timed is the whole frame, until the next one may begin.
FRAMES = """([kind, frames]) => new Promise((resolve) => {
  const over = document.querySelector(".u-over"), box = over.getBoundingClientRect(), times = [], whole = chart.whole;
  let before = performance.now(), frame = 0;
  const next = (now) => {
    times.push(now - before);
    before = now;
    if (frame === frames) return resolve(times.slice(2));
    const share = (frame++ % 100) / 100;
    if (kind === "cursor") {
      const place = { clientX: box.left + share * box.width, clientY: box.top + box.height / 2, bubbles: true };
      document.querySelector(".u-over").dispatchEvent(new MouseEvent("mousemove", place));
    } else chart.setZoom([whole[1] * share * 0.5, whole[1] * (share * 0.5 + 0.4)]);
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})"""

HEAP = "() => { window.gc?.(); return performance.memory.usedJSHeapSize / 2 ** 20; }"
AGAIN = "(times) => { for (let i = 0; i < times; i++) chart.update(series, { log: i % 2 === 1 }); }"
UPDATES = 60


class Handler(SimpleHTTPRequestHandler):
    """The page, and the files under static/."""

    def do_GET(self) -> None:
        """Answer the page itself from memory."""
        if self.path != "/":
            super().do_GET()
            return
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def measured(url: str, runs: int, points: int, frames: int) -> dict[str, Any]:
    """Draw in Chromium and time frames of both kinds, milliseconds."""
    with sync_playwright() as playwright:
        arguments = ["--enable-precise-memory-info", "--js-flags=--expose-gc"]
        browser = playwright.chromium.launch(executable_path=chromium.ensure(), args=[*arguments, "--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 900})
        page.goto(url)
        page.wait_for_function("typeof drawCurves === 'function'")
        page.evaluate(MAKE, [runs, points])
        cursor = page.evaluate(FRAMES, ["cursor", frames])
        zoom = page.evaluate(FRAMES, ["zoom", frames])
        before = page.evaluate(HEAP)
        page.evaluate(AGAIN, UPDATES)
        after = page.evaluate(HEAP)
        browser.close()
    return {"cursor": cursor, "zoom": zoom, "heap_mb": after, "grown_mb": after - before}


def main() -> None:
    """Serve the page, measure, report."""
    parser = argparse.ArgumentParser(prog="chart", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=ROOT)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        found = measured(url, options.runs, options.points, options.frames)
        server.shutdown()
    both = found["cursor"] + found["zoom"]
    for kind in ("cursor", "zoom"):
        middle, late = percentile(found[kind], 50), percentile(found[kind], 95)
        print(f"{kind:<8} median {middle:6.1f} ms a frame, 95th percentile {late:6.1f} ms")
    print(f"memory   {found['heap_mb']:.1f} MB, {found['grown_mb']:+.1f} MB after {UPDATES} redrawings")
    report(
        "chart",
        median_frame_ms=percentile(both, 50),
        p95_frame_ms=percentile(both, 95),
        cursor_median_ms=percentile(found["cursor"], 50),
        zoom_median_ms=percentile(found["zoom"], 50),
        heap_mb=found["heap_mb"],
        grown_mb=found["grown_mb"],
        runs=options.runs,
        points=options.points,
    )


if __name__ == "__main__":
    main()

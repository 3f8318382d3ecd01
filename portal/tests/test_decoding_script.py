"""The page's sliders and the trainer choose by the same numbers: `static/js/inside/decoding.js` against
`trainer.probe.tokens.decoding`, on random logits over a whole vocabulary."""

from __future__ import annotations

import json
import random
import shutil
import subprocess

import pytest
import torch

from portal.tests.source import ROOT
from trainer.probe.tokens import decoding

NODE = shutil.which("node")
SETTINGS = [
    (1.0, 0, 1.0),
    (0.7, 0, 0.9),
    (0.1, 5, 1.0),
    (2.0, 40, 0.5),
    (10.0, 0, 0.95),
    (1000.0, 0, 1.0),
    (1000.0, 7, 0.3),
    (0.0, 0, 1.0),
    (0.0, 3, 0.0),
    (0.8, 0, 0.0),
    (1.0, 100_000, 1.0),
]
SCRIPT = """
import { decode } from "./static/js/inside/decoding.js";
let text = "";
for await (const part of process.stdin) text += part;
const { logits, settings } = JSON.parse(text);
const found = settings.map(([temperature, topK, topP]) => decode(logits, { temperature, topK, topP }));
console.log(JSON.stringify(found));
"""


@pytest.mark.skipif(NODE is None, reason="no Node on PATH; the browser tests run the same script in Chromium")
@pytest.mark.parametrize("size", [30, 2_000])
def test_the_sliders_of_the_page_choose_as_the_trainer_does(size: int) -> None:
    draws = random.Random(size)
    logits = [round(draws.gauss(0, 3), 4) for _ in range(size)]
    done = subprocess.run(
        [str(NODE), "--input-type=module", "--eval", SCRIPT],
        cwd=ROOT,
        input=json.dumps({"logits": logits, "settings": SETTINGS}),
        capture_output=True,
        text=True,
        check=True,
    )
    for (temperature, top_k, top_p), found in zip(SETTINGS, json.loads(done.stdout), strict=True):
        wanted = decoding(logits, temperature=temperature, top_k=top_k, top_p=top_p)
        columns = {
            "scaled": wanted.scaled,
            "tempered": wanted.tempered,
            "afterK": wanted.after_k,
            "final": wanted.final,
        }
        for name, column in columns.items():
            ours = torch.tensor(found[name], dtype=torch.float32)
            torch.testing.assert_close(
                ours, column, rtol=1e-4, atol=1e-6, msg=f"{name} at {(temperature, top_k, top_p)}"
            )
        assert sum(found["final"]) == pytest.approx(1)

"""The end of an exported script, where the parts come together. Filled in by `trainer.export.script`.

`# %%` begins a cell of a notebook.
"""

from __future__ import annotations

IMPORTS = """
import base64
import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from {model_module} import {model}
from {task_module} import {task}
from trainer.export.playback import Losses, chart, compared, continued, losses_in, spelt, trained, unpacked, verdict
from trainer.spec import RunSpec
from trainer.starting import choose_trained, transplant


def main() -> None:
"""

SCRIPT_DOCSTRING = """\
    \"\"\"Train as the recipe says, print the losses, and compare them with those of the run.

    A file that is named on the command line gets all losses as JSON.
    \"\"\"
"""

BEGIN = """\
    spec, data = RunSpec(), unpacked({read})
    before, now = losses_in(data), Losses()
    torch.set_num_threads(spec.threads)
    torch.set_flush_denormal(True)
    task = {task}(spec, data)
    # Two generators: which examples come does not depend on what the model draws (weights, dropout).
    batches, draws = (torch.Generator().manual_seed(spec.seed) for _ in range(2))
    model = {model}(spec.model_config(), draws)
"""

TUNING = """\
    transplant({name[5:]: weights for name, weights in data.items() if name.startswith("base.")}, model)
    choose_trained(model, spec, draws)
"""

TRAIN = """\
    model.to(spec.device)
    print(f"{{spec.steps:,}} steps, {{sum(each.numel() for each in model.parameters()):,}} weights")
    for step in trained(spec, task, model, batches):
        now.add(step)
        if step.held_out is not None:
            print(f"step {{step.number:6,}}   loss {{step.loss:.4f}}   held out {{step.held_out:.4f}}", flush=True)
        elif step.number <= 10:
            print(f"step {{step.number:6,}}   loss {{step.loss:.4f}}", flush=True)
"""

CHART = """\
    print(chart(now.training))
"""

SAMPLE = """\
    prompt = data["prompt"].tolist()
    written = continued(model, prompt, length=200, temperature=0.7, seed=spec.seed)
    print(spelt(prompt + written, data["letters"], data["letters_of_token"]))
"""

COMPARE = """\
    print(verdict(compared(before, now), torch_before="{torch}", threads={threads}))
"""

WRITE = """\
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({"before": asdict(before), "now": asdict(now)}), encoding="utf-8")
"""

CELL = "    # %%\n"

READ_INSIDE = "base64.b64decode(DATA)"
READ_BESIDE = 'Path(__file__).with_name("data.bin").read_bytes()'
READ_BESIDE_NOTEBOOK = 'Path("data.bin").read_bytes()'


def script_main(names: dict[str, object], *, tuned: bool, writes: bool) -> str:
    """The `main` of a script: `tuned` begins from other weights, `writes` ends with a text."""
    parts = [IMPORTS.format_map(names), SCRIPT_DOCSTRING, BEGIN.format_map(names), TUNING if tuned else ""]
    parts += [TRAIN.format_map(names), SAMPLE if writes else "", COMPARE.format_map(names), WRITE]
    return "".join(parts)


def notebook_main(names: dict[str, object], *, tuned: bool, writes: bool) -> str:
    """The same for a notebook, which draws the curve and writes no file."""
    parts = [IMPORTS.format_map(names), BEGIN.format_map(names), TUNING if tuned else "", CELL]
    parts += [TRAIN.format_map(names), CELL, CHART, CELL + SAMPLE if writes else "", CELL, COMPARE.format_map(names)]
    return "".join(parts)

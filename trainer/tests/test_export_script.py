from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer.checks import TASK_FAMILIES
from trainer.export.notebook import write_notebook
from trainer.export.packing import packed
from trainer.export.playback import Losses, chart, compared, spelt, unpacked, verdict
from trainer.export.script import write_script
from trainer.export.verify import VerificationError, verify
from trainer.spec import SpecError
from trainer.starting import base_hash
from trainer.tests.factories import run, tiny_spec, tiny_text
from trainer.tests.task_factories import task_data, task_spec

CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    f"{task}-{family}": (task, family, {}) for task, families in TASK_FAMILIES.items() for family in families
} | {
    "adamw": ("language", "gpt", {"optimizer": "adamw", "learning_rate": 0.01, "clip": 0.5, "weight_decay": 0.1}),
    "sgd": ("language", "gpt", {"optimizer": "sgd", "schedule": "cosine", "warmup": 3}),
    "momentum": ("language", "rnn", {"optimizer": "momentum", "schedule": "constant"}),
    "dropout": ("sequence", "seq2seq", {"dropout": 0.2, "positions": "sinusoidal", "norm_place": "after"}),
    "switches": ("language", "gpt", {"lookback": 2, "tied": True, "positions": "learned", "norm": "rms"}),
    "bfloat16": ("language", "gpt", {"precision": "bfloat16", "embedding_rate": 0.02}),
    "both-ways": ("tag", "gpt", {"causal": False, "positions": "none", "activation": "gelu"}),
}  # fmt: skip
"""Every family with every task, and what else changes how a script is put together."""

RUNNER = """
import contextlib, io, runpy, sys
for folder in sys.argv[1:]:
    sys.argv = ["train.py", folder + "/losses.json"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        runpy.run_path(folder + "/train.py", run_name="__main__")
    print(said.getvalue().splitlines()[-1])
"""

CELLS = """
import codeop, json, sys
compiled, names = codeop.Compile(), sys.modules["__main__"].__dict__  # keeps what __future__ brought, as IPython does
for cell in json.load(sys.stdin):
    exec(compiled(cell + "\\n", "cell", "exec"), names)
"""


def last_words(folders: Sequence[Path]) -> list[str]:
    """What each script says at its end; all in one process, which does not see this package."""
    command = [sys.executable, "-I", "-c", RUNNER, *map(str, folders)]
    done = subprocess.run(command, cwd=folders[0], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.splitlines()


def exported(folder: Path, task: str = "language", family: str = "gpt", **changes: Any) -> Path:
    """A run's script."""
    run(folder, task_spec(task, family, **changes), data=task_data(task))
    write_script(folder, folder / "out", data=task_data(task))
    return folder / "out"


@pytest.mark.slow
def test_scripts_of_all_tasks_and_families_give_every_loss_to_the_last_bit(tmp_path: Path) -> None:
    folders = {name: exported(tmp_path / name, task, family, **more) for name, (task, family, more) in CASES.items()}
    assert dict(zip(CASES, last_words(list(folders.values())), strict=True)) == dict.fromkeys(
        CASES, "identical: 30 of 30 steps"
    )
    # Held-out losses are compared too.
    found = json.loads((folders["masked-encoder"] / "losses.json").read_text())
    assert found["now"] == found["before"]
    assert list(found["now"]["held_out"]) == ["10", "20", "30"]


@pytest.mark.slow
def test_scripts_of_fine_tuned_runs_begin_from_the_weights_of_their_base(tmp_path: Path) -> None:
    folders: dict[str, Path] = {}
    for family, before in {"gpt": "language", "encoder": "masked", "lstm": "language", "rnn": "language"}.items():
        base = tmp_path / family / "model"
        run(tmp_path / family, task_spec(before, family), data=task_data(before))
        for tuning in ("frozen", "full", "lora"):
            folder = tmp_path / f"{family}-{tuning}"
            spec = task_spec("classify", family, tuning=tuning, lora_rank=2, base=base_hash(base))
            run(folder, spec, data=task_data("classify"), base=base)
            write_script(folder, folder / "out", data=task_data("classify"), base=base)
            folders[folder.name] = folder / "out"
    assert last_words(list(folders.values())) == ["identical: 30 of 30 steps"] * len(folders)
    with pytest.raises(SpecError, match="no_base"):
        write_script(tmp_path / "gpt-lora", tmp_path / "x", data=task_data("classify"))


@pytest.mark.parametrize("name", ["language-gpt", "sequence-seq2seq", "classify-lstm", "embed-skipgram"])
def test_a_script_needs_torch_alone_and_reads_as_its_recipe_first(name: str, tmp_path: Path) -> None:
    task, family, more = CASES[name]
    text = (exported(tmp_path, task, family, **more) / "train.py").read_text()
    tree = ast.parse(text)
    modules = {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {module.split(".")[0] for module in modules} - sys.stdlib_module_names == {"torch"}
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert classes[0] == "RunSpec"
    assert not {"Trace", "Stages", "Tokenizer", "Examples", "SourceCache"} & set(classes)
    assert "learning_rate = 0.03" in text
    assert ast.get_docstring(tree) is not None


def test_a_script_is_clean_python(tmp_path: Path) -> None:
    script = exported(tmp_path, "sequence", "seq2seq") / "train.py"
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "format", "--check", "--isolated", "--line-length=120", script], check=True)
    subprocess.run([*ruff, "check", "--isolated", "--line-length=120", "--select=E,F,I,W,UP", script], check=True)


@pytest.mark.slow
def test_a_changed_recipe_says_where_it_parts(tmp_path: Path) -> None:
    folder = exported(tmp_path)
    assert verify(folder).outcome == "identical"
    script = folder / "train.py"
    script.write_text(script.read_text().replace('optimizer = "muon"', 'optimizer = "sgd"'))
    found = verify(folder)
    assert (found.outcome, found.first_different, found.steps, found.equal) == ("different", 2, 30, 1)
    script.write_text("raise SystemExit('no such luck')")
    with pytest.raises(VerificationError, match="no such luck"):
        verify(folder)
    script.write_text("import time; time.sleep(60)")
    with pytest.raises(VerificationError, match="not done"):
        verify(folder, timeout_s=0.5)
    with pytest.raises(FileNotFoundError):
        verify(tmp_path)


@pytest.mark.slow
def test_large_data_lie_beside_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.export.script.EMBEDDED", 100)
    folder = exported(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["data.bin", "train.py"]
    assert "data.bin (0.0 MB" in (folder / "train.py").read_text()
    assert verify(folder).outcome == "identical"


@pytest.mark.slow
def test_a_notebook_trains_cell_by_cell(tmp_path: Path) -> None:
    run(tmp_path)
    (path,) = write_notebook(tmp_path, tmp_path / "out", data=tiny_text())
    notebook = json.loads(path.read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert "class RunSpec" in cells[1]
    command = [sys.executable, "-I", "-c", CELLS]
    done = subprocess.run(command, input=json.dumps(cells), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "•" in done.stdout
    assert done.stdout.splitlines()[-1] == "identical: 30 of 30 steps"


def test_only_a_finished_run_with_its_own_data_is_exported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_script(tmp_path, tmp_path / "out", data=tiny_text())
    run(tmp_path)
    with pytest.raises(ValueError, match="not the data"):
        write_script(tmp_path, tmp_path / "out", data=tiny_text(2_000))
    for path in tmp_path.glob("checkpoint-*"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match="no curve"):
        write_script(tmp_path, tmp_path / "out", data=tiny_text())
    assert not (tmp_path / "out").exists()


def test_packed_tensors_come_back() -> None:
    tensors = {
        "bytes": torch.arange(200),
        "signed": torch.tensor([[-100, 3], [5, 70_000]]),
        "long": torch.tensor(2**40),
        "weights": torch.randn(3, 4, generator=torch.Generator().manual_seed(1)),
        "losses": torch.tensor([1 / 3], dtype=torch.float64),
    }
    found = unpacked(packed(tensors))
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0)


def test_a_comparison_names_the_first_step_that_differs() -> None:
    before = Losses([3.0, 2.0, 1.0], {3: 1.5})
    assert compared(before, Losses([3.0, 2.0, 1.0], {3: 1.5})) == (3, 3, None, 0.0)
    assert compared(before, Losses([3.0, 2.0, 1.0], {3: 1.53})).first == 3
    close = compared(before, Losses([3.0, 2.001, 1.0], {3: 1.5}))
    assert (close.equal, close.first) == (2, 2)
    assert close.largest == pytest.approx(0.0005, rel=0.01)
    assert verdict(close, torch_before="1", threads=1).startswith("close: step 2 is the first to differ; 2 of 3")
    assert compared(before, Losses([3.0, 2.0])).first == 3
    assert compared(before, Losses([3.0, float("nan"), 1.0], {3: 1.5})).largest == float("inf")
    assert verdict(compared(before, Losses([4.0])), torch_before="1", threads=1).startswith("different")


def test_text_and_curve_are_drawn() -> None:
    letters = torch.tensor(list("aß".encode()))
    assert spelt([1, 0], letters, torch.tensor([1, 2])) == "ßa"
    drawn = chart([4.0, 3.0, 2.0, 1.0], rows=4)
    assert drawn == "   4.000 │•\n         │ •\n         │  •\n   1.000 │   •"
    assert tiny_spec().steps == 30

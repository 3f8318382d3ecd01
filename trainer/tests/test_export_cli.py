from __future__ import annotations

from pathlib import Path

import pytest

from trainer.__main__ import main
from trainer.corpora import data_hash
from trainer.tests.factories import run, tiny_spec, tiny_text


@pytest.mark.parametrize(
    ("form", "files"),
    [
        ("script", {"train.py"}),
        ("notebook", {"train.ipynb"}),
        ("transformers", {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}),
        ("safetensors", {"README.md", "config.json", "weights.safetensors", "tokenizer.json", "tokenizer_kind.json"}),
    ],
)
def test_a_run_is_written_in_every_form(form: str, files: set[str], tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(tiny_text())
    run(tmp_path / "run", tiny_spec(corpus=f"sha256:{data_hash(tiny_text())}"))
    more = ["--text", str(text)] if form in ("script", "notebook") else []
    assert main(["export", str(tmp_path / "run"), str(tmp_path / "out"), "--to", form, *more]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == files


def test_a_model_that_has_no_class_is_refused_with_the_switch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "run", tiny_spec(lookback=2))
    with pytest.raises(SystemExit, match="2"):
        main(["export", str(tmp_path / "run"), str(tmp_path / "out"), "--to", "transformers"])
    assert "lookback is 2, and would have to be 0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

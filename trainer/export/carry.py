"""One export as a portal asks for it: what to write of a run, and what came of it as plain events. Called by
`trainer.nursery` in a process of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainer.corpora import Data
from trainer.corpora.kept import ChangedError, read_data
from trainer.export.architectures import NotExportableError
from trainer.export.hub import write_hub
from trainer.export.notebook import write_notebook
from trainer.export.script import write_script
from trainer.export.verify import VerificationError, verify
from trainer.export.weights import write_weights
from trainer.spec import SpecError

Event = dict[str, Any]


def carry(asked: dict[str, Any]) -> Event:
    """Write a run into `out`, or check the script there: what is asked is `format`, `run_dir`, `out`, and `text_path`
    and `corpus` for data of one's own, `base_dir` for a fine-tuned run, `timeout_s` for a check.

    Returns {"kind": "written", "files": {name: bytes}}, {"kind": "checked", …} with what `verify` found, or
    {"kind": "failed", "ending": code, "detail": text}: not_exportable, gone (files that are no longer there), changed
    (data that are not those of the run), no_base, script_failed.
    """
    try:
        if asked["format"] == "check":
            found = verify(Path(asked["out"]), timeout_s=asked["timeout_s"])
            return {"kind": "checked"} | asdict(found)
        return {"kind": "written", "files": _written(asked)}
    except NotExportableError as error:
        return _failed("not_exportable", str(error))
    except VerificationError as error:
        return _failed("script_failed", str(error))
    except SpecError:
        return _failed("no_base")
    except FileNotFoundError as error:
        return _failed("gone", str(error))
    except (ChangedError, ValueError) as error:
        return _failed("changed", str(error))


def _failed(code: str, detail: str = "") -> Event:
    return {"kind": "failed", "ending": code, "detail": detail}


def _written(asked: dict[str, Any]) -> dict[str, int]:
    """Write beside the place first: a folder that is there is whole. Returns its files and their sizes."""
    out, run_dir = Path(asked["out"]), Path(asked["run_dir"])
    temporary = out.with_name(f".{out.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    WRITERS[asked["format"]](run_dir, temporary, asked)
    shutil.rmtree(out, ignore_errors=True)
    temporary.rename(out)
    return {path.name: path.stat().st_size for path in sorted(out.iterdir())}


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    """What a script needs beside the run's folder."""
    text, base = asked.get("text_path"), asked.get("base_dir")
    data: Data | None = read_data(Path(text), asked["corpus"]) if text else None
    return {"data": data, "base": Path(base) if base else None}


def _script(run_dir: Path, out: Path, asked: dict[str, Any]) -> None:
    write_script(run_dir, out, **_given(asked))


def _notebook(run_dir: Path, out: Path, asked: dict[str, Any]) -> None:
    write_notebook(run_dir, out, **_given(asked))


def _transformers(run_dir: Path, out: Path, asked: dict[str, Any]) -> None:
    write_hub(run_dir / "model", out)


def _safetensors(run_dir: Path, out: Path, asked: dict[str, Any]) -> None:
    write_weights(run_dir / "model", out)


WRITERS: dict[str, Callable[[Path, Path, dict[str, Any]], None]] = {
    "script": _script,
    "notebook": _notebook,
    "transformers": _transformers,
    "safetensors": _safetensors,
}
"""By format."""

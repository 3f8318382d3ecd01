"""What lies in static/vendor is exactly what VENDORED.json says."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings

VENDOR: Path = settings.BASE_DIR / "static" / "vendor"


def vendored() -> dict[str, dict[str, Any]]:
    record: dict[str, dict[str, Any]] = json.loads((VENDOR / "VENDORED.json").read_text())
    return record


def test_every_file_has_the_recorded_hash() -> None:
    recorded = {f"{name}/{path}": sha for name, entry in vendored().items() for path, sha in entry["files"].items()}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.glob("*/**/*")
        if path.is_file()
    }
    assert found == recorded


def test_every_entry_names_version_and_licence_and_brings_its_text() -> None:
    for entry in vendored().values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
        assert entry["licence"]
        assert "LICENSE" in entry["files"]


def test_style_sheets_refer_only_to_files_that_are_there() -> None:
    for sheet in VENDOR.rglob("*.css"):
        for target in re.findall(r"url\(([^)]+)\)", sheet.read_text()):
            assert (sheet.parent / target.strip("\"'")).is_file(), f"{sheet.name} refers to {target}"

"""The pure functions of the pages' scripts, tested by Node beside them: `static/js/**/*.test.mjs`."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from portal.tests.source import ROOT

NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="no Node on PATH; the browser tests run the same scripts in Chromium")
def test_scripts_pass_their_own_tests() -> None:
    tests = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "static" / "js").rglob("*.test.mjs"))
    assert tests
    done = subprocess.run([str(NODE), "--test", *tests], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

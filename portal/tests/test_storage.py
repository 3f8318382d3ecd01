"""Static files as production names them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.conf import settings as django_settings
from django.core.management import call_command
from pytest_django import Settings


def test_scripts_import_each_other_by_the_names_of_this_release(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = django_settings.STORAGES | {"staticfiles": {"BACKEND": "portal.storage.StaticStorage"}}
    settings.SERVESTATIC_USE_GZIP = settings.SERVESTATIC_USE_BROTLI = settings.SERVESTATIC_USE_ZSTD = False
    call_command("collectstatic", interactive=False, verbosity=0)
    names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    for script in ("js/base.js", "js/language.js", "js/theme.js"):
        imported = re.findall(r'from "\./([^"]+)"', (tmp_path / names[script]).read_text())
        assert imported
        assert {f"js/{name}" for name in imported} <= set(names.values())
    sheet = (tmp_path / names["vendor/katex/katex.min.css"]).read_text()
    assert names["vendor/katex/fonts/KaTeX_Main-Regular.woff2"].rsplit("/")[-1] in sheet

"""One machine, nothing to install: SQLite and an embedded Redis under `var/`. What `./run` starts."""

from __future__ import annotations

import secrets

from portal.lib import env
from portal.settings import base
from portal.settings.base import *  # noqa: F403 - a settings file only changes values


def _secret_key() -> str:
    """The key of this machine, made once and kept where only its owner can read it."""
    path = base.VAR_DIR / "secret-key"
    if not path.exists():
        base.VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = env.text("SECRET_KEY", "") or _secret_key()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{base.VAR_DIR / 'portal.sqlite3'}")}
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = base.VAR_DIR / "mail"
# Serve files from where they lie: no collectstatic step on a learner's machine.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = env.boolean("STATIC_AUTOREFRESH", False)

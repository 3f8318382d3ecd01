"""What the tests run on: quick hashes, mail in memory, database by DATABASE_URL, files and Redis of this process."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from portal.lib import env
from portal.settings.base import *  # noqa: F403 - a settings file only changes values

VAR_DIR = Path(tempfile.gettempdir()) / f"gradus-test-{os.getpid()}"
"""Each test process has its own; `conftest.py` makes and removes it."""
SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
# A file, not memory: workers are other processes. PostgreSQL chooses its own name.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
REDIS_URL = f"unix://{VAR_DIR / 'redis.sock'}"
CELERY_BROKER_URL = f"redis+socket://{VAR_DIR / 'redis.sock'}"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SERVESTATIC_USE_FINDERS = True
LAB_WARM_PRESETS = False

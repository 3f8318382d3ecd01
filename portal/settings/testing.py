"""What the tests run on: quick hashes, mail in memory, database by DATABASE_URL."""

from __future__ import annotations

from portal.lib import env
from portal.settings import base
from portal.settings.base import *  # noqa: F403 - a settings file only changes values

SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{base.VAR_DIR / 'portal.sqlite3'}")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SERVESTATIC_USE_FINDERS = True

"""Many machines: PostgreSQL and Redis from the environment. Refuses to start without key, hosts and database."""

from __future__ import annotations

from portal.lib import env
from portal.settings.base import *  # noqa: F403 - a settings file only changes values

SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or [env.text("ALLOWED_HOSTS")]
DATABASES = {"default": env.database("DATABASE_URL")}
REDIS_URL = env.text("REDIS_URL")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")

# Behind a proxy that speaks TLS; HTTPS=false only for a trial on one machine.
_HTTPS = env.boolean("HTTPS", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = _HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
# In the database, not in Redis: the limits on sign-in live here, and people sign in while Redis is away.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.storage.StaticStorage"},
}

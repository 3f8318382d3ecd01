"""Every setting, read through strict readers. The other settings files only change values."""

from __future__ import annotations

import os
from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF

from portal.lib import env

django_stubs_ext.monkeypatch()  # so that ModelAdmin[User] and the like also work at run time

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.text("GRADUS_VAR", str(BASE_DIR / "var")))
"""Everything that the portal writes: database, uploads, runs, logs."""

SECRET_KEY = ""
DEBUG = False
ALLOWED_HOSTS: list[str] = []

INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "portal.accounts",
    "courses",
    "labs",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "servestatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.PersonMiddleware",
    "portal.middleware.BackToPageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.UserErrorMiddleware",
    "portal.middleware.PlainTextMiddleware",
]
ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.shell",
            ],
            "builtins": ["portal.templatetags.ui"],
        },
    }
]

# Data
DATABASES = {"default": env.sqlite(str(VAR_DIR / "portal.sqlite3"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 6_000_000

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "portal.accounts.passwords.SimilarityValidator"},
    {"NAME": "portal.accounts.passwords.LengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody gets mail because a stranger typed their address
# A class signs in within minutes from one address: wide limits by address, narrow ones by account.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "60/m/ip,5/15m/key", "reset_password": "20/m/ip,5/h/key"}
ACCOUNT_FORMS = {"login": "portal.accounts.forms.SignInForm"}
ACCOUNT_ADAPTER = "portal.accounts.adapter.ClosedAdapter"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Gradus · "
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25, low=1, high=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", False)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "gradus@localhost")
SESSION_COOKIE_AGE = 14 * 24 * 3600

# Language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]  # each in its own language
LANGUAGE_COOKIE_NAME = "language"
THEME_COOKIE_NAME = "theme"
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "Asia/Shanghai")
USE_TZ = True
USE_I18N = True

# Pages: nothing from elsewhere, nothing inline
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
FORWARDED_ALLOW_IPS = env.text("FORWARDED_ALLOW_IPS", "127.0.0.1")
"""Proxies whose X-Forwarded-For and -Proto headers the web process believes."""
SECURE_REFERRER_POLICY = "same-origin"

# API
API_BODY_BYTES = 100_000
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",  # first, so that a missing sign-in is a 401
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PARSER_CLASSES": ["portal.lib.parsers.BoundedJSONParser"],
    # DRF's own pages for browsers need inline scripts; `portal.api_docs` is ours.
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "portal.lib.pagination.Pages",
    "PAGE_SIZE": 50,
    "EXCEPTION_HANDLER": "portal.lib.api.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gradus",
    "DESCRIPTION": "Courses, progress and training runs. The same permissions as the pages.",
    "VERSION": "1.0.0",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SERVE_INCLUDE_SCHEMA": False,
}

# Labs
LAB_THREADS = env.number("LAB_THREADS", 1, low=1, high=64)
"""Torch threads a run: one is best as long as runs wait (`./run bench classroom`)."""
LAB_SLOTS = env.number("LAB_SLOTS", max(1, (os.cpu_count() or 1) // LAB_THREADS), low=1, high=256)
"""Runs that one training worker carries at once. Slots times threads should not exceed its machine's cores: more runs
than cores slow each other down. Pages need no core of their own, for training takes only what they leave."""
LAB_MAX_RUNNING = env.number("LAB_MAX_RUNNING", 1, low=1, high=100)
"""Runs of one learner that may be running."""
LAB_MAX_QUEUED = env.number("LAB_MAX_QUEUED", 5, low=1, high=1000)
"""Runs of one learner that may be waiting."""
LAB_RUNS_A_DAY = env.number("LAB_RUNS_A_DAY", 0, low=0, high=1_000_000)
"""Runs that a learner may submit on a day; 0: as many as they like. So for the three that follow."""
LAB_SECONDS_A_DAY = env.number("LAB_SECONDS_A_DAY", 0, low=0, high=1_000_000_000)
"""Seconds of training of a learner's runs of a day."""
LAB_TEAM_RUNS_A_DAY = env.number("LAB_TEAM_RUNS_A_DAY", 0, low=0, high=1_000_000)
"""Runs that the members of a team may submit on a day, together."""
LAB_TEAM_SECONDS_A_DAY = env.number("LAB_TEAM_SECONDS_A_DAY", 0, low=0, high=1_000_000_000)
"""Seconds of training of a team's runs of a day."""
LAB_REPLAY = env.boolean("LAB_REPLAY", True)
"""Whether a recipe that was trained before is replayed instead of trained again. Never for graded runs."""
LAB_WARM_PRESETS = env.boolean("LAB_WARM_PRESETS", True)
"""Whether the labs' presets are trained once while nobody trains, so that they answer at once."""
LAB_WARM_S = env.number("LAB_WARM_S", 20, low=1, high=86_400)
"""Seconds between two looks whether nobody trains."""
LAB_TURN_S = env.number("LAB_TURN_S", 20, low=1, high=86_400)
"""Seconds of training after which a run goes back behind those who wait."""
LAB_RUN_SECONDS = env.number("LAB_RUN_SECONDS", 300, low=5, high=86_400)
"""Training time after which a run ends as "out of time", seconds."""
LAB_MEMORY_MB = env.number("LAB_MEMORY_MB", 2048, low=256, high=1_000_000)
"""Data segment that a training process may grow to, MB."""
LAB_FILE_MB = env.number("LAB_FILE_MB", 200, low=10, high=100_000)
"""Largest file that a training process may write, MB."""
LAB_LEASE_S = env.number("LAB_LEASE_S", 15, low=2, high=600)
"""Seconds after which a silent worker's run goes back to the queue."""
LAB_MAX_ATTEMPTS = env.number("LAB_MAX_ATTEMPTS", 4, low=1, high=100)
LAB_REAP_S = env.number("LAB_REAP_S", 5, low=1, high=600)
LAB_DEPLOYMENTS_PER_PERSON = env.number("LAB_DEPLOYMENTS_PER_PERSON", 10, low=1, high=1000)
LAB_DEPLOY_REQUESTS = env.number("LAB_DEPLOY_REQUESTS", 1000, low=1, high=1_000_000)
"""Requests a day that a deployed model may be given at most."""
LAB_DEPLOY_TOKENS = env.number("LAB_DEPLOY_TOKENS", 200_000, low=100, high=1_000_000_000)
"""Tokens a day, read and written, of a deployed model."""
LAB_UPLOADS_PER_PERSON = env.number("LAB_UPLOADS_PER_PERSON", 20, low=1, high=1000)

# Celery: the row in the database is the truth, a message only wakes a worker
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_TASK_ROUTES = {
    "labs.tasks.work": {"queue": "train"},
    "labs.tasks.generate": {"queue": "play"},
    "labs.tasks.complete": {"queue": "play"},
    "labs.tasks.export": {"queue": "play"},
    "labs.tasks.check": {"queue": "train"},
    "labs.tasks.look": {"queue": "play"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "visibility_timeout": 3600,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # intervals alone need no memory of the last start
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "labs.tasks.reap", "schedule": LAB_REAP_S},
    "warm": {"task": "labs.tasks.warm", "schedule": LAB_WARM_S},
    "attempts": {"task": "courses.tasks.attempts_close_expired", "schedule": 30},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
}

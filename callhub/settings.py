"""Settings, in the order of Django's own reference; every value an operator may change comes through ``callhub.env``.

One module, though long: a list is read from its top, some values follow from those above, and parts would only need looking for.
"""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from kombu import Exchange, Queue

from callhub import env

BASE_DIR = env.BASE_DIR
PRODUCTION = env.text("CALLHUB_ENV", "embedded") == "production"
VAR_DIR = BASE_DIR / env.text("CALLHUB_VAR_DIR", "var")
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# Core

ALLOWED_HOSTS = env.words("CALLHUB_ALLOWED_HOSTS", [] if PRODUCTION else ["*"])
APPEND_SLASH = False  # no door ever redirects a POST, PUT or DELETE; both spellings are routed
CACHES = {
    "default": (
        {"BACKEND": "callhub.cache.SharedCache", "LOCATION": env.text("CALLHUB_CACHE_URL")}
        if env.text("CALLHUB_CACHE_URL")
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 20_000}}
    )
}
CSRF_TRUSTED_ORIGINS = env.words("CALLHUB_CSRF_TRUSTED_ORIGINS", [])
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'callhub.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    env.private_file(DATABASES["default"]["NAME"])
    # Writers queue instead of failing: BEGIN IMMEDIATE waits for the lock where a deferred one gives up at once.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-20000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.number("CALLHUB_DB_CONN_MAX_AGE", 600)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Compiling a query that reads a month of calls takes PostgreSQL several times as long as running it.
    # Grouping one in 4 MB, its own measure, goes by way of the disk.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off -c work_mem=16MB")
DEBUG = env.flag("CALLHUB_DEBUG", default=False)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEFAULT_FROM_EMAIL = env.text("CALLHUB_FROM_EMAIL", "callhub@localhost")
EMAIL_BACKEND = env.text(
    "CALLHUB_EMAIL_BACKEND",
    "django.core.mail.backends.smtp.EmailBackend" if PRODUCTION else "django.core.mail.backends.console.EmailBackend",
)
EMAIL_HOST = env.text("CALLHUB_SMTP_HOST", "localhost")
EMAIL_HOST_PASSWORD = env.text("CALLHUB_SMTP_PASSWORD")
EMAIL_HOST_USER = env.text("CALLHUB_SMTP_USER")
EMAIL_PORT = env.number("CALLHUB_SMTP_PORT", 25)
EMAIL_TIMEOUT = 15
EMAIL_USE_SSL = env.flag("CALLHUB_SMTP_SSL", default=False)
EMAIL_USE_TLS = env.flag("CALLHUB_SMTP_STARTTLS", default=False)
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "callhub",
    "tenants",
    "contacts",
    "calls",
]
FORMAT_MODULE_PATH = ["callhub.formats"]
LANGUAGE_CODE = "en"  # of everything but the admin, where each person has their own
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "callhub" / "locale"]
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "callhub.logs.Line", "format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"without_queries": {"()": "callhub.logs.WithoutQueries"}, "at_most": {"()": "callhub.logs.AtMost"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["at_most"]}},
    "loggers": {
        "django.server": {"handlers": ["console"], "filters": ["without_queries"], "level": "INFO", "propagate": False},
        # Refusals are the client's affair: by a line for each a stranger could fill the log.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
        "urllib3": {"level": "ERROR"},  # it warns of odd headers with the whole address of who sent them
        "authlib": {"level": "INFO"},  # at DEBUG it logs the tokens it gives out
    },
    "root": {"handlers": ["console"], "level": env.text("CALLHUB_LOG_LEVEL", "INFO")},
}
MIDDLEWARE = [
    "callhub.middleware.refuse_own_requests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "callhub.middleware.admin_surroundings",
]
ROOT_URLCONF = "callhub.urls"
SECRET_KEY = env.text("CALLHUB_SECRET_KEY") or ("" if PRODUCTION else env.kept_secret(VAR_DIR / "secret-key"))
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_HSTS_SECONDS = env.number("CALLHUB_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
if env.flag("CALLHUB_BEHIND_PROXY", default=False):
    # Only with a proxy that overwrites both headers on every request.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False  # a redirect would have sent credentials in clear already; the TLS rule answers 406 instead
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # as said above
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
            ]
        },
    }
]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
WSGI_APPLICATION = "callhub.wsgi.application"
X_FRAME_OPTIONS = "DENY"

# Auth

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["tenants.authentication.PasswordBackend"]
AUTH_USER_MODEL = "tenants.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# Sessions

CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_ENGINE = "tenants.sessions"

# Static files

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "callhub" / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STORAGES["recordings"] = (
    {
        "BACKEND": "calls.recordings.storage.bucket.BucketKeeper",
        "OPTIONS": {
            "bucket_name": env.text("CALLHUB_S3_BUCKET"),
            "location": env.text("CALLHUB_S3_PREFIX"),
            "endpoint_url": env.text("CALLHUB_S3_ENDPOINT") or None,
            "region_name": env.text("CALLHUB_S3_REGION") or None,
            "access_key": env.text("CALLHUB_S3_ACCESS_KEY") or None,
            "secret_key": env.text("CALLHUB_S3_SECRET_KEY") or None,
            "addressing_style": env.text("CALLHUB_S3_ADDRESSING", "auto"),
            "conditional_create": env.flag("CALLHUB_S3_CONDITIONAL_CREATE", default=True),
        },
    }
    if env.text("CALLHUB_S3_BUCKET")
    else {
        "BACKEND": "calls.recordings.storage.disk.DiskKeeper",
        "OPTIONS": {
            "location": VAR_DIR / "recordings",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
)
WHITENOISE_USE_FINDERS = not PRODUCTION  # the embedded default needs no collectstatic

# Content Security Policy: strict everywhere; the admin theme alone needs Alpine's eval (see callhub.middleware)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# Pages of other sites: calls.cross_origin says which may read what; never with cookies

CORS_URLS_REGEX = r"^/(?:api/v1(?:/|\Z)|(?:planhat/)?[^/]+/calls/?\Z)"
CORS_ALLOW_HEADERS = [
    "authorization", "callhub-tenant", "content-encoding", "content-type", "idempotency-key", "if-match", "if-none-match",
    "last-event-id", "tus-resumable", "upload-checksum", "upload-length", "upload-offset",
]  # fmt: skip
CORS_EXPOSE_HEADERS = [
    "content-range", "etag", "idempotency-replayed", "location", "ratelimit", "ratelimit-policy", "retry-after", "tus-resumable",
    "upload-expires", "upload-length", "upload-offset", "x-rate-limit-limit", "x-rate-limit-remaining",
]  # fmt: skip

# Admin theme

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "callhub",
    "SITE_HEADER": "callhub",
    "SITE_SYMBOL": "call",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "callhub.admin.favicon"}],
    "ENVIRONMENT": "callhub.admin.environment",
    "DASHBOARD_CALLBACK": "callhub.admin.dashboard",
    "STYLES": ["callhub.admin.stylesheet"],
    "SCRIPTS": ["callhub.admin.script", "callhub.admin.keyboard"],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(65% .118 184.704)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(43.7% .078 188.216)",
            "800": "oklch(38.6% .063 188.416)",
            "900": "oklch(33% .052 188)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": "callhub.admin.navigation"},
}

# Django REST framework

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "calls.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "calls.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
DRF_STANDARDIZED_ERRORS = {"NESTED_FIELD_SEPARATOR": "/"}  # so that paths into the body become JSON pointers
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "callhub",
    "DESCRIPTION": (
        "One log for every phone call. Times are RFC 3339 (without an offset: the tenant's time zone), lengths are seconds, "
        "numbers may be sent in any spelling and are told in E.164 as well. Refusals are problem documents (RFC 9457)."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Direction": "calls.choices.Direction.choices",
        "Disposition": "calls.choices.Disposition.choices",
        "State": "calls.choices.State.choices",
        "MatchState": "calls.choices.MatchState.choices",
        "LegRole": "calls.choices.LegRole.choices",
        "AudioRefusal": "calls.choices.AudioRefusal.choices",
        "RecordingState": "calls.choices.RecordingState.choices",
        "RecordingKind": "calls.choices.RecordingKind.choices",
        "OriginationState": "calls.choices.OriginationState.choices",
        "Source": "calls.choices.Source.choices",
        "WebhookEvent": "calls.choices.WebhookEvent.choices",
        "PayloadFormat": "calls.choices.PayloadFormat.choices",
        "EndpointState": "calls.choices.EndpointState.choices",
        "MissedState": "calls.choices.MissedState.choices",
        "DeliveryState": "calls.choices.DeliveryState.choices",
        "Role": "tenants.choices.Role.choices",
        "Scope": "tenants.choices.Scope.choices",
    },
    "PREPROCESSING_HOOKS": ["calls.api.schema.ours_only"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}

# Celery: a message is a doorbell, the row is the truth; losing every message loses nothing

CELERY_BROKER_URL = env.text("CALLHUB_BROKER_URL", f"embedded+sqlite:///{VAR_DIR / 'broker.sqlite3'}")
_BROKER_KIND = CELERY_BROKER_URL.partition("://")[0].partition("+")[0].removesuffix("s")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "amqp": {"confirm_publish": True, "confirm_timeout": 5},
    "redis": {"visibility_timeout": 120, "socket_timeout": 5, "socket_connect_timeout": 5},  # longer than any task runs
}.get(_BROKER_KIND, {})
CELERY_TASK_DEFAULT_QUEUE = "background"
CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum" if _BROKER_KIND == "amqp" else "classic"
_QUEUE_TYPE = {"x-queue-type": "quorum"} if _BROKER_KIND == "amqp" else None
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), name, queue_arguments=_QUEUE_TYPE)  # type: ignore[no-untyped-call]
    for name in ("dial", "sweeps", "webhooks", "background")
]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# After a restart of the broker every publisher, the scheduler too, finds its connection dead: once
# more then, over a new one.
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_TASK_TIME_LIMIT = 60
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_ENABLE_REMOTE_CONTROL = _BROKER_KIND != "embedded"  # SQLite has no fan-out
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5.0
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    # Seconds, or times of the day in UTC. A message expires before the next is due, so that none pile up while workers rest.
    "simulator": {"task": "calls.advance_simulated_calls", "schedule": 1.0, "options": {"expires": 2}},
    "originations": {"task": "calls.sweep_originations", "schedule": 5.0, "options": {"expires": 5}},
    "exchange-recordings": {"task": "calls.fetch_recordings", "schedule": 60.0, "options": {"expires": 60}},
    "stuck-calls": {"task": "calls.end_stuck_calls", "schedule": 60.0, "options": {"expires": 60}},
    "exchanges-own-recordings": {"task": "calls.fetch_own_recordings", "schedule": 20.0, "options": {"expires": 20}},
    "links": {"task": "calls.fetch_links", "schedule": 10.0, "options": {"expires": 10}},
    "dial-uses": {"task": "calls.forget_dial_uses", "schedule": 3600.0, "options": {"expires": 3600}},
    "pulse": {"task": "callhub.pulse", "schedule": 20.0, "options": {"expires": 60}},
    "relink": {"task": "calls.relink_calls", "schedule": 10.0, "options": {"expires": 10}},  # how old a match may get
    "missed-calls": {"task": "calls.sweep_missed", "schedule": 5.0, "options": {"expires": 5}},  # how late the queue may be
    "uploads": {"task": "calls.expire_uploads", "schedule": 60.0, "options": {"expires": 60}},
    "listening": {"task": "calls.analyse_recordings", "schedule": 300.0, "options": {"expires": 300}},
    "orphans": {"task": "calls.sweep_uploads", "schedule": 3600.0, "options": {"expires": 3600}},
    "retention-rules": {"task": "calls.keep_retention", "schedule": 60.0, "options": {"expires": 60}},
    "retention": {"task": "calls.remove_expired_audio", "schedule": 600.0, "options": {"expires": 600}},  # at each tenant's 02:30
    "webhooks": {"task": "calls.sweep_webhooks", "schedule": 10.0, "options": {"expires": 10}},
    "deliveries": {"task": "calls.forget_deliveries", "schedule": 3600.0, "options": {"expires": 3600}},
    "batches": {"task": "calls.sweep_batches", "schedule": 20.0, "options": {"expires": 20}},
    "exports": {"task": "calls.sweep_exports", "schedule": 20.0, "options": {"expires": 20}},
    "usage": {"task": "calls.roll_up_usage", "schedule": 120.0, "options": {"expires": 120}},
    "usage-recount": {"task": "calls.recount_usage", "schedule": crontab("40", "2"), "options": {"expires": 3600}},
    "notices": {"task": "calls.notify_people", "schedule": 30.0, "options": {"expires": 30}},
    "old-notices": {"task": "calls.forget_notices", "schedule": crontab("45", "2"), "options": {"expires": 3600}},
    "messages": {"task": "callhub.purge_consumed_messages", "schedule": 3600.0, "options": {"expires": 3600}},
    "idempotency": {"task": "tenants.forget_idempotency_keys", "schedule": crontab("10", "2"), "options": {"expires": 3600}},
    "access-tokens": {"task": "tenants.forget_access_tokens", "schedule": crontab("15", "2"), "options": {"expires": 3600}},
    "wrong-passwords": {"task": "tenants.forget_wrong_passwords", "schedule": crontab("25", "2"), "options": {"expires": 3600}},
    "sessions": {"task": "tenants.clear_expired_sessions", "schedule": crontab("20", "2"), "options": {"expires": 3600}},
}
CELERY_TIMEZONE = "UTC"

# Queues by kind. A worker takes from each of its queues in turn, so that what waits in one delays
# no other; but what it runs may hold all its threads. Dialling and the schedule therefore have a
# worker to themselves (callhub/supervisor.py), with more threads than the schedule has tasks that
# take long. What else is in the schedule above is a sweep.
_QUEUES_OF_TASKS = {
    "dial": [
        "calls.place_call",
        "calls.hang_up_call",
        "calls.look_after_call",
        "calls.sweep_originations",
        "calls.advance_simulated_calls",
    ],
    "webhooks": ["calls.tell_webhooks", "calls.deliver_webhooks", "calls.tell_endpoint_disabled"],
}
CELERY_TASK_ROUTES = {line["task"]: {"queue": "sweeps"} for line in CELERY_BEAT_SCHEDULE.values()}
CELERY_TASK_ROUTES["calls.follow_missed"] = {"queue": "sweeps"}  # short, and the missed calls are to be seen soon
for _queue, _tasks in _QUEUES_OF_TASKS.items():
    CELERY_TASK_ROUTES |= {task: {"queue": _queue} for task in _tasks}

# callhub

CALLHUB_PORT = env.number("CALLHUB_PORT", 8000)
CALLHUB_PUBLIC_URL = env.text(
    "CALLHUB_PUBLIC_URL", "" if PRODUCTION else f"http://localhost:{CALLHUB_PORT}"
)  # for links in mails
CALLHUB_BODY_LIMIT = env.number("CALLHUB_BODY_LIMIT", 256 * 1024)  # bytes, every JSON or form door
CALLHUB_CALLS_PER_MINUTE = env.number("CALLHUB_CALLS_PER_MINUTE", 200)  # Planhat's own figure; per tenant and door
CALLHUB_OPEN_CALLS_PER_MINUTE = env.number("CALLHUB_OPEN_CALLS_PER_MINUTE", 600)  # at a tenant's open address, from everywhere
CALLHUB_API_REQUESTS_PER_MINUTE = env.number("CALLHUB_API_REQUESTS_PER_MINUTE", 3000)  # of our own API; per token
CALLHUB_WEBHOOK_SENDERS = env.number("CALLHUB_WEBHOOK_SENDERS", 3)  # threads of one worker that send webhooks at once
# Twice and five times what a tenant's calls bring about at the limit of a vendor's API, three messages each; 0 is no limit.
CALLHUB_WEBHOOKS_PER_HOST_PER_MINUTE = env.number("CALLHUB_WEBHOOKS_PER_HOST_PER_MINUTE", 1200)
CALLHUB_WEBHOOKS_PER_TENANT_PER_MINUTE = env.number("CALLHUB_WEBHOOKS_PER_TENANT_PER_MINUTE", 3000)
CALLHUB_STUCK_RINGING_MINUTES = env.number("CALLHUB_STUCK_RINGING_MINUTES", 60)  # after so long without a sign a call is ended
CALLHUB_STUCK_TALKING_HOURS = env.number("CALLHUB_STUCK_TALKING_HOURS", 12)
CALLHUB_REQUIRE_TLS = env.flag(
    "CALLHUB_REQUIRE_TLS", default=PRODUCTION
)  # credentials in clear are refused; 406 at CallN, 403 elsewhere
CALLHUB_FAILPOINT = env.text("CALLHUB_FAILPOINT")  # for tests: where the process kills itself (calls/failpoints.py)

# Streams and long polls: see calls/feed

CALLHUB_WEB_THREADS = env.number("CALLHUB_WEB_THREADS", 8)  # of a web process that no stream and no long poll takes
CALLHUB_STREAMS = env.number("CALLHUB_STREAMS", 24)  # streams and long polls of a web process, each on a thread of its own
CALLHUB_STREAM_SECONDS = env.number("CALLHUB_STREAM_SECONDS", 600)  # how long a stream lives; clients come back by themselves
CALLHUB_STREAM_CHECK_SECONDS = env.number("CALLHUB_STREAM_CHECK_SECONDS", 30)  # how often its credentials are looked at again
CALLHUB_LONGEST_WAIT = env.number("CALLHUB_LONGEST_WAIT", 30)  # seconds a request for changes may wait for some

# Telephony: the exchange new lines belong to, and where Asterisk is

CALLHUB_TELEPHONY = env.text("CALLHUB_TELEPHONY", "simulator")  # or asterisk
CALLHUB_ARI_URL = env.text("CALLHUB_ARI_URL")
CALLHUB_ARI_USER = env.text("CALLHUB_ARI_USER")
CALLHUB_ARI_PASSWORD = env.text("CALLHUB_ARI_PASSWORD")
CALLHUB_ARI_APP = env.text("CALLHUB_ARI_APP", "callhub")
CALLHUB_ARI_NUMBER_DIAL = env.text("CALLHUB_ARI_NUMBER_DIAL", "PJSIP/{}@carrier")  # {} stands for the digits
CALLHUB_ARI_EXTENSION_DIAL = env.text("CALLHUB_ARI_EXTENSION_DIAL", "PJSIP/{}")
CALLHUB_ARI_DIALS_PLUS = env.flag("CALLHUB_ARI_DIALS_PLUS", default=True)
CALLHUB_ARI_TRUNKS = env.words("CALLHUB_ARI_TRUNKS", ["PJSIP/carrier-"])  # channels of these come from the outside
CALLHUB_ARI_SOUNDS = env.text("CALLHUB_ARI_SOUNDS")  # a folder that Asterisk reads as sounds/callhub
CALLHUB_ARI_SOUNDS_URL = env.text("CALLHUB_ARI_SOUNDS_URL")  # without such a folder: where Asterisk reaches callhub
CALLHUB_ARI_JOURNAL = env.text("CALLHUB_ARI_JOURNAL")  # the CSV file of cel_custom
CALLHUB_ARI_TENANT = env.text("CALLHUB_ARI_TENANT")  # the slug of who gets the exchange's own calls
CALLHUB_SPEECH_COMMAND = env.text("CALLHUB_SPEECH_COMMAND")  # espeak-ng, when it is not on the PATH

# Recordings: see STORAGES for where they are kept

CALLHUB_SPOOL_DIR = VAR_DIR / "spool"  # audio on its way in; on the recordings' own file system it is kept without copying
CALLHUB_AUDIO_LIMIT = env.number("CALLHUB_AUDIO_LIMIT", 2 * 1024**3)  # bytes of one recording
CALLHUB_UPLOAD_HOURS = env.number("CALLHUB_UPLOAD_HOURS", 24)  # how long an announced upload may take
CALLHUB_FREE_SPACE_FLOOR = env.number("CALLHUB_FREE_SPACE_FLOOR", 512 * 1024 * 1024)  # bytes; audio is refused below it (507)
CALLHUB_LINK_SECONDS = env.number("CALLHUB_LINK_SECONDS", 300)  # how long a signed link to audio lives
CALLHUB_ACCEL_PREFIX = env.text("CALLHUB_ACCEL_PREFIX")  # nginx's internal location of VAR_DIR/recordings, such as /_recordings/
CALLHUB_S3_REDIRECT = env.flag("CALLHUB_S3_REDIRECT", default=False)  # send listeners to the bucket instead of through us

# Requests to other people's servers: see calls/outbound

CALLHUB_OUTBOUND_ALLOW = env.words("CALLHUB_OUTBOUND_ALLOW", [])  # networks that may be called although they are not public
CALLHUB_OUTBOUND_PORTS = env.words("CALLHUB_OUTBOUND_PORTS", ["80", "443", "8000-8999"])
CALLHUB_OUTBOUND_CA_FILE = env.text("CALLHUB_OUTBOUND_CA_FILE")  # authorities to trust besides the public ones
CALLHUB_OUTBOUND_CONNECT_SECONDS = 5.0
CALLHUB_OUTBOUND_SECONDS = 15.0  # for everything from the first look-up to the last byte

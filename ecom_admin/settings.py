"""All settings. Everything that differs between installations comes from the environment (README)."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django_stubs_ext
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue
from whitenoise.compress import Compressor

from ecom_admin import embedded, env
from ecom_admin.logs import configure_logs

django_stubs_ext.monkeypatch()  # so that Django's generic classes may be written with their types

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("ECOM_DATA_DIR", BASE_DIR / "var")
NODE_MODULES = env.folder("NODE_MODULES", BASE_DIR / "node_modules")

# Mode

ENVIRONMENT = env.choice("ENVIRONMENT", "development", ("development", "production"))
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.boolean("DEBUG", False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("The environment variable DEBUG must not be true when ENVIRONMENT=production.")


def secret(name: str, make: Callable[[], str]) -> str:
    """The secret `name`: required in production; in development made once and kept in the data directory."""
    if PRODUCTION:
        return env.text(name)
    path = DATA_DIR / name.lower().replace("_", "-")
    if not (value := env.text(name, "")):
        embedded.make_dir(DATA_DIR, 0o755)
        value = embedded.keep_once(path, make)
    return value


SECRET_KEY = secret("SECRET_KEY", lambda: secrets.token_urlsafe(50))
if PRODUCTION and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("The environment variable SECRET_KEY must have at least 50 random characters.")

# Credentials of channels and carriers are stored encrypted. The first key encrypts, all of them decrypt.
FIELD_ENCRYPTION_KEYS = secret("FIELD_ENCRYPTION_KEYS", lambda: Fernet.generate_key().decode()).split(",")
for key in FIELD_ENCRYPTION_KEYS:
    try:
        Fernet(key)
    except ValueError:
        raise ImproperlyConfigured(
            "The environment variable FIELD_ENCRYPTION_KEYS must hold Fernet keys separated by commas."
        ) from None

# Web

PORT = env.integer("PORT", 8000, minimum=1)
PUBLIC_BASE_URL = env.text("PUBLIC_BASE_URL", None if PRODUCTION else f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1]")
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("The environment variable ALLOWED_HOSTS must be set.")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS", PUBLIC_BASE_URL)
# Where customers ask, named below their tracking pages.
CUSTOMER_CONTACT = env.contact("CUSTOMER_CONTACT")
CSRF_FAILURE_VIEW = "core.accounts.views.refusal.stale_form"
# How many proxies in a row stand before the web processes and each add to X-Forwarded-For.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)
ROOT_URLCONF = "ecom_admin.urls"
WSGI_APPLICATION = "ecom_admin.wsgi.application"
# One order message may be 500 orders; the JSON API answers 413 above this.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# Requests that one API key may make in a minute; 0 for any number.
API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", 60_000, minimum=0)
# Below these, views that are exempt from CSRF protection are called by programs (core.middleware.ProgramsMiddleware).
PATHS_OF_PROGRAMS = ("/api/", "/hooks/")
UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_BYTES", 200 * 1024 * 1024, minimum=1)

INSTALLED_APPS = [
    "analytics",
    "logistics",
    "orders",
    "supply_chain",
    "inventory",
    "crm",
    "core",
    "core.cases",
    "core.jobs",
    "core.notifications",
    "core.calendars",
    "core.ui",
    "core.outbox",
    "core.audit",
    "core.accounts",
    "ecom_admin.admin_config.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_static",
    "ecom_admin",
]

MIDDLEWARE = [
    "core.middleware.RequestIdMiddleware",
    "core.middleware.MeteringMiddleware",
    "core.middleware.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.PolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.ProgramsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "core.middleware.UploadRoomMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "core.accounts.middleware.SignInMiddleware",
    "core.accounts.middleware.TwoFactorMiddleware",
    "core.accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "core.middleware.UploadLimitMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "core.ui.folding.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.ui.context.console",
            ],
        },
    },
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # templates/django/forms draws every form

# Database

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def database(url: str) -> dict[str, Any]:
    """A DATABASES entry from postgresql://user:password@host:port/name?option=value."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            "The environment variable DATABASE_URL must look like postgresql://user:password@host:5432/name."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "core.postgres",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        # PgBouncer in transaction mode gives the next statement to another connection than the cursor's.
        "DISABLE_SERVER_SIDE_CURSORS": options.pop("pooling", "") == "transaction",
        "OPTIONS": options,
    }


DATABASE_URL = env.text("DATABASE_URL", None if PRODUCTION else "")
DATABASES = {"default": database(DATABASE_URL) if DATABASE_URL else embedded.database(DATA_DIR)}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)

# Redis: cache and broker. It may be away or lose everything at any moment; nothing may wait for it long.

REDIS_SECONDS = 1
REDIS_URL = env.text("REDIS_URL", None if PRODUCTION else embedded.redis_url(DATA_DIR))
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "ecom",
        "OPTIONS": {"socket_connect_timeout": REDIS_SECONDS, "socket_timeout": REDIS_SECONDS},
    }
}
SESSION_ENGINE = "core.accounts.sessions"

# Messages to workers go through Redis as well, unless RabbitMQ is named for them.
BROKER_URL = env.text("BROKER_URL", "")
if BROKER_URL and not BROKER_URL.startswith(("amqp://", "amqps://")):
    raise ImproperlyConfigured(
        "The environment variable BROKER_URL must look like amqp://user:password@host:5672/vhost; "
        "unset, messages go through REDIS_URL."
    )
CELERY_BROKER_URL = BROKER_URL or embedded.broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"confirm_publish": True}
    if BROKER_URL
    else {
        "socket_connect_timeout": REDIS_SECONDS,
        "socket_timeout": REDIS_SECONDS,
        "visibility_timeout": 3600,
        "global_keyprefix": "ecom:",
    }
)
# A worker takes from both unless it is started with --queues: long jobs have their own, so that they can have workers
# of their own, and JOBS_AT_ONCE of them run at most, so that processes are left for the short tasks of the stages.
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in ("celery", "jobs")]
CELERY_TASK_ROUTES = {"core.jobs.tasks.run_job": {"queue": "jobs"}}
JOBS_AT_ONCE = env.integer("JOBS_AT_ONCE", 1, minimum=1)
CELERY_BROKER_CONNECTION_TIMEOUT = REDIS_SECONDS
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# Accounts

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "core.accounts.backends.RoleBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/login/"
# Every page needs a signed-in person, except below these (they know their visitors by key, signature or code)
# and views marked @login_not_required.
PUBLIC_PATHS = ("/api/", "/hooks/", "/track/", "/healthz", "/readyz", "/metrics")
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # the audit trail has it
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_LOCKOUT_CALLABLE = "core.accounts.views.session.locked_out"
OTP_TOTP_ISSUER = "ecom-admin"

# Security

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # Tabler's style sheet holds its small icons as data: images
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
# Hosts (host:port) that outgoing calls may reach although they are private: the carrier sandbox.
CARRIER_SANDBOX_PORT = env.integer("CARRIER_SANDBOX_PORT", PORT + 1, minimum=1)
OUTGOING_ALLOWED_HOSTS = env.items("OUTGOING_ALLOWED_HOSTS", "" if PRODUCTION else f"127.0.0.1:{CARRIER_SANDBOX_PORT}")

# Languages, times

LANGUAGE_CODE = env.choice("LANGUAGE_CODE", "en", ("en", "zh-hans"))
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["ecom_admin.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
# The zone in which times are shown to people who haven't chosen one.
DISPLAY_TIME_ZONE = env.time_zone("DISPLAY_TIME_ZONE", "Asia/Shanghai")

# Files

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", DATA_DIR / "static")
MEDIA_ROOT = env.folder("MEDIA_ROOT", DATA_DIR / "media")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "ecom_admin.staticfiles.LibraryFinder",
]
# What pages load from npm packages, as /static/lib/<name>; source maps and fonts that these files name.
LIBRARY_FILES = (
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/css/tabler.min.css.map",
    "echarts/dist/echarts.min.js",
    "htmx.org/dist/htmx.min.js",
    "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui-bundle.js.map",
    "swagger-ui-dist/swagger-ui.css",
    "swagger-ui-dist/swagger-ui.css.map",
    "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "tom-select/dist/css/tom-select.bootstrap5.min.css.map",
    "tom-select/dist/js/tom-select.complete.min.js",
    "tom-select/dist/js/tom-select.complete.min.js.map",
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# Source maps are many megabytes that only developers' tools ask for.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# Data from npm packages: the divisions of China, and a font with Chinese characters for PDFs.
CHINESE_FONT = NODE_MODULES / "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf"
CHINESE_FONT_BOLD = NODE_MODULES / "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf"

# Mail


def email(url: str) -> dict[str, Any]:
    """Mail settings from smtp://user:password@host:port, smtps:// (TLS), smtp+tls:// (STARTTLS) or console://."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in {"smtp", "smtps", "smtp+tls"} or not parts.hostname:
        raise ImproperlyConfigured(
            "The environment variable EMAIL_URL must look like smtp+tls://user:password@host:587 or console://."
        )
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
    }


if EMAIL_URL := env.text("EMAIL_URL", None if PRODUCTION else ""):
    globals().update(email(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", None if PRODUCTION else "ecom-admin <noreply@localhost>")

# Monitoring

# Who asks for /metrics shows this; without it production doesn't answer, and development only programs on this machine.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
# How long due work may wait until /readyz says that the installation isn't doing its work.
STALE_WORK_SECONDS = env.integer("STALE_WORK_SECONDS", 900, minimum=1)

# Logs

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING_CONFIG = None
configure_logs(level=LOG_LEVEL, as_json=PRODUCTION)

"""The only settings. Production is the default; `.env.example` says what may be set."""

import os
import sys

import pghistory

from config import env

try:
    ENV = env.read()
except env.BadEnvironment as error:
    sys.exit(f"assay: {error}")

PROCESS = os.environ.get("ASSAY_PROCESS", "command")  # web, worker, beat, drain, test or command

BASE_DIR = env.ROOT
DATA_DIR = ENV.data_dir
DEBUG = ENV.debug
DEMO = ENV.demo
SITE_URL = ENV.site_url
SECRET_KEY = ENV.secret_key
ALLOWED_HOSTS = list(ENV.allowed_hosts)
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "config",
    "profiles",
    "accounts",
    "briefings",
    "briefings.alerts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "pgtrigger",
    "pghistory",
    "config.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",  # for allauth's pages
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "config.languages.LanguageOfTheAddress",
    "django.middleware.security.SecurityMiddleware",
    "config.csp.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.pagecache.PrivateUnlessPublic",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.marker.Marker",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.site.NoOtherSite",
    "accounts.sessions.SeenSessions",
    "accounts.second_factor.SecondFactorForStaff",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
                "config.site.shown",
                "config.context.canonical",
                "config.context.versions",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "config.templatetags.languages",
                "config.templatetags.addresses",
                "config.templatetags.days",
                "config.templatetags.parts",
            ],
        },
    }
]

# Web requests give up early so that nobody waits on a lock; workers lose their lock when they hang (never-stale.md).
TIMEOUTS = {
    # What is prepared is planned once: PostgreSQL would plan much of it anew each time, for a plan that is no better.
    "web": "-c statement_timeout=5s -c lock_timeout=2s -c plan_cache_mode=force_generic_plan",
    "worker": "-c statement_timeout=20s -c idle_in_transaction_session_timeout=15s",
}
TIMEOUTS["drain"] = TIMEOUTS["worker"]
TIMEOUTS["test"] = "-c assay.empties_tables=on"
DATABASES = {"default": env.database_settings(ENV.database_url)}
DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
# These have no right on what is gated unless they ask for it; whoever types a command owns the tables (config/wall.py).
DATABASES["default"]["ROLE"] = "site" if PROCESS in {"web", "worker", "beat", "drain"} else ""
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": "3",
    "keepalives_idle": "3",
    "tcp_user_timeout": "4000",
    # Compiling a query, and starting other processes for it, takes longer than running any of ours does.
    "options": f"-c jit=off -c max_parallel_workers_per_gather=0 {TIMEOUTS.get(PROCESS, '')}".rstrip(),
    **DATABASES["default"]["OPTIONS"],  # type: ignore[dict-item]
}

CACHES = {
    "default": {
        "BACKEND": "config.cache.ForgivingRedisCache",
        "LOCATION": ENV.redis_url,
        "KEY_PREFIX": "assay",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # members stay logged in while Redis is away

REDIS_URL = ENV.redis_url
CELERY_BROKER_URL = env.broker_url(ENV.redis_url)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
RDAP_URL = ENV.rdap_url
DNS_RESOLVER = ENV.dns_resolver
ACCOUNT_ADAPTER = "accounts.adapter.Accounts"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.partition(":")[0]
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxies
MFA_ADAPTER = "accounts.adapter.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Assay"
MFA_FORMS = {"add_webauthn": "accounts.forms.AddKeyForm"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE_URL.startswith("http:") and env.is_local(SITE_URL)
SECOND_FACTOR_FOR_STAFF = not (DEBUG or DEMO)
USERSESSIONS_TRACK_ACTIVITY = True
LOGIN_URL = "account_login"  # by name, for each language has its own
LOGIN_REDIRECT_URL = "accounts:home"
LOGOUT_REDIRECT_URL = "profiles:home"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]  # config/languages.py
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "borrowed"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STATICFILES_FINDERS = [
    "config.stylesheet.SiteStylesheet",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

EMAIL_BACKEND, EMAIL_OPTIONS = env.email_settings(ENV.email_url, DATA_DIR)
globals().update(EMAIL_OPTIONS)
DEFAULT_FROM_EMAIL = f"noreply@{ENV.site_host}"  # the name before it is the site's (config/site.py)

SECURE_BEHIND_TLS = SITE_URL.startswith("https:")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_BEHIND_TLS
SECURE_HSTS_SECONDS = 31536000 if SECURE_BEHIND_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
# The desk's form of a profile sends about ten fields for each citation; Django's own limit ends it at a hundred.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

# No index on each key of a history: it is read by one of them, which the model names.
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Celery tells of every sweep, which is every second; httpx of every question, which is the applicants' matter.
    "loggers": {"django.request": {"level": "ERROR"}, "celery": {"level": "WARNING"}, "httpx": {"level": "WARNING"}},
}

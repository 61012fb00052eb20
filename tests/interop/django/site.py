"""The smallest Django site with mozilla-django-oidc: its settings for signing in are those of docs/integrate/python.md.

Started as `python site.py PORT` with the settings of the page in `signing_in.py` beside it.
"""

import sys
from pathlib import Path

import signing_in
from django.conf import settings
from django.core.management import call_command

HERE = Path(__file__).parent

settings.configure(
    DEBUG=False,
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF="urls",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "site.sqlite3"}},
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "mozilla_django_oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    **{name: value for name, value in vars(signing_in).items() if name.isupper()},
)

if __name__ == "__main__":
    import django

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("runserver", f"localhost:{sys.argv[1]}", "--noreload", "--skip-checks")

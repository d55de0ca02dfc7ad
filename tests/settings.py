"""Settings of the tests: files in a directory of their own, no ``.env``, quick passwords; the rest is what users run."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_var = tempfile.mkdtemp(prefix="callhub-test-")
atexit.register(shutil.rmtree, _var, ignore_errors=True)
os.environ["CALLHUB_VAR_DIR"] = _var
os.environ["CALLHUB_ENV"] = "embedded"
os.environ["CALLHUB_BROKER_URL"] = f"embedded+sqlite:///{_var}/broker.sqlite3"
os.environ["CALLHUB_CACHE_URL"] = ""
os.environ["DATABASE_URL"] = os.environ.get("CALLHUB_TEST_DATABASE_URL") or f"sqlite:///{_var}/callhub.sqlite3"

from callhub.settings import *  # noqa: E402, F403
from callhub.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": f"{_var}/tests.sqlite3"}  # a file, so that threads meet as they do in earnest
    _options = DATABASES["default"]["OPTIONS"]
    _options["init_command"] = _options["init_command"].replace("synchronous=FULL", "synchronous=OFF")  # no power fails here
    _options["timeout"] = 100  # many write at once, on a machine that may be busy
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CALLHUB_STREAM_SECONDS = 0  # what there is, and the end: most tests read an answer whole
CALLHUB_LONGEST_WAIT = 0

"""The scheduler's Celery application: it only sends names at their times, so it loads no Django app and stays small."""

from __future__ import annotations

import os

from celery import Celery

from callhub import broker  # noqa: F401 - registers the embedded transport

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callhub.settings")

app = Celery("callhub", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")

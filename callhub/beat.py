"""The scheduler's Celery application: it only sends names at their times, so it loads no Django app and stays small."""

from __future__ import annotations

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callhub.settings")
TRANSPORT_ALIASES["embedded"] = "callhub.broker:Transport"  # loaded at the first connection: SQLAlchemy is heavy

app = Celery("callhub", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")

"""The scheduler's Celery application: it only sends names at their times, so it loads no Django app and stays small."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import after_task_publish
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callhub.settings")
TRANSPORT_ALIASES["embedded"] = "callhub.broker:Transport"  # loaded at the first connection: SQLAlchemy is heavy

app = Celery("callhub", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")


@after_task_publish.connect
def leave_trace(**_: Any) -> None:
    """Touch the file whose age ``manage.py doctor`` takes for the scheduler's: the broker has taken a message."""
    (settings.VAR_DIR / "beat-pulse").touch()

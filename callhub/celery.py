"""The Celery application: ``celery -A callhub.celery worker``; settings are the ``CELERY_`` ones."""

from __future__ import annotations

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callhub.settings")
TRANSPORT_ALIASES["embedded"] = "callhub.broker:Transport"  # loaded at the first connection: SQLAlchemy is heavy

# Containers run as root, and messages are JSON: what the warning is about cannot happen.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("callhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.task(name="callhub.pulse")
def pulse() -> None:
    """Show that scheduler, broker and worker are alive; ``manage.py doctor`` reads when this ran last."""

"""Housekeeping for the installation itself."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from callhub.broker import purge_consumed

KEPT = timedelta(hours=1)


@shared_task(name="callhub.purge_consumed_messages", ignore_result=True)
def purge_consumed_messages() -> None:
    """Delete the embedded broker's messages that have been worked on; it only hides them."""
    purge_consumed(older_than=KEPT)

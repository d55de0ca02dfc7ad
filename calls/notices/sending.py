"""Sending mails: claimed by moving them on, sent outside of any transaction, marked afterwards."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from calls import failpoints
from calls.models import Notice
from calls.notices.words import NothingToTell, message_of

LEASE = timedelta(minutes=5)  # longer than a mail server is waited for
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 720))
KEPT = timedelta(days=90)  # longer than any period something is told once in
AT_ONCE = 200
log = logging.getLogger(__name__)


def due(now: datetime | None = None) -> list[str]:
    """The mails to be sent now, longest due first."""
    rows = Notice.objects.due(now or timezone.now()).order_by("due_at")
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:AT_ONCE]]


def send(notice_id: str) -> bool:
    """Mail one notice if it is due and nobody else is at it; whether it was mailed.

    What the mail server refuses is tried again, with growing pauses, and given up in the end; the row says why.
    """
    now = timezone.now()
    rows = Notice.objects.filter(pk=notice_id)
    if not rows.due(now).update(attempts=F("attempts") + 1, due_at=now + LEASE, updated_at=now):
        return False
    notice = rows.select_related("tenant", "user", "call").get()
    try:
        message = message_of(notice)
    except NothingToTell as reason:
        _drop(notice, str(reason))
        return False
    try:
        message.send()
    except Exception as error:  # each mail backend has its own
        log.warning("a mail was not sent (%s: %s)", notice.pk, type(error).__name__)
        _put_off(notice, f"{type(error).__name__}: {error}".partition("\n")[0])
        return False
    failpoints.reach("notice.mailed")
    rows.update(sent_at=timezone.now(), error="", updated_at=timezone.now())
    return True


def forget_old(now: datetime | None = None) -> None:
    """Delete what was told long ago."""
    Notice.objects.filter(created_at__lt=(now or timezone.now()) - KEPT).delete()


def _put_off(notice: Notice, error: str) -> None:
    if notice.attempts > len(PAUSES):
        _drop(notice, error)
        return
    due_at = timezone.now() + PAUSES[notice.attempts - 1]
    Notice.objects.filter(pk=notice.pk).update(due_at=due_at, error=error[:300], updated_at=timezone.now())


def _drop(notice: Notice, reason: str) -> None:
    now = timezone.now()
    Notice.objects.filter(pk=notice.pk).update(dropped_at=now, error=reason[:300], updated_at=now)

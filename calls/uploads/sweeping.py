"""What nobody finished: tickets past their time, uploads a crash left half kept, orphans, and old tickets."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from calls.choices import UploadState
from calls.errors import CallError
from calls.models import Upload, UploadChunk
from calls.recordings import playback
from calls.recordings.errors import SpoolMissing, StorageTrouble
from calls.recordings.storage import Spool
from calls.recordings.storage.sweeping import Swept, sweep_orphans
from calls.uploads import finishing
from calls.uploads.finishing import LEASE
from calls.uploads.receiving import finish, received_bytes
from calls.uploads.tickets import Told, end

REMEMBERED = timedelta(days=7)  # how long a ticket that has ended answers a repeat, or shows what became of it
AT_ONCE = 200
_log = logging.getLogger(__name__)


def expire_overdue(now: datetime | None = None) -> int:
    """End tickets whose time is over and give back their place in the quota; how many."""
    overdue = Upload.objects.overdue(now or timezone.now()).select_related("tenant", "recording")
    return sum(end(ticket, UploadState.EXPIRED) for ticket in overdue.order_by("expires_at")[:AT_ONCE])


def finish_left_behind(now: datetime | None = None) -> int:
    """Finish uploads all of whose bytes have come and whose keeper was killed; how many."""
    now = now or timezone.now()
    appended = Upload.objects.appended().select_related("tenant", "recording", "call", "opened_by").order_by("-updated_at")
    finished = sum(map(_finish_appended, appended[:AT_ONCE]))
    for ticket in Upload.objects.left_behind(now).select_related("tenant", "recording", "call", "opened_by")[:20]:
        lease = Upload.objects.filter(pk=ticket.pk, lease_until=ticket.lease_until)
        if lease.update(lease_until=now + LEASE):
            finished += _finish(ticket)
    return finished


def sweep(now: datetime | None = None) -> Swept:
    """Remove objects, spools and parts nothing refers to, and tickets that ended long ago."""
    now = now or timezone.now()
    Upload.objects.filter(finished_at__lt=now - REMEMBERED).delete()
    playback.drop_unplayed(now)
    return sweep_orphans(timedelta(hours=settings.CALLHUB_UPLOAD_HOURS + 1), _spools_in_use)


def _finish(ticket: Upload) -> bool:
    try:
        finishing.keep(ticket, Spool(ticket.spool), Told())
    except SpoolMissing:  # the same bytes sent again still finish it
        return False
    except (CallError, StorageTrouble) as error:
        _log.warning("Upload of recording %s could not be finished: %s", ticket.recording_id, error)
        return False
    return True


def _finish_appended(ticket: Upload) -> bool:
    """Finish a resumable upload that nobody finished when its last byte had come."""
    if received_bytes(ticket) != ticket.declared_bytes:
        return False
    try:
        finish(ticket)
    except (CallError, StorageTrouble) as error:
        _log.info("Upload of recording %s was not finished: %s", ticket.recording_id, error)
        return False
    return True


def _spools_in_use(names: Collection[str]) -> Collection[str]:
    unfinished = Upload.objects.filter(spool__in=names).values_list("spool", flat=True)
    return {*unfinished, *UploadChunk.objects.filter(spool__in=names).values_list("spool", flat=True)}

"""Writing exports: in turns, by one worker at a time, each turn's lines an object of their own.

A worker claims an export by one conditional UPDATE and extends its lease with every batch. If it
dies, the next goes on after the last part that has a row. The file is all parts in a row, and it is
offered once the last one is there.
"""

from __future__ import annotations

import logging
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone, translation

from calls import failpoints
from calls.errors import CallError
from calls.exports.orders import FILE_LASTS, drop_parts, is_open_to, wake
from calls.models import Call, CallExport, ExportPart
from calls.models.export import ExportState
from calls.models.view import Column
from calls.recordings import storage
from calls.recordings.errors import StorageTrouble
from calls.recordings.storage import StoredObject
from calls.transfer.keyset import Position, batches
from calls.transfer.table import AT_ONCE, CallTable, readable
from tenants.models import Tenant
from tenants.reach import reach_of

LEASE = timedelta(minutes=2)
MOST_BYTES = 1024**3
MOST_TRIES = 10  # turns in a row that wrote nothing: twenty minutes of a storage that is away
RUNNING_OF_TENANT = 2
MOST_AT_ONCE = 200
_log = logging.getLogger(__name__)


class _Failed(Exception):
    """The export cannot be written; ``code`` is one of those that the page puts into words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Lost(Exception):
    """The export was cancelled, or is another worker's by now."""


def waiting() -> list[str]:
    """The exports with calls to write that no worker has, the oldest first."""
    rows = CallExport.objects.unfinished().unclaimed(timezone.now()).order_by("created_at")[:MOST_AT_ONCE]
    return [str(key) for key in rows.values_list("pk", flat=True)]


def work(export_id: UUID | str, *, seconds: float) -> None:
    """Write one part of an export, for so long; nothing where it is not its turn."""
    export = _claim(export_id)
    if export is None:
        return
    try:
        with _as_asked(export):
            _write(export, seconds)
    except _Failed as failed:
        _fail(export, failed.code)
    except CallError:  # past the limit of bytes
        _fail(export, "too_large")
    except StorageTrouble as trouble:
        # The next try is when the lease is over.
        _log.warning("Export %s waits for the storage (%s).", export.pk, trouble.code)
    except _Lost:
        return
    for following in CallExport.objects.filter(tenant=export.tenant_id).unfinished().unclaimed(timezone.now()):
        wake(following)


# Claims


def _claim(export_id: UUID | str) -> CallExport | None:
    export = CallExport.objects.select_related("tenant", "user").filter(pk=export_id).first()
    if export is None:
        return None
    with transaction.atomic():
        Tenant.objects.select_for_update(no_key=True).get(pk=export.tenant_id)  # one counts at a time
        if not _has_turn(export):
            return None
        lease, rows = (
            _lease(),
            CallExport.objects.unfinished().unclaimed(timezone.now()).filter(pk=export_id),
        )
        if not rows.update(state=ExportState.RUNNING, claimed_until=lease, tries=F("tries") + 1):
            return None
    export.refresh_from_db(fields=["state", "claimed_until", "tries", "total", "written", "size_bytes"])
    return export


def _has_turn(export: CallExport) -> bool:
    """Whether no other export of the person is being written, and few of the tenant are."""
    running = CallExport.objects.filter(state=ExportState.RUNNING).exclude(pk=export.pk)
    is_full = running.filter(tenant=export.tenant_id).count() >= RUNNING_OF_TENANT
    return not is_full and not running.filter(user=export.user_id).exists()


def _lease() -> datetime:
    return timezone.now() + LEASE


def _update(export: CallExport, **fields: Any) -> None:
    """Write fields of an export this worker still has. Raises ``_Lost``."""
    rows = CallExport.objects.filter(pk=export.pk, state=ExportState.RUNNING, claimed_until=export.claimed_until)
    if not rows.update(**fields, updated_at=timezone.now()):
        raise _Lost
    for name, value in fields.items():
        setattr(export, name, value)


def _fail(export: CallExport, code: str) -> None:
    rows = CallExport.objects.filter(pk=export.pk, state=ExportState.RUNNING, claimed_until=export.claimed_until)
    now = timezone.now()
    if rows.update(state=ExportState.FAILED, error=code, claimed_until=None, finished_at=now, updated_at=now):
        drop_parts(export)


# Writing


@contextmanager
def _as_asked(export: CallExport) -> Iterator[None]:
    """In the zone and language of the person when they asked."""
    with timezone.override(ZoneInfo(export.zone)), translation.override(export.language):
        yield


def _write(export: CallExport, seconds: float) -> None:
    if export.tries > MOST_TRIES:
        raise _Failed("trouble")
    calls = _listed(export)
    if export.total is None:
        _update(export, total=calls.order_by().count())
    last = export.parts.order_by("number").last()
    part = _Part(export, calls, last, clock.monotonic() + seconds)
    stored = storage.put(part, export.tenant, MOST_BYTES - sum(export.parts.values_list("size_bytes", flat=True)))
    failpoints.reach("export.part_stored")
    try:
        _file(export, part, stored)
    except _Lost:
        storage.delete(stored.key)
        raise


def _listed(export: CallExport) -> QuerySet[Call]:
    """The calls of the list as the person would see it now, read by the list's own page."""
    request = HttpRequest()
    request.method, request.GET = "GET", QueryDict(export.query)
    request.user = export.user  # type: ignore[assignment]
    request._messages = _Unread()  # type: ignore[attr-defined]
    if not is_open_to(reach_of(request), export):
        raise _Failed("access")
    try:
        page = admin.site.get_model_admin(Call).get_changelist_instance(request)
    except IncorrectLookupParameters as error:
        raise _Failed("filter") from error
    calls: QuerySet[Call] = page.get_queryset(request).filter(tenant=export.tenant_id)
    return calls


class _Unread:
    """Where the list warns of a filter it left out: the file would hold calls not asked for."""

    def add(self, *told: Any) -> None:
        raise _Failed("filter")


class _Part:
    """The lines that one turn writes, as a stream of bytes."""

    def __init__(self, export: CallExport, calls: QuerySet[Call], last: ExportPart | None, deadline: float) -> None:
        self.number = last.number + 1 if last else 0
        self.position: Position | None = last.position if last else None
        self.before = sum(export.parts.values_list("written", flat=True))
        self.written = 0
        self.is_last = False
        self._left = b""
        self._chunks = self._lines(export, calls, deadline)

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``; empty at the end. Raises ``_Lost``."""
        self._left = self._left or next(self._chunks, b"")
        chunk, self._left = self._left[:size], self._left[size:]
        return chunk

    def _lines(self, export: CallExport, calls: QuerySet[Call], deadline: float) -> Iterator[bytes]:
        table = CallTable([Column(name) for name in export.columns], timezone.get_current_timezone())
        if self.number == 0:
            yield table.heading().encode()
        for found, position in batches(readable(calls), self.position, AT_ONCE):
            yield "".join(map(table.line, found)).encode()
            self.position, self.written = position, self.written + len(found)
            _update(export, claimed_until=_lease(), written=self.before + self.written)
            if clock.monotonic() > deadline:
                return
        self.is_last = True


def _file(export: CallExport, part: _Part, stored: StoredObject) -> None:
    """The part's row, and with the last one the file. Raises ``_Lost``."""
    now = timezone.now()
    told: dict[str, Any] = {
        "tries": 0,
        "claimed_until": None,
        "size_bytes": export.size_bytes + stored.size,
    }
    if part.is_last:
        told |= {"state": ExportState.DONE, "finished_at": now, "expires_at": now + FILE_LASTS}
        told["total"] = told["written"] = part.before + part.written
    with transaction.atomic():
        _update(export, **told)
        ExportPart.objects.create(
            export=export, number=part.number, storage_key=stored.key, size_bytes=stored.size,
            written=part.written, position=part.position,
        )  # fmt: skip

"""Queueing exports, cancelling them, reading their files and removing those."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from callhub import doorbell
from calls.models import CallExport, ExportPart
from calls.models.export import WITHOUT_FILE, CallExportQuerySet, ExportState
from calls.recordings import storage
from calls.recordings.errors import StorageTrouble
from tenants.choices import Role
from tenants.models import Tenant, User
from tenants.reach import Reach

EXPORTS = Role.AGENT
MOST_OF_PERSON = 3  # one that is written and two that wait
MOST_FILES = 10  # of a person, until one expires or is removed
MOST_OF_TENANT = 10
FILE_LASTS = timedelta(hours=24)
ROW_LASTS = timedelta(days=30)
_log = logging.getLogger(__name__)


class ExportRefused(Exception):
    """There are too many exports; ``code`` says of whom: ``person``, ``files``, ``tenant``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def ask(tenant: Tenant, user: User, **asked: Any) -> CallExport:
    """Queue an export; ``asked`` are the fields that say of what. Raises ``ExportRefused``."""
    with transaction.atomic():
        Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)  # one counts at a time
        own = of_person(user)
        if own.unfinished().count() >= MOST_OF_PERSON:
            raise ExportRefused("person")
        if own.filter(state=ExportState.DONE).count() >= MOST_FILES:
            raise ExportRefused("files")
        if CallExport.objects.for_tenant(tenant).unfinished().count() >= MOST_OF_TENANT:
            raise ExportRefused("tenant")
        export = CallExport.objects.create(tenant=tenant, user=user, **asked)
        wake(export)
    return export


def of_person(user: User) -> CallExportQuerySet:
    """What a person asked for, the newest first."""
    rows: CallExportQuerySet = CallExport.objects.filter(user=user.pk)
    return rows


def is_open_to(reach: Reach, export: CallExport) -> bool:
    """Whether a person asked for this export and still reaches all that it holds.

    A changed center ends that, a wider one too: the file may be of calls of both.
    """
    is_theirs = export.user_id is not None and export.user_id == reach.user.pk
    return is_theirs and reach.may(EXPORTS, export.tenant_id) and reach.centers.get(export.tenant_id) == export.center_key


def cancel(export: CallExport) -> None:
    """Stop an export that is unfinished, or remove the file of one that is ready."""
    rows, now = CallExport.objects.filter(pk=export.pk), timezone.now()
    rows.unfinished().update(state=ExportState.CANCELLED, claimed_until=None, updated_at=now)
    rows.filter(state=ExportState.DONE).update(state=ExportState.EXPIRED, updated_at=now)
    drop_parts(export)


def content(export: CallExport) -> Iterator[bytes]:
    """The file in chunks. Raises ``StorageTrouble``."""
    for key in export.parts.order_by("number").values_list("storage_key", flat=True):
        with closing(storage.open_range(key)) as chunks:
            yield from chunks


def sweep(now: datetime | None = None) -> None:
    """Remove files that have expired, what a crash left of others, and rows of long ago."""
    now = now or timezone.now()
    CallExport.objects.filter(state=ExportState.DONE, expires_at__lt=now).update(state=ExportState.EXPIRED, updated_at=now)
    ended = CallExport.objects.filter(state__in=WITHOUT_FILE)
    for export in ended.filter(pk__in=ExportPart.objects.filter(export__in=ended).values("export")):
        drop_parts(export)
    ended.filter(created_at__lt=now - ROW_LASTS, parts=None).delete()


def drop_parts(export: CallExport) -> None:
    """Remove what was written of an export that has no file."""
    if not CallExport.objects.filter(pk=export.pk, state__in=WITHOUT_FILE).exists():
        return
    keys = list(export.parts.values_list("storage_key", flat=True))
    export.parts.all().delete()
    try:
        for key in keys:
            storage.delete(key)
    except StorageTrouble:
        _log.warning(
            "The storage is away; the sweep of orphans will remove the file of export %s.",
            export.pk,
        )


def wake(export: CallExport) -> None:
    """Have a worker look at it once this transaction is committed."""
    from calls.tasks import write_export  # late: the tasks call this package

    doorbell.ring(write_export, str(export.pk))

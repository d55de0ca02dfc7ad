"""Finding what a crash left behind: objects without a row, spools without a ticket, uploads nobody finished."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.utils import timezone

from calls.models import ExportPart, PlayableCopy, Recording
from calls.recordings.storage import Spool, keeper
from calls.recordings.storage.spool import spools_before

_BATCH = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Swept:
    """How many of each were removed."""

    objects: int
    spools: int
    unfinished: int


def sweep_orphans(older_than: timedelta, spools_in_use: Callable[[Collection[str]], Collection[str]]) -> Swept:
    """Remove what nothing refers to and nobody touched for ``older_than``, which must be longer than any upload may take.

    ``spools_in_use`` answers which of these spool names have a ticket. A copy made for analysis counts as unfinished.
    """
    moment = timezone.now() - older_than
    storage = keeper()
    objects = spools = 0
    for keys in _batches(storage.keys_before(moment)):
        for key in set(keys) - _kept(keys):
            storage.delete(key)
            objects += 1
    for names in _batches(spools_before(moment)):
        for name in set(names) - set(spools_in_use(names)):
            Spool(name).discard()
            spools += 1
    swept = Swept(objects=objects, spools=spools, unfinished=storage.drop_unfinished(moment))
    _log.info("Swept %s objects, %s spools and %s unfinished uploads that nothing refers to.", objects, spools, swept.unfinished)
    return swept


def _kept(keys: Collection[str]) -> set[str]:
    rows = (model.objects.filter(storage_key__in=keys) for model in (Recording, PlayableCopy, ExportPart))
    return {key for some in rows for key in some.values_list("storage_key", flat=True)}


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    names = iter(names)
    while batch := list(islice(names, _BATCH)):
        yield batch

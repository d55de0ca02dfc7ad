"""``manage.py doctor``: is everything callhub needs there and alive?"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from callhub.models import RunResult, ScheduledTask
from calls.recordings import storage
from calls.recordings.errors import NoRoom

PULSE_LIMIT = 90  # seconds; the scheduler sends a pulse every 20
CLOCK_LIMIT = 5.0  # seconds between this machine's clock and the database's
WORD = b"well"


class Trouble(Exception):
    """Something is broken; the message says what and what to do."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one look showed."""

    name: str
    ok: bool
    said: str


class Command(BaseCommand):
    """Look at every part and say how it is."""

    help = (
        "One line each on database, migrations, cache, broker, worker, scheduler, schedule, storage and clock; "
        "exit code 1 if something is broken. Example: python3 manage.py doctor --json"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON list instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [_look(name, question) for name, question in QUESTIONS.items()]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings]))
        else:
            for finding in findings:
                style = self.style.SUCCESS if finding.ok else self.style.ERROR
                self.stdout.write(f"{style('ok  ' if finding.ok else 'BAD ')} {finding.name:<11} {finding.said}")
        if not all(finding.ok for finding in findings):
            sys.exit(1)


def _look(name: str, question: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, ok=True, said=question())
    except Trouble as trouble:
        return Finding(name=name, ok=False, said=str(trouble))
    except Exception as error:  # a doctor names every illness; each library has its own errors
        return Finding(name=name, ok=False, said=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")


def _database() -> str:
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return f"{connection.display_name}, answers in {1000 * (time.monotonic() - started):.0f} ms"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise Trouble(f"{len(waiting)} to apply: python3 manage.py migrate")
    return "all applied"


def _cache() -> str:
    key, shared = f"doctor:{uuid4()}", settings.CACHES["default"]["BACKEND"] == "callhub.cache.SharedCache"
    cache.set(key, "well", 10)
    found = cache.get(key)
    if getattr(cache, "is_away", False):
        raise Trouble(
            "Redis does not answer, so each process counts by itself: look at CALLHUB_CACHE_URL, and whether Redis runs"
        )
    if found != "well":
        raise Trouble("what is put in does not come out")
    cache.delete(key)
    if settings.PRODUCTION and not shared:
        return "each process counts by itself; where several serve, set CALLHUB_CACHE_URL=redis://..."
    return "Redis, shared" if shared else "in each process"


def _broker() -> str:
    from callhub.broker import messages_waiting
    from callhub.celery import app

    with app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, timeout=3)
        broker.default_channel.close()
    waiting = messages_waiting()
    return f"{settings.CELERY_BROKER_URL.partition(':')[0]}, reachable" + (f", {waiting} waiting" if waiting is not None else "")


def _worker() -> str:
    row = ScheduledTask.objects.filter(pk="pulse").first()
    return _seen(row.started_at if row else None, "no worker has run anything", "celery -A callhub.celery worker")


def _scheduler() -> str:
    try:
        sent_at = datetime.fromtimestamp((settings.VAR_DIR / "beat-pulse").stat().st_mtime, tz=UTC)
    except FileNotFoundError:  # it may run on another machine; what a worker was sent by it shows that it does
        return _worker()
    return _seen(sent_at, "the scheduler has sent nothing", "celery -A callhub.beat beat")


def _seen(at: datetime | None, never: str, program: str) -> str:
    how = f"is “{program}” running?" if settings.PRODUCTION else "start callhub with: python3 manage.py up"
    if at is None:
        raise Trouble(f"{never} yet: {how}")
    seconds = max(0.0, (timezone.now() - at).total_seconds())
    if seconds > PULSE_LIMIT:
        raise Trouble(f"last seen {seconds:.0f} s ago: {how}")
    return f"seen {seconds:.0f} s ago"


def _schedule() -> str:
    from callhub.schedule import overdue

    late = overdue()
    if late:
        raise Trouble(f"overdue: {', '.join(late)}; see the worker's log")
    rows = list(ScheduledTask.objects.all())
    failing = [row.pk for row in rows if row.result == RunResult.FAILED]
    return f"{len(rows)} tasks, none overdue" + (f"; failed at last: {', '.join(failing)}" if failing else "")


def _storage() -> str:
    """Write, read and delete an object where recordings go, and a file where they wait on their way there."""
    options = settings.STORAGES["recordings"]["OPTIONS"]
    bucket = options.get("bucket_name")
    place = f"the bucket {bucket}" if bucket else str(options["location"])
    advice = "look at CALLHUB_S3_…" if bucket else "it must belong to the user that callhub runs as"
    try:
        storage.require_room()
        _write_read_delete(f"doctor/{uuid4().hex}")
        with tempfile.TemporaryFile(dir=settings.CALLHUB_SPOOL_DIR):
            return f"{place} can be written, read and deleted from"
    except NoRoom as error:
        raise Trouble(f"{error} CALLHUB_FREE_SPACE_FLOOR says how much is to stay free") from error
    except PermissionError as error:
        raise Trouble(f"{error.filename} cannot be written: it must belong to the user that callhub runs as") from error
    except Exception as error:  # as in _look
        raise Trouble(f"{place}: {type(error).__name__}: {error} ({advice})") from error


def _write_read_delete(key: str) -> None:
    keeper = storage.keeper()
    keeper.create(key, io.BytesIO(WORD))
    try:
        with closing(keeper.read_range(key, 0, None)) as chunks:
            if b"".join(chunks) != WORD:
                raise Trouble("what is written does not come out")
    finally:
        keeper.delete(key)
    if keeper.exists(key):
        raise Trouble("what is deleted is still there")


def _clock() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT strftime('%s', 'now')" if connection.vendor == "sqlite" else "SELECT extract(epoch FROM now())")
        row = cursor.fetchone()
    seconds = abs(time.time() - float(row[0]))
    if seconds > CLOCK_LIMIT:
        raise Trouble(f"{seconds:.0f} s apart from the database's")
    return f"{timezone.now():%Y-%m-%d %H:%M:%S} UTC"


QUESTIONS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "cache": _cache,
    "broker": _broker,
    "worker": _worker,
    "scheduler": _scheduler,
    "schedule": _schedule,
    "storage": _storage,
    "clock": _clock,
}

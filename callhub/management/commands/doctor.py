"""``manage.py doctor``: is everything callhub needs there and alive?"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

PULSE_LIMIT = 90  # seconds; the scheduler sends a pulse every 20
CLOCK_LIMIT = 5.0  # seconds between this machine's clock and the database's


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
    key = f"doctor:{uuid4()}"
    cache.set(key, "well", 10)
    if cache.get(key) != "well":
        raise Trouble("what is put in does not come out")
    cache.delete(key)
    return str(settings.CACHES["default"]["BACKEND"]).rpartition(".")[2]


def _broker() -> str:
    from callhub.broker import messages_waiting
    from callhub.celery import app

    with app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, timeout=3)
        broker.default_channel.close()
    waiting = messages_waiting()
    return f"{settings.CELERY_BROKER_URL.partition(':')[0]}, reachable" + (f", {waiting} waiting" if waiting is not None else "")


def _worker() -> str:
    return _age("worker-pulse", "no worker has run anything")


def _scheduler() -> str:
    return _age("beat-pulse", "the scheduler has sent nothing")


def _age(name: str, never: str) -> str:
    try:
        seconds = max(0.0, time.time() - (settings.VAR_DIR / name).stat().st_mtime)
    except FileNotFoundError:
        raise Trouble(f"{never} yet: python3 manage.py up") from None
    if seconds > PULSE_LIMIT:
        raise Trouble(f"last seen {seconds:.0f} s ago: python3 manage.py up")
    return f"seen {seconds:.0f} s ago"


def _schedule() -> str:
    from callhub.models import RunResult, ScheduledTask
    from callhub.schedule import overdue

    late = overdue()
    if late:
        raise Trouble(f"overdue: {', '.join(late)}; see the worker's log")
    rows = list(ScheduledTask.objects.all())
    failing = [row.pk for row in rows if row.result == RunResult.FAILED]
    return f"{len(rows)} tasks, none overdue" + (f"; failed at last: {', '.join(failing)}" if failing else "")


def _storage() -> str:
    name = default_storage.save(f"doctor/{uuid4()}", ContentFile(b"well"))
    try:
        with default_storage.open(name) as file:
            if file.read() != b"well":
                raise Trouble("what is written does not come out")
    finally:
        default_storage.delete(name)
    with tempfile.TemporaryFile(dir=settings.VAR_DIR):
        return "can be written"


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

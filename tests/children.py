"""Real workers on the tests' own database and files, which a test may kill."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import Any

from django.db import connection
from django.test import override_settings

from callhub import supervisor
from tests import brokers
from tests.asterisk.lab import end_with_parent

PATIENCE_S = 150.0  # for what takes a second on a machine that does nothing else

_fork = multiprocessing.get_context("fork")  # starts with all that is loaded, and patched, here


@contextlib.contextmanager
def worker(broker_url: str, *, failpoint: str = "", name: str = "") -> Iterator[BaseProcess]:
    """A worker in a process of its own that takes this broker's messages; killed at the end.

    With ``name`` it is the one that ``manage.py up`` calls so, with its queues and threads; without, it takes from all queues.
    With ``failpoint`` it kills itself there. The test has to be one with ``transaction=True``.
    """
    connection.close()
    process = _fork.Process(target=_work, args=(broker_url, failpoint, _options(name)))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


@contextlib.contextmanager
def kept_worker(broker_url: str) -> Iterator[Callable[[], None]]:
    """A worker, and what starts another where that one has ended by itself, as ``manage.py up`` does.

    Celery's ends where Redis goes away while it acknowledges: then kombu forgets the address it has to connect to again.
    """
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(worker(broker_url))]

        def keep() -> None:
            if running[-1].exitcode is not None:
                running.append(stack.enter_context(worker(broker_url)))

        yield keep


def until(found: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _options(name: str) -> dict[str, Any]:
    """The queues and threads of a worker of ``manage.py up``."""
    if not name:
        return {"concurrency": 4}
    words = next(child.arguments for child in supervisor.CHILDREN if child.name == name)
    value = dict(itertools.pairwise(words))
    return {"queues": value["-Q"], "concurrency": int(value["--concurrency"]), "hostname": value["-n"]}


def _work(broker_url: str, failpoint: str, options: dict[str, Any]) -> None:
    end_with_parent()
    from callhub.celery import app  # late: this process alone has it set up for this broker

    with override_settings(CALLHUB_FAILPOINT=f"{failpoint}:kill" if failpoint else "", CELERY_TASK_ALWAYS_EAGER=False):
        brokers.configure(app, broker_url)
        app.Worker(
            pool="threads",
            loglevel="WARNING",
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
            **options,
        ).start()

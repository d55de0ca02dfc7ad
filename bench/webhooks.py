"""``python3 -m bench.webhooks [--seconds 30] [--queued 10000] [--database sqlite|postgresql]``: how soon webhooks go, how fast.

First: a worker and a scheduler as ``manage.py up`` runs them, calls logged at 20 a second, and beside them an endpoint that hangs
with thousands queued; printed is the time from a call's event to the first attempt at telling it. Then: deliveries a second of
one worker's threads, beside a loop of bare ``requests.post`` to the same receiver. Rounds take turns; figures are medians.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PER_SECOND = 20
BODY = b'{"type":"webhook.test","data":{"call":null}}'
GOALS = {"p50 s": 1.0, "p99 s": 5.0}
LEAST_RATIO = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m bench.webhooks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="for how long calls are logged")
    parser.add_argument("--queued", type=int, default=10_000, help="deliveries that wait for the endpoint that hangs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=600, help="deliveries of one round")
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    options = parser.parse_args()

    from tests import services

    on_postgresql = options.database == "postgresql" or (options.database is None and services.find("postgresql"))
    with contextlib.ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="callhub-bench-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        url = stack.enter_context(services.private_postgresql(durable=True)) if on_postgresql else f"sqlite:///{home}/b.sqlite3"
        answering = stack.enter_context(_receiver(hangs=False))
        hanging = stack.enter_context(_receiver(hangs=True))
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "callhub.settings",
            "CALLHUB_VAR_DIR": str(home),
            "DATABASE_URL": url,
            "CALLHUB_BROKER_URL": f"embedded+sqlite:///{home}/broker.sqlite3",
            "CALLHUB_LOG_LEVEL": "ERROR",
            "CALLHUB_OUTBOUND_ALLOW": "127.0.0.0/8",
            "CALLHUB_OUTBOUND_PORTS": "1-65535",
            "CALLHUB_WEBHOOKS_PER_HOST_PER_MINUTE": "0",
            "CALLHUB_WEBHOOKS_PER_TENANT_PER_MINUTE": "0",
        }
        subprocess.run([sys.executable, str(ROOT / "manage.py"), "migrate", "-v0"], check=True)
        import django

        django.setup()
        print(f"{'PostgreSQL' if on_postgresql else 'SQLite'}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        in_time = _report_waits(answering, hanging, options)
        fast = _report_speed(answering, options)
    return 0 if in_time and fast else 1


# How soon


def _report_waits(answering: str, hanging: str, options: Any) -> bool:
    from calls import webhooks
    from calls.models import Attempt

    quick, stuck = _endpoint("quick", answering), _endpoint("stuck", hanging)
    _queue(stuck, options.queued)
    with _worker():
        _wait_until(lambda: _is_known_to_be_slow(stuck), 120)
        logged = _log_calls(quick.tenant, options.seconds)
        _wait_until(lambda: Attempt.objects.filter(delivery__endpoint=quick).count() >= 2 * logged, 300)
    rows = Attempt.objects.filter(delivery__endpoint=quick, delivery__attempts=1)
    waits = [
        each.total_seconds() for each in (at - of for at, of in rows.values_list("started_at", "delivery__event__recorded_at"))
    ]
    if len(waits) != 2 * logged:
        raise RuntimeError(f"{logged} calls gave {len(waits)} attempts")
    cuts = statistics.quantiles(waits, n=100)
    figures = {"p50 s": statistics.median(waits), "p99 s": cuts[98]}
    tried = Attempt.objects.filter(delivery__endpoint=stuck).count()
    webhooks.disable(stuck)
    print(f"{logged} calls at {PER_SECOND}/s, {options.queued} queued for an endpoint that hangs ({tried} tried meanwhile)")
    print(
        "event to first attempt: " + ", ".join(f"{name} {value:.2f} (goal < {GOALS[name]:g})" for name, value in figures.items())
    )
    return all(figures[name] < goal for name, goal in GOALS.items())


def _is_known_to_be_slow(endpoint: Any) -> bool:
    endpoint.refresh_from_db()
    return bool(endpoint.is_slow)


def _log_calls(tenant: Any, seconds: float) -> int:
    """Log calls one by one at their rate, as a web process does; how many."""
    from django.utils import timezone

    from calls import ledger
    from calls.choices import Direction, Source
    from calls.drafts import CallDraft, PartyDraft

    began, count = time.monotonic(), int(seconds * PER_SECOND)
    for number in range(count):
        time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        remote, now = PartyDraft(number=f"+4670{number:07}"), timezone.now()
        ledger.record(
            tenant, CallDraft(source=Source.API, direction=Direction.INBOUND, remote=remote, started_at=now, ended_at=now)
        )
    return count


@contextlib.contextmanager
def _worker() -> Iterator[None]:
    """Worker and scheduler, as ``manage.py up`` runs them."""
    worker = "-m celery -A callhub.celery -q worker --pool threads --concurrency 4 --loglevel ERROR"
    worker += " --without-mingle --without-gossip --without-heartbeat"
    commands = (worker, "-m celery -A callhub.celery -q beat --loglevel ERROR")
    running = [subprocess.Popen([sys.executable, *command.split()], cwd=ROOT) for command in commands]
    try:
        yield
    finally:
        for process in running:
            process.kill()  # it may hang in the hanging receiver
            process.wait()


# How fast


def _report_speed(answering: str, options: Any) -> bool:
    import requests
    from django.conf import settings
    from django.db import connection

    from calls import webhooks

    def bare() -> None:
        for _ in range(options.messages):
            requests.post(answering, data=BODY, headers={"Content-Type": "application/json"}, timeout=15).raise_for_status()

    def by(count: int) -> None:
        def work() -> None:
            webhooks.deliver(seconds=300)
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    settings.CELERY_TASK_ALWAYS_EAGER = True  # nobody is rung
    threads = settings.CALLHUB_WEBHOOK_SENDERS
    endpoints = [_endpoint(f"fast-{number}", answering) for number in range(threads)]
    per_second: dict[str, list[float]] = {"bare loop": [], "one thread": [], "one worker": []}
    for _ in range(options.rounds + 1):
        for name, work in (("bare loop", bare), ("one thread", lambda: by(1)), ("one worker", lambda: by(threads))):
            if name != "bare loop":
                for endpoint in endpoints:
                    _queue(endpoint, options.messages // threads)
            began = time.perf_counter()
            work()
            per_second[name].append(options.messages // threads * threads / (time.perf_counter() - began))
    speed = {name: statistics.median(all_[1:]) for name, all_ in per_second.items()}  # the first warms up
    for name, value in speed.items():
        print(f"{name:12}{value:8.0f} deliveries/s{value / speed['bare loop']:8.2f} of bare")
    print(f"goal: one worker ≥ {LEAST_RATIO} of bare")
    return speed["one worker"] >= LEAST_RATIO * speed["bare loop"]


# Parts


def _endpoint(name: str, url: str) -> Any:
    from django.utils import timezone

    from calls.models import WebhookEndpoint
    from tenants.models import Tenant

    tenant = Tenant.objects.create(slug=name, name=name)
    endpoint = WebhookEndpoint(tenant=tenant, name=name, url=url, succeeded_at=timezone.now())
    endpoint.save()
    return endpoint


def _queue(endpoint: Any, count: int) -> None:
    """So many deliveries that are due."""
    from django.utils import timezone

    from calls.models import Delivery

    facts = {"tenant_id": endpoint.tenant_id, "endpoint": endpoint, "event_type": "webhook.test", "format": "native"}
    Delivery.objects.bulk_create((Delivery(**facts, body=BODY, due_at=timezone.now()) for _ in range(count)), batch_size=500)


def _wait_until(is_so: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError("It did not come about in time.")
        time.sleep(0.1)


@contextlib.contextmanager
def _receiver(*, hangs: bool) -> Iterator[str]:
    """The address of a receiver in a process of its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, hangs), daemon=True)
    process.start()
    port = listener.getsockname()[1]
    listener.close()
    try:
        yield f"http://127.0.0.1:{port}/hook"
    finally:
        process.kill()
        process.join()


def _serve(listener: socket.socket, hangs: bool) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if hangs:
                time.sleep(3600)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(listener.getsockname(), Handler, bind_and_activate=False)
    server.daemon_threads = True
    server.socket.close()
    server.socket = listener
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())

"""What workers do for the log. A task takes ids, may run twice, and calls one plain function."""

from __future__ import annotations

from celery import shared_task

from calls import ledger

RELINK_SECONDS = 15.0  # well below the time limit of a task; the next run goes on where this one stopped


@shared_task(name="calls.relink_calls", ignore_result=True)
def relink_calls() -> None:
    """Match past calls anew where somebody's number or id has changed."""
    ledger.relink_waiting(seconds=RELINK_SECONDS)

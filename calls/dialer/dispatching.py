"""Having the exchange do it: once per origination, whatever is repeated, lost or killed.

Who claims an origination by a conditional UPDATE asks the exchange to place it; the book then gives each telephone to one
asker only (``Kind.DIALLING``), so asking again is harmless, and no telephone is rung twice. An exchange that does not answer
leaves it ``unknown``: then it is asked what it knows.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from calls import failpoints
from calls.choices import OriginationState
from calls.dialer.backends import backend_of
from calls.dialer.book import GRACE, LEASE, DatabaseBook, known_of
from calls.dialer.guarding import somebody_hears
from calls.errors import DialRefused
from calls.models import Origination, TelephonyListener
from calls.telephony import flow
from calls.telephony.base import Backend, TelephonyError, Trace, Unanswered
from calls.telephony.book import Kind, Known, Progress
from calls.telephony.disposition import ANSWERED, CANCELLED, UNKNOWN, Outcome, failed

log = logging.getLogger(__name__)

AGAIN = timedelta(seconds=2)
LOOK_AGAIN = timedelta(seconds=15)
ON_ITS_WAY = timedelta(seconds=15)  # how long a dial that was noted may take to reach the exchange
TOO_LATE = timedelta(seconds=60)  # nobody expects the call any more: it is not made
SETTLED_WITHIN = timedelta(minutes=10)  # an exchange that says nothing for so long will not
MOST_AT_ONCE = 200
NOT_PLACED = failed(503)


def place_call(origination_id: str) -> None:
    """Have an ordered call placed; nothing where that was done, or is being done, or it was cancelled."""
    now = timezone.now()
    queued = Origination.objects.filter(pk=origination_id, state=OriginationState.QUEUED, cancel_requested_at=None)
    row = queued.select_related("tenant").first()
    if row is None:
        return
    if _is_too_late(row):
        _close_unplaced(row)
        return
    facts = {"state": OriginationState.DISPATCHING, "dispatched_at": now, "due_at": now + LEASE, "updated_at": now}
    if not queued.update(**facts, fence=F("fence") + 1):
        return
    failpoints.reach("dial.claimed")
    _try(row)


def look_after(origination_id: str) -> None:
    """Bring an origination on that should be further by now."""
    now = timezone.now()
    overdue = Origination.objects.overdue(now).filter(pk=origination_id)
    row = overdue.select_related("tenant").first()
    if row is None or not overdue.filter(fence=row.fence).update(fence=F("fence") + 1, due_at=now + LOOK_AGAIN):
        return
    known = known_of(row)
    if row.state == OriginationState.QUEUED:
        place_call(origination_id)
    elif not known.legs:
        _look_after_undialled(row)
    else:
        _look_after_dialled(row, known)


def overdue() -> list[str]:
    """The originations that have to be looked after, the longest waiting first."""
    rows = Origination.objects.overdue(timezone.now()).order_by("due_at")[:MOST_AT_ONCE]
    return [str(key) for key in rows.values_list("pk", flat=True)]


def _try(row: Origination) -> None:
    try:
        backend = backend_of(row.backend)
        if backend.needs_listener and not somebody_hears():
            raise TelephonyError("Nobody listens to the exchange.", permanent=False)
        backend.place(known_of(row).order)
    except Unanswered as error:
        log.warning("origination %s: the exchange did not answer", row.pk)
        _doubt(row, error)
    except TelephonyError as error:
        _take_refusal(row, error)
    except DialRefused as error:
        _close(row, NOT_PLACED, error.message)
    failpoints.reach("dial.placed")


def _doubt(row: Origination, error: Unanswered) -> None:
    """It may have been dialled or not: ask soon, never tell again."""
    now = timezone.now()
    dispatching = Origination.objects.filter(pk=row.pk, state=OriginationState.DISPATCHING)
    dispatching.update(state=OriginationState.UNKNOWN, reason=str(error)[:200], due_at=now + AGAIN, updated_at=now)


def _take_refusal(row: Origination, error: TelephonyError) -> None:
    """Refused for good: over. Else nothing was done, and it is tried again as long as telephones would ring."""
    if error.permanent:
        _close(row, NOT_PLACED, str(error))
        return
    log.warning("origination %s: %s", row.pk, error)
    now = timezone.now()
    undialled = Origination.objects.filter(pk=row.pk, known={}, cancel_requested_at=None)
    undialled.live().update(reason=str(error)[:200], due_at=now + AGAIN, updated_at=now)
    undialled.filter(state=OriginationState.DISPATCHING).update(state=OriginationState.QUEUED)


def _is_too_late(row: Origination) -> bool:
    """Whether nobody expects the call any more; where the exchange was at fault, that is when nobody would have picked up."""
    return timezone.now() - row.created_at > (timedelta(seconds=row.wait_for_pickup_s) if row.reason else TOO_LATE)


def _close_unplaced(row: Origination) -> None:
    _close(row, NOT_PLACED, row.reason or "It could not be placed in time.")


def _look_after_undialled(row: Origination) -> None:
    """Whoever claimed it never came to dial, and cannot any more once it is over or somebody else did."""
    if row.cancel_requested_at is not None:
        _close(row, CANCELLED)
    elif _is_too_late(row):
        _close_unplaced(row)
    else:
        _try(row)


def _look_after_dialled(row: Origination, known: Known) -> None:
    now = timezone.now()
    try:
        backend = backend_of(row.backend)
        if row.cancel_requested_at is not None:
            backend.hang_up(row.pk)
        trace = backend.ask(row.pk)
    except (TelephonyError, DialRefused) as error:
        log.warning("origination %s: the exchange cannot be asked: %s", row.pk, error)
        _doubt(row, Unanswered(str(error)))
        if now > _last_moment(row):
            _close(row, UNKNOWN, "The exchange could not be asked how it came out.")
        return
    if trace is Trace.LIVE:
        _look_after_live(row, known, backend)
    elif trace is Trace.NONE and _was_never_dialled(known):
        _close(row, NOT_PLACED, "It was not dialled: what was to do that broke down.")
    elif now - row.created_at > _settling_time(row):
        _close(row, UNKNOWN, "The exchange knows nothing of it any more.")


def _look_after_live(row: Origination, known: Known, backend: Backend) -> None:
    """A crash may have kept some of its telephones from being dialled; one that goes on too long is ended."""
    if timezone.now() > _last_moment(row):
        backend.hang_up(row.pk)
    elif not known.chosen and timezone.now() - row.created_at < timedelta(seconds=row.wait_for_pickup_s):
        _try(row)
    elif not known.chosen and any(f"s{index}" not in known.legs for index in range(len(known.order.sources))):
        backend.hang_up(row.pk)


def _was_never_dialled(known: Known) -> bool:
    """Whether no telephone gave a sign, and none can any more, of a call the exchange has never heard of."""
    legs = known.legs.values()
    return not any(leg.ringing_at or leg.answered_at for leg in legs) and all(
        timezone.now() - leg.dialled_at > ON_ITS_WAY for leg in legs
    )


def _settling_time(row: Origination) -> timedelta:
    """How long the exchange's own listener has for saying how it ended, exactly; then it is ended here."""
    if row.answered_at is not None:
        return row.answered_at - row.created_at + SETTLED_WITHIN
    return 2 * timedelta(seconds=row.wait_for_pickup_s) + GRACE


def _last_moment(row: Origination) -> datetime:
    return row.created_at + 3 * timedelta(seconds=row.wait_for_pickup_s) + timedelta(seconds=row.max_duration_s) + SETTLED_WITHIN


def _close(row: Origination, outcome: Outcome, reason: str = "") -> None:
    book, now = DatabaseBook(row.backend), timezone.now()
    heard_until = min(TelephonyListener.objects.last_heard_at() or now, now)  # what came after it is never billed
    known = book.load(row.pk)
    for name, leg in known.legs.items() if known else ():
        if leg.is_open:
            ended, at = (ANSWERED, max(leg.answered_at, heard_until)) if leg.answered_at else (outcome, now)
            book.tell(Progress(order_id=row.pk, kind=Kind.ENDED, leg=name, at=at, outcome=ended))
    known = book.load(row.pk)
    if known is None:
        return
    final = flow.outcome_of(known) if known.legs else outcome
    is_last = book.tell(Progress(order_id=row.pk, kind=Kind.OVER, at=now, outcome=final, billable_ms=flow.billable_ms(known)))
    if is_last and reason:
        Origination.objects.filter(pk=row.pk).update(reason=reason[:200])

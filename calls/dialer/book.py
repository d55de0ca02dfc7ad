"""The book of orders, over the database: each fact is kept, with all that follows from it, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from callhub import doorbell
from calls import failpoints, ledger
from calls.choices import Disposition, LegRole, OriginationState, State
from calls.dialer import keeping, limits
from calls.drafts import CallProgress, LegDraft, PartyDraft
from calls.models import Origination
from calls.telephony.book import DESTINATION, Kind, Known, Leg, Progress, apply, role_of

LEASE = timedelta(seconds=10)  # for one try to place it; then a sweeper looks after it
GRACE = timedelta(seconds=30)  # past the moment when an exchange should have said something
_ORDER = list(OriginationState)
_CALL_STATES = {
    OriginationState.RINGING: State.RINGING,
    OriginationState.IN_PROGRESS: State.IN_PROGRESS,
    OriginationState.ENDED: State.ENDED,
}
_SILENT = (
    Kind.DIALLING,
    Kind.CHOSEN,
    Kind.RECORDED,
    Kind.IN_HAND,
    Kind.MESSAGE_STARTED,
)  # change nothing that the log shows by themselves


class DatabaseBook:
    """The orders of one exchange."""

    def __init__(self, backend: str) -> None:
        self._backend = backend

    def load(self, order_id: UUID) -> Known | None:
        row = Origination.objects.filter(pk=order_id, backend=self._backend).first()
        return known_of(row) if row else None

    def open_orders(self) -> Iterable[UUID]:
        rows = Origination.objects.live().filter(backend=self._backend).exclude(state=OriginationState.QUEUED)
        return list(rows.values_list("pk", flat=True))

    def tell(self, progress: Progress) -> bool:
        with transaction.atomic():
            rows = Origination.objects.select_for_update(of=("self",)).filter(pk=progress.order_id, backend=self._backend)
            row = rows.select_related("tenant").first()
            if row is None:
                return False
            known = known_of(row)
            new = apply(known, progress)
            if new is known:
                return False
            _keep(row, new, progress)
        if progress.kind is Kind.DIALLING:
            failpoints.reach("dial.noted")
        return True


def known_of(row: Origination) -> Known:
    """What is known of an origination."""
    return keeping.known_from_json(keeping.order_from_json(row.pk, row.order), row.known)


def _keep(row: Origination, known: Known, progress: Progress) -> None:
    was = row.state
    row.known = keeping.known_as_json(known)
    row.state = _state_of(known, OriginationState(row.state))
    row.is_held = known.is_held
    destination = known.legs.get(DESTINATION)
    row.answered_at = destination.answered_at if destination else None
    if progress.kind is Kind.RECORDED:
        row.recording = known.recording
        _ring_for_recording(row)
    if row.state == OriginationState.ENDED and was != OriginationState.ENDED:
        _end(row, known)
    else:
        row.due_at = _due_at(row, known)
    row.save()
    if progress.kind not in _SILENT or row.state != was:
        ledger.progress(row.call_id, _progress_of(row, known, progress))


def _state_of(known: Known, now: OriginationState) -> OriginationState:
    """The furthest of what it was and what the legs say."""
    return max(now, _state_by_legs(known), key=_ORDER.index)


def _state_by_legs(known: Known) -> OriginationState:
    if known.over_at is not None:
        return OriginationState.ENDED
    destination = known.legs.get(DESTINATION)
    if destination is not None and _has_begun(known, destination):
        return OriginationState.IN_PROGRESS
    if any(leg.ringing_at or leg.answered_at for leg in known.legs.values()):
        return OriginationState.RINGING
    return OriginationState.QUEUED


def _has_begun(known: Known, destination: Leg) -> bool:
    """Whether the destination has somebody to listen to: the near party, or a message."""
    hears_message = destination.answered_at is not None and (not known.chosen or known.message_started_at is not None)
    return destination.connected_at is not None or hears_message


def _end(row: Origination, known: Known) -> None:
    """Settle everything that waits for the end; it comes once."""
    outcome = known.outcome
    row.disposition = outcome.disposition if outcome else Disposition.UNKNOWN
    row.disposition_detail = outcome.detail if outcome else ""
    row.ended_at = known.over_at
    row.billable_ms = known.billable_ms
    limits.settle(row)


def _due_at(row: Origination, known: Known) -> datetime:
    """When the exchange should have told more."""
    wait, now = timedelta(seconds=row.wait_for_pickup_s), timezone.now()
    if known.is_cancelled:
        return min(row.due_at, now + timedelta(seconds=5))
    if row.answered_at is not None:
        return row.answered_at + timedelta(seconds=row.max_duration_s) + wait + GRACE
    if _is_being_placed(known):
        return now + LEASE
    latest = max((leg.dialled_at for leg in known.legs.values()), default=now)
    return max(latest, now) + wait + GRACE


def _is_being_placed(known: Known) -> bool:
    """Whether a source is still to be dialled, or no telephone has given any sign yet."""
    undialled = any(f"s{index}" not in known.legs for index in range(len(known.order.sources)))
    return not known.chosen and (
        undialled or not any(leg.ringing_at or leg.answered_at or leg.ended_at for leg in known.legs.values())
    )


def _progress_of(row: Origination, known: Known, progress: Progress) -> CallProgress:
    ended = row.state == OriginationState.ENDED
    billed_until = row.answered_at + timedelta(milliseconds=row.billable_ms) if row.answered_at else None
    return CallProgress(
        state=_CALL_STATES.get(OriginationState(row.state), State.QUEUED),
        what=str(progress.kind),
        leg=progress.leg,
        happened_at=progress.at,
        disposition=Disposition(row.disposition) if ended else Disposition.UNKNOWN,
        disposition_detail=row.disposition_detail,
        answered_at=row.answered_at,
        ended_at=(billed_until or row.ended_at) if ended else None,
        legs=tuple(_legs(row, known)),
    )


def _legs(row: Origination, known: Known) -> Iterable[LegDraft]:
    """All legs of the call in the order they have in the log: sources, destination, transfers."""
    transfers = sorted((name for name in known.legs if role_of(name) == LegRole.TRANSFER), key=lambda name: int(name[1:]))
    sources = [f"s{index}" for index in range(len(known.order.sources))]
    numbers = dict(zip([*sources, DESTINATION], [*row.sources, row.destination], strict=True))
    for name in [*sources, DESTINATION, *transfers]:
        leg = known.legs.get(name)
        yield LegDraft(
            role=role_of(name),
            party=PartyDraft(number=numbers.get(name) or _digits(known, name)),
            disposition=leg.outcome.disposition if leg and leg.outcome else Disposition.UNKNOWN,
            started_at=leg.dialled_at if leg else None,
            answered_at=leg.answered_at if leg else None,
            ended_at=max(leg.ended_at, leg.dialled_at) if leg and leg.ended_at else None,
        )


def _digits(known: Known, leg: str) -> str:
    """Its number; empty for somebody of whom the exchange did not say it."""
    is_unnamed = leg in known.legs and known.legs[leg].channel and known.legs[leg].endpoint is None
    return "" if is_unnamed else known.endpoint_of(leg).digits


def _ring_for_recording(row: Origination) -> None:
    from calls.tasks import fetch_recording  # late: the tasks call the dialer

    doorbell.ring(fetch_recording, str(row.pk))

"""What may be done with a call on its way: hang up, hold, transfer, look."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils import timezone

from callhub import doorbell
from calls.choices import OriginationState
from calls.dialer import limits, numbers
from calls.dialer.backends import backend_of
from calls.dialer.book import DatabaseBook, known_of
from calls.dialer.dispatching import place_call
from calls.errors import CallNotFound, DialRefused, NotOffered
from calls.models import Origination
from calls.telephony import flow
from calls.telephony.base import Backend, EndpointKind, NotPossible, TelephonyError, Unanswered
from calls.telephony.book import Kind, Progress
from calls.telephony.disposition import CANCELLED
from calls.telephony.simulator import SimulatorBackend

FAR, NEAR = "far", "near"


def hang_up(origination: Origination) -> Origination:
    """End a call, whatever its state; as often as one likes. One that was not dialled yet never is.

    The exchange is told after the present transaction; what it answers comes as progress. Returns the row as it is now. Raises
    ``CallNotFound`` where it was erased, as all that is done with a call does.
    """
    book, now = DatabaseBook(origination.backend), timezone.now()
    with transaction.atomic():
        row = _locked(origination)
        if not row.is_live:
            return row
        if row.cancel_requested_at is None:
            Origination.objects.filter(pk=row.pk).update(cancel_requested_at=now, updated_at=now)
        book.tell(Progress(order_id=row.pk, kind=Kind.CANCELLED, at=now))
        if not known_of(row).legs:
            book.tell(Progress(order_id=row.pk, kind=Kind.OVER, at=now, outcome=CANCELLED))
        elif row.backend != SimulatorBackend.name:
            _ring(row)
    if row.backend == SimulatorBackend.name:
        backend_of(row.backend).hang_up(row.pk)
    return _now(row)


def hang_up_call(origination_id: str) -> None:
    """Tell the exchange to end a call that somebody hung up. The sweeper tries again where that fails."""
    row = Origination.objects.live().filter(pk=origination_id, cancel_requested_at__isnull=False).first()
    if row is not None:
        backend_of(row.backend).hang_up(row.pk)


def hold(origination: Origination) -> Origination:
    """Let the far party wait with music. Raises ``NotOffered``, ``DialRefused`` (not_talking, exchange_…)."""
    return _act(origination, "holds", lambda backend: backend.hold(origination.pk))


def unhold(origination: Origination) -> Origination:
    """Bring both parties of a held call together again. Raises as ``hold`` does."""
    return _act(origination, "holds", lambda backend: backend.resume(origination.pk))


def transfer(origination: Origination, to: str, *, leaves: str = NEAR) -> Origination:
    """Connect one party with another telephone; the ``near`` or the ``far`` one leaves.

    Raises ``NotOffered`` and ``DialRefused``: what holds for a destination holds here, and a public number needs a call that
    allows it.
    """
    backend, plan = backend_of(origination.backend), limits.plan_of(origination.tenant)
    endpoint = numbers.endpoint_of(plan, to, "destination_invalid", is_simulation=backend.is_simulation)
    if endpoint.kind is EndpointKind.NUMBER and not origination.allows_transfer:
        raise DialRefused("This call may not be transferred to a public number.", code="transfer_not_allowed")
    numbers.check_wanted(plan, endpoint)
    if not backend.transfers:
        raise NotOffered("This exchange does not transfer calls.")
    _check_talking(refresh(origination))
    both = flow.parties(known_of(origination))
    with transaction.atomic():
        row = _locked(origination)  # before the limits, as whoever ends the call: two in two orders would wait for each other
        _check_talking(row)
        limits.take_leg(plan)
        limits.take_destination(plan, endpoint.digits, limits.day_of(plan.tenant, timezone.now()))
        Origination.objects.filter(pk=row.pk).update(reserved_legs=row.reserved_legs + 1)
    leg = both.near if leaves == NEAR else both.far
    return _act(origination, "transfers", lambda backend: backend.transfer(origination.pk, endpoint, instead_of=leg))


def refresh(origination: Origination) -> Origination:
    """The row as it is now, with all that has happened by now."""
    refresh_all([origination])
    return _now(origination)


def refresh_all(originations: Iterable[Origination]) -> None:
    """Bring simulated calls among these up to the present moment; one whose worker is busy begins here."""
    for row in originations:
        if not row.is_live or row.backend != SimulatorBackend.name:
            continue
        if row.state == OriginationState.QUEUED:
            place_call(str(row.pk))
        backend_of(row.backend).advance(row.pk)


def advance_simulated() -> None:
    """Let simulated calls go on; without any live ones this is one query."""
    rows = Origination.objects.live().filter(backend=SimulatorBackend.name).exclude(state=OriginationState.QUEUED)
    for key in list(rows.values_list("pk", flat=True)):
        backend_of(SimulatorBackend.name).advance(key)


def _act(origination: Origination, flag: str, verb: Callable[[Backend], None]) -> Origination:
    backend = backend_of(origination.backend)
    if not getattr(backend, flag):
        raise NotOffered("The exchange of this call does not offer that.")
    _check_talking(refresh(origination))
    try:
        verb(backend)
    except NotPossible as error:
        raise NotOffered("The exchange of this call does not offer that.") from error
    except Unanswered as error:
        raise DialRefused("The exchange did not answer. Try again in a moment.", code="exchange_unavailable") from error
    except TelephonyError as error:
        code = "exchange_refused" if error.permanent else "exchange_unavailable"
        raise DialRefused(f"The exchange refused: {error}.", code=code) from error
    return refresh(origination)


def _check_talking(row: Origination) -> None:
    if row.state != OriginationState.IN_PROGRESS:
        raise DialRefused("The parties are not talking.", code="not_talking")


def _locked(origination: Origination) -> Origination:
    row = Origination.objects.select_for_update(of=("self",)).filter(pk=origination.pk).first()
    if row is None:
        raise CallNotFound("There is no such call.")
    return row


def _now(row: Origination) -> Origination:
    try:
        row.refresh_from_db()
    except Origination.DoesNotExist as error:
        raise CallNotFound("There is no such call.") from error
    return row


def _ring(row: Origination) -> None:
    from calls.tasks import hang_up_call as task  # late: the tasks call the dialer

    doorbell.ring(task, str(row.pk))

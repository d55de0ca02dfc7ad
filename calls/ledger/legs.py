"""Which unanswered calls are legs of an answered one with the same number: such a call is not missed.

Many phone systems log every telephone that rang as a call of its own. One that began to ring while
an answered call with the same number rang or was talked is a leg of it (``is_leg_of``), in
whichever order they are logged. The verbs settle that as they write; who follows the log settles it
once more (``settle_legs``), for two that were written at the same moment do not see each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from calls import events
from calls.choices import CallType, Direction, Disposition, EventKind, State
from calls.models import Call
from calls.models.call import LONGEST_LIFE, RANG_IN_VAIN, WITH_SOMEBODY_OUTSIDE, CallQuerySet

SAME_START = timedelta(seconds=1)  # legs of one call begin in the same second, by clocks and roundings of their own
AT_ONCE = 200  # conditions of one query

_T = TypeVar("_T")


class Talk(NamedTuple):
    """An answered call: with whom, from when to when. ``tenant_id`` is whose it is."""

    tenant_id: UUID
    key: str
    e164: str
    start: datetime
    end: datetime

    @property
    def until(self) -> datetime:
        """What begins to ring before then is a leg of it."""
        return max(self.end, self.start + SAME_START)


def talk_of(call: Call) -> Talk | None:
    """The talk that a call was; None of one without, or with a number that is withheld."""
    is_outside = bool(call.remote_key) and call.direction in (Direction.INBOUND, Direction.OUTBOUND)
    if not is_outside or call.ended_at is None or call.disposition != Disposition.ANSWERED:
        return None
    return Talk(call.tenant_id, call.remote_key, call.remote_e164, call.started_at, call.ended_at)


def is_leg_of(call: Call, talk: Talk) -> bool:
    """Whether a call that was not answered was a part of this talk."""
    is_same = call.remote_key == talk.key and (call.remote_e164 == talk.e164 or not (call.remote_e164 and talk.e164))
    return is_same and talk.start - SAME_START < call.started_at < min(talk.until, talk.start + LONGEST_LIFE)


def take_places(calls: Iterable[Call]) -> None:
    """Settle on unsaved calls of one tenant whether they are legs, of each other or of what is in the log."""
    calls = list(calls)
    rang = [call for call in calls if _rang_in_vain(call)]
    talks = [*filter(None, map(talk_of, calls)), *_talks_around(rang)]
    for call in calls:
        call.is_answered_elsewhere = False
    for call in rang:
        call.is_answered_elsewhere = any(is_leg_of(call, talk) for talk in talks)


def settle_around(talks: Iterable[Talk | None]) -> None:
    """Settle the calls in the log that rang around these talks of one tenant, which have just come, changed or gone."""
    known = [talk for talk in talks if talk is not None]
    for some in _portions(known):
        around = Q()
        for talk in some:
            around |= Q(remote_key=talk.key, started_at__gt=talk.start - SAME_START, started_at__lt=talk.until)
        _settle(Call.objects.filter(around & RANG_IN_VAIN, tenant=some[0].tenant_id))


def settle_legs(tenant_id: UUID, call_ids: Collection[UUID]) -> None:
    """Settle these calls, and those around them, as the log is now."""
    calls = list(Call.objects.filter(WITH_SOMEBODY_OUTSIDE, tenant=tenant_id, pk__in=call_ids).defer("document", "facts"))
    _settle_those([call for call in calls if _rang_in_vain(call)])
    settle_around(map(talk_of, calls))


def _rang_in_vain(call: Call) -> bool:
    return bool(call.remote_key) and call.rang_in_vain


def _talks_around(calls: Sequence[Call]) -> Iterator[Talk]:
    """The answered calls that these may be legs of; one query for 200 of them."""
    for some in _portions(calls):
        around = Q()
        for call in some:
            began = (call.started_at - LONGEST_LIFE, call.started_at + SAME_START)
            around |= Q(remote_key=call.remote_key, started_at__range=began, ended_at__gt=call.started_at - SAME_START)
        answered = Call.objects.filter(around & WITH_SOMEBODY_OUTSIDE, tenant=some[0].tenant_id, state=State.ENDED)
        columns = ("tenant_id", "remote_key", "remote_e164", "started_at", "ended_at")
        answered = answered.filter(disposition=Disposition.ANSWERED).order_by()
        yield from (Talk(*row) for row in answered.values_list(*columns))


def _settle(rows: CallQuerySet) -> None:
    _settle_those(list(rows.defer("document", "facts").order_by("pk")))


def _settle_those(calls: Sequence[Call]) -> None:
    talks = list(_talks_around(calls))
    other = [call for call in calls if call.is_answered_elsewhere != any(is_leg_of(call, talk) for talk in talks)]
    if other:
        _change(other)


@transaction.atomic
def _change(calls: Sequence[Call]) -> None:
    """Make legs of calls, or missed calls of legs. What somebody else is writing just now is settled by who follows the log."""
    rows = Call.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=[call.pk for call in calls])
    free = set(rows.order_by("pk").values_list("pk", flat=True))
    for call in (call for call in calls if call.pk in free):
        is_leg = not call.is_answered_elsewhere
        changed = Call.objects.filter(pk=call.pk, is_answered_elsewhere=not is_leg, version=call.version).update(
            is_answered_elsewhere=is_leg, version=F("version") + 1, updated_at=timezone.now()
        )
        if changed:
            told = [str(CallType.INCOMING), str(CallType.MISSED)]
            data = {"changed": {"type": told[::-1] if is_leg else told}}
            events.write(events.event_of(call, EventKind.AMENDED, data=data))


def _portions(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]

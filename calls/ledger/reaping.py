"""Calls that got stuck: ringing or talking for ever, because whoever told of them told no end.

They are ended with what is known: at their answer, or their start where nobody answered, so that nobody is billed for talk
nobody heard of. A true end that comes later corrects it (``progressing``, ``amending``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from calls import events
from calls.choices import ORIGINATION_LIVE, Disposition, EventKind, State
from calls.ledger.judging import settle_times
from calls.ledger.ruling import IS_RULED, tag_anew
from calls.models import Call
from calls.models.rule import RuledFacts

NO_SIGN = "no_sign"  # the detail of a call that was given up
AT_ONCE = 500
_COLUMNS = (
    "state", "disposition", "disposition_detail", "ended_at", "duration_ms", "ring_ms", "talk_ms", "version", "updated_at",
)  # fmt: skip


def stuck_calls(now: datetime | None = None) -> list[UUID]:
    """Calls nobody has said anything of for too long, longest first. Calls we make have a sweeper of their own."""
    calls = Call.objects.filter(_is_stuck(now or timezone.now()))
    ours = Q(origination__state__in=ORIGINATION_LIVE)
    return list(calls.exclude(ours).order_by("updated_at").values_list("pk", flat=True)[:AT_ONCE])


def give_up(call_id: UUID, now: datetime | None = None) -> bool:
    """End a stuck call; whether it still was one."""
    with transaction.atomic():
        calls = Call.objects.select_for_update(of=("self",)).select_related("tenant").annotate(is_ruled=IS_RULED)
        call = calls.filter(_is_stuck(now or timezone.now()), pk=call_id).first()
        if call is None:
            return False
        was, heard_of, facts = call.state, call.updated_at, RuledFacts.of(call)
        call.state, call.disposition, call.disposition_detail = State.ENDED, Disposition.UNKNOWN, NO_SIGN
        call.ended_at = call.answered_at or call.started_at
        call.duration_ms, call.talk_ms = None, 0
        settle_times(call)
        call.version += 1
        call.save(update_fields=_COLUMNS)
        data: dict[str, Any] = {"state": str(was), "heard_of": heard_of.isoformat(timespec="seconds"), "detail": NO_SIGN}
        if by_rule := tag_anew(call, facts):
            data["by_rule"] = by_rule
        events.write(events.event_of(call, EventKind.GIVEN_UP, data=data))
        return True


def was_given_up(call: Call) -> bool:
    """Whether its end is only a guess."""
    return call.state == State.ENDED and call.disposition == Disposition.UNKNOWN and call.disposition_detail == NO_SIGN


def forget_guess(call: Call) -> None:
    """Make room on an unsaved call for the truth about its end."""
    call.disposition_detail = ""
    call.ended_at = call.duration_ms = call.talk_ms = None


def _is_stuck(now: datetime) -> Q:
    ringing = now - timedelta(minutes=settings.CALLHUB_STUCK_RINGING_MINUTES)
    talking = now - timedelta(hours=settings.CALLHUB_STUCK_TALKING_HOURS)
    return Q(state__in=[State.QUEUED, State.RINGING], updated_at__lt=ringing) | Q(state=State.IN_PROGRESS, updated_at__lt=talking)

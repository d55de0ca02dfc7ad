"""The legs of a call over time: a bar each, how long it rang and how long it talked, with the same in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from calls.admin import cells
from calls.models import Call, CallLeg

MOST = 40  # bars; the table below has them all


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of a bar, in hundredths of the whole. ``tone`` is a class of the style sheet."""

    start: str
    width: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One leg: whose it is, its stretches, and what they tell in words."""

    name: str
    said: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars over the time from the first to the last thing that happened, with its middle and end as lengths."""

    bars: tuple[Bar, ...]
    marks: tuple[str, ...]


def chart_of(call: Call, legs: Sequence[CallLeg]) -> Chart | None:
    """The chart of legs whose times were told; None where there is nothing to draw."""
    drawn = [leg for leg in legs if leg.started_at and _last(leg)][:MOST]
    moments = [moment for leg in drawn for moment in (leg.started_at, _last(leg)) if moment]
    moments += [moment for moment in (call.started_at, call.ended_at) if moment]
    if not drawn or min(moments) == max(moments):
        return None
    start, whole = min(moments), (max(moments) - min(moments)).total_seconds()
    marks = (0.0, whole / 2, whole)
    return Chart(
        bars=tuple(_bar(leg, start, whole) for leg in drawn), marks=tuple(cells.length(round(mark * 1000)) for mark in marks)
    )


def _bar(leg: CallLeg, start: datetime, whole: float) -> Bar:
    began, last = leg.started_at, _last(leg)
    if began is None or last is None:
        return Bar(name=_name(leg), said="", parts=())
    rang_to = leg.answered_at or last
    parts = [("ring", began, rang_to), ("talk", leg.answered_at, last)]
    stretches: Iterable[Any] = ((tone, a, b) for tone, a, b in parts if a is not None and b is not None and b >= a)
    return Bar(
        name=_name(leg),
        said=_said(leg, began, rang_to, last),
        parts=tuple(
            Part(
                start=f"{(a - start).total_seconds() / whole:.3%}",
                width=f"{max((b - a).total_seconds() / whole, 0.004 if b > a else 0):.3%}",
                tone=tone,
            )
            for tone, a, b in stretches
        ),
    )


def _last(leg: CallLeg) -> datetime | None:
    return leg.ended_at or leg.answered_at


def _name(leg: CallLeg) -> str:
    return leg.name or leg.number_e164 or leg.number_raw or str(leg.get_role_display())


def _said(leg: CallLeg, began: datetime, rang_to: datetime, last: datetime) -> str:
    told = {"who": _name(leg), "rang": _length(began, rang_to), "talked": _length(leg.answered_at, last)}
    if leg.answered_at is None:
        return gettext("%(who)s rang for %(rang)s and was not answered") % told
    return gettext("%(who)s rang for %(rang)s and talked for %(talked)s") % told


def _length(start: datetime | None, end: datetime) -> str:
    return cells.length(round((end - start).total_seconds() * 1000)) if start else cells.NOTHING

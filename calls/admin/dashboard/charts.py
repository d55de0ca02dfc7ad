"""The figures and charts of the first page, ready to be written: each mark with its number, its words and where it leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from typing import Any

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from calls import reports
from calls.admin import cells
from calls.admin.dashboard.links import Links, number
from calls.choices import Direction, Disposition
from calls.reports import Length, Profile, Row, Tally

MOST_BARS = 6
LEVELS = 5  # shades of the heat map
MOST_DAYS = 62
OFFICE_HOURS = range(8, 18)  # shown on the narrowest screens, too
PARTIES = {
    "direction": _("Direction"),
    "disposition": _("Result"),
    "agent": _("Agent"),
    "company": _("Company"),
    "line": _("Line"),
    "center": _("Center"),
}
_NOBODY = {
    "agent": _("No agent"),
    "company": _("No company"),
    "line": _("No line"),
    "center": _("No center"),
}
_WORDS: dict[str, Any] = {"direction": Direction, "disposition": Disposition}


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure of the period, of so many calls as its address lists; ``before`` is the same of the period before."""

    label: Any
    figure: str
    count: int
    address: str
    detail: str = ""
    before: str = ""
    before_count: int = 0
    before_address: str = ""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One bar or field of a chart. ``share`` and ``ghost`` are hundredths of the highest; an address is empty for no calls."""

    name: str
    words: str
    count: int
    address: str = ""
    share: int = 0
    level: int = 0
    ghost: int = 0
    before_count: int = 0
    before_words: str = ""
    before_address: str = ""
    is_idle: bool = False  # without calls at an end of the day: narrow screens leave it out


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one column of a chart is of, and where it and its ghost lead."""

    name: str
    words: str
    address: str
    before_words: str = ""
    before_address: str = ""


def tiles_of(total: Tally, before: Tally, lengths: tuple[Length, Length], links: Links, beside: Links) -> list[Tile]:
    """The figures of a period; ``lengths`` are those of ringing and of talk."""
    ring, talk = lengths
    return [
        Tile(
            label=_("calls"),
            figure=number(total.calls),
            count=total.calls,
            address=links.to(),
            before=number(before.calls),
            before_count=before.calls,
            before_address=beside.to(),
        ),
        Tile(
            label=_("answered"),
            figure=_percent(total.answered_share),
            count=total.answered,
            detail=_calls(total.answered),
            address=links.to(disposition__exact=Disposition.ANSWERED.value),
            before=_percent(before.answered_share),
            before_count=before.answered,
            before_address=beside.to(disposition__exact=Disposition.ANSWERED.value),
        ),
        Tile(
            label=_("missed"),
            figure=number(total.missed),
            count=total.missed,
            address=links.to(scope="missed"),
            before=number(before.missed),
            before_count=before.missed,
            before_address=beside.to(scope="missed"),
        ),
        Tile(
            label=_("missed, not returned"),
            figure=number(total.not_returned),
            count=total.not_returned,
            address=links.to(counted="not_returned"),
        ),
        _lengths(_("ring, on average"), ring, links.to(counted="ring")),
        _lengths(_("talk, on average"), talk, links.to(counted="talk")),
        Tile(
            label=_("minutes of talk"),
            figure=number(round(talk.total / 60_000)),
            count=talk.count,
            detail=cells.length(talk.total),
            address=links.to(counted="talk"),
        ),
    ]


def _lengths(label: Any, length: Length, address: str) -> Tile:
    slow = gettext("nine of ten up to %(length)s") % {"length": cells.length(length.p90)}
    of = _calls(length.count)
    detail = f"{slow} · {of}" if length.count else of
    return Tile(label=label, figure=cells.length(length.average), count=length.count, detail=detail, address=address)


def charts_of(calls: Any, profile: Profile, before: Profile, links: Links, beside: Links) -> dict[str, Any]:
    """The charts of a period."""
    busy = _busy_hours(profile, before)
    hours = _hours(profile, before, links, beside)
    return {
        "hours": [replace(mark, is_idle=hour not in busy) for hour, mark in enumerate(hours)],
        "days": _days(profile, before, links),
        "heat": _heat(profile, links, busy),
        "heat_hours": [{"name": f"{hour:02}", "is_idle": hour not in busy} for hour in range(24)],
        "parties": _parties(calls, profile, links),
    }


def _busy_hours(*profiles: Profile) -> range:
    """From the first hour of the day with calls to the last, and those of any office."""
    found = {hour for profile in profiles for hour, tally in enumerate(profile.by_hour_of_day()) if tally.calls}
    return range(min(found | {OFFICE_HOURS.start}), max(found | {OFFICE_HOURS.stop - 1}) + 1)


def _hours(profile: Profile, before: Profile, links: Links, beside: Links) -> list[Mark]:
    names = [f"{hour:02}:00 – {(hour + 1) % 24:02}:00" for hour in range(24)]
    columns = [
        Column(
            name=name[:2],
            words=name,
            address=links.to(hour=hour),
            before_words=gettext("%(when)s, before") % {"when": name},
            before_address=beside.to(hour=hour),
        )
        for hour, name in enumerate(names)
    ]
    return _columns(columns, list(zip(profile.by_hour_of_day(), before.by_hour_of_day(), strict=True)))


def _days(profile: Profile, before: Profile, links: Links) -> list[Mark]:
    """By day, each beside its like in the period before; none for a single one, which the hours show."""
    span = profile.span
    if not 1 < (span.last_day - span.first_day).days + 1 <= MOST_DAYS:
        return []
    told = _by_day(profile)
    ghosts = _by_day(before)[: len(told)]
    columns = [Column(name=str(day.day), words=_day_said(day), address=links.to_day(day)) for day, _tally in told]
    for place, (day, _tally) in enumerate(ghosts):
        columns[place] = replace(columns[place], before_words=_day_said(day), before_address=links.to_day(day))
    counts = zip_longest((tally for _day, tally in told), (tally for _day, tally in ghosts), fillvalue=Tally())
    return _columns(columns, list(counts))


def _by_day(profile: Profile) -> list[tuple[date, Tally]]:
    return [(slot.start.astimezone(profile.span.zone).date(), tally) for slot, tally in profile.by_slots("day")]


def _day_said(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {day.isoformat()}"


def _columns(columns: list[Column], pairs: list[tuple[Tally, Tally]]) -> list[Mark]:
    peak = max((tally.calls for pair in pairs for tally in pair), default=0)
    return [
        Mark(
            name=column.name,
            words=_counted(column.words, now.calls),
            count=now.calls,
            address=column.address if now.calls else "",
            share=_share(now.calls, peak),
            ghost=_share(ghost.calls, peak),
            before_count=ghost.calls,
            before_words=_counted(column.before_words, ghost.calls),
            before_address=column.before_address if ghost.calls else "",
        )
        for column, (now, ghost) in zip(columns, pairs, strict=True)
    ]


def _counted(what: str, count: int) -> str:
    return ngettext("%(what)s: %(count)s call", "%(what)s: %(count)s calls", count) % {"what": what, "count": number(count)}


def _heat(profile: Profile, links: Links, busy: range) -> list[dict[str, Any]]:
    week = profile.by_weekday_and_hour()
    peak = max(tally.calls for hours in week for tally in hours)
    return [
        {
            "day": WEEKDAYS[day],
            "short": WEEKDAYS_ABBR[day],
            "marks": [
                Mark(
                    name=f"{hour:02}",
                    words=_counted(f"{WEEKDAYS[day]} {hour:02}:00", tally.calls),
                    count=tally.calls,
                    level=-(-LEVELS * tally.calls // peak) if peak else 0,
                    address=links.to(weekday=day + 1, hour=hour) if tally.calls else "",
                    is_idle=hour not in busy,
                )
                for hour, tally in enumerate(hours)
            ],
        }
        for day, hours in enumerate(week)
    ]


def _parties(calls: Any, profile: Profile, links: Links) -> list[dict[str, Any]]:
    """Bars by who and how; companies are asked for alone, for they make the most combinations."""
    if not profile.total.calls:
        return []
    span = profile.span
    told = reports.by_parties(calls, span, ["direction", "disposition", "agent", "line", "center"], limit=MOST_BARS)
    told |= reports.by_parties(calls, span, ["company"], limit=MOST_BARS)
    found = [(party, told[party]) for party in PARTIES]
    return [
        {"title": PARTIES[party], "marks": [_bar(party, row, rows[0], links) for row in rows]}
        for party, rows in found
        if party in _WORDS or any(row.key for row in rows)
    ]


def _bar(party: str, row: Row, longest: Row, links: Links) -> Mark:
    if party in _WORDS:
        name = str(_WORDS[party](row.key).label)
        address = links.to(**{f"{party}__exact": row.key})
    elif row.key is None:
        name, address = str(_NOBODY[party]), links.to(without=party)
    else:
        name, address = row.name or str(row.key), links.to(**{f"{party}__id__exact": str(row.key)})
    count = row.tally.calls
    return Mark(name=name, words=number(count), count=count, share=_share(count, longest.tally.calls), address=address)


def _share(count: int, peak: int) -> int:
    """Hundredths of the highest; what is there at all can be seen."""
    return max(2, 100 * count // peak) if count else 0


def _calls(count: int) -> str:
    return ngettext("%(count)s call", "%(count)s calls", count) % {"count": number(count)}


def _percent(share: float | None) -> str:
    return cells.NOTHING if share is None else gettext("%(percent)s %%") % {"percent": round(share * 100)}

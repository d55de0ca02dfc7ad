"""Statistics of calls: how many, how they came out and how long they were, by time or by party, and compared."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import reports
from calls.api.filters.statistics import (
    MOST_ROWS,
    USUAL_PERIOD,
    USUAL_ROWS,
    CountSaid,
    SecondsSaid,
    StatisticsFilters,
    WordSaid,
)
from calls.api.moments import rfc3339
from calls.api.pagination import read_size
from calls.api.problems import bad_parameter
from calls.api.schema import parameter_of
from calls.api.serializers.statistics import StatisticsDocument
from calls.api.views.base import Door
from calls.life import seconds
from calls.models import Call
from calls.reports import Span, Tally
from calls.reports.tally import USUAL_WITHIN_S, average, percentile

_NOWHERE: dict[str, Any] = dict.fromkeys(("start", "end", "weekday", "hour", "key", "name"))
_KINDS: dict[type, dict[str, Any]] = {
    CountSaid: {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS},
    SecondsSaid: {"type": "number", "minimum": 0, "default": USUAL_WITHIN_S},
}


def _parameter(name: str, offered: Any) -> OpenApiParameter:
    """The description of a parameter, with its words where it has a few."""
    text = offered.extra.get("help_text", "")
    if isinstance(offered, WordSaid):
        told = {"default": USUAL_PERIOD} if name == "period" else {}
        return OpenApiParameter(name, {"type": "string", "enum": list(offered.extra["words"]), **told}, description=text)
    if type(offered) in _KINDS:
        return OpenApiParameter(name, _KINDS[type(offered)], description=text)
    return OpenApiParameter(name, bool, description=text) if name == "compare" else parameter_of(name, offered)


class Statistics(Door):
    """Figures of the calls that fit the filters, within one period."""

    parameters = tuple(StatisticsFilters.base_filters)

    @extend_schema(
        summary="Statistics of calls",
        operation_id="statistics",
        responses=StatisticsDocument,
        parameters=[_parameter(name, offered) for name, offered in StatisticsFilters.base_filters.items()],
    )
    def get(self, request: Request) -> Response:
        """Figures of a period: in all, and by hour, day, week, month, hour of the day, weekday, both, or by party.

        Days and hours go by the clocks of `zone`, right also where those change: an hour that comes twice is two rows by
        `hour` and one by `hour_of_day`. Every figure counts exactly the calls that the list of calls shows with the same filters.
        """
        filters = StatisticsFilters.checked(request, Call.objects.within_reach_of(self.principal))
        span, group = filters.span(timezone.now()), filters.said("group") or ""
        within_ms = filters.said("within")
        within_ms = USUAL_WITHIN_S * 1000 if within_ms is None else within_ms
        told = _Answer(filters.qs, group, within_ms, read_size(request, USUAL_ROWS, MOST_ROWS))
        return Response(
            {
                "zone": span.zone.key,
                "group": group or None,
                "within": seconds(within_ms),
                **told.of(span),
                "before": told.of(span.before) if filters.said("compare") else None,
            }
        )


class _Answer:
    """What to tell of a period."""

    def __init__(self, calls: Any, group: str, within_ms: int, limit: int) -> None:
        self.calls, self.group, self.within_ms, self.limit = calls, group, within_ms, limit

    def of(self, span: Span) -> dict[str, Any]:
        """The period's total and rows."""
        profile = reports.profile_of(self.calls, span, within_ms=self.within_ms)
        try:
            rows = self._rows(profile)
        except reports.TooFine as error:
            raise bad_parameter("group", "The period is too long to be told by this.") from error
        return {"since": rfc3339(span.start), "until": rfc3339(span.end), "total": _figures(profile.total), "rows": rows}

    def _rows(self, profile: reports.Profile) -> list[dict[str, Any]]:
        if self.group in reports.TIME_GROUPS:
            told = profile.by_slots(self.group)
            return [_row(tally, start=rfc3339(slot.start), end=rfc3339(slot.end)) for slot, tally in told]
        if self.group in reports.PARTIES:
            parties = reports.by_party(self.calls, profile.span, self.group, limit=self.limit, within_ms=self.within_ms)
            return [_row(row.tally, key=row.key and str(row.key), name=row.name or None) for row in parties]
        if self.group == "hour_of_day":
            return [_row(tally, hour=hour) for hour, tally in enumerate(profile.by_hour_of_day())]
        if self.group == "weekday":
            return [_row(tally, weekday=day) for day, tally in enumerate(profile.by_weekday(), 1)]
        if self.group == "weekday_hour":
            week = enumerate(profile.by_weekday_and_hour(), 1)
            return [_row(tally, weekday=day, hour=hour) for day, hours in week for hour, tally in enumerate(hours)]
        return []


def _row(tally: Tally, **where: Any) -> dict[str, Any]:
    return {**_NOWHERE, **where, **_figures(tally)}


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "calls": tally.calls,
        "answered": tally.answered,
        "answered_share": tally.answered_share,
        "answered_within": tally.answered_within,
        "missed": tally.missed,
        "not_returned": tally.not_returned,
        "ring_average": seconds(average(tally.ring)),
        "ring_p90": seconds(percentile(tally.ring)),
        "talk": seconds(sum(tally.talk)),
        "talk_average": seconds(average(tally.talk)),
        "talk_p90": seconds(percentile(tally.talk)),
    }

"""What a tenant may use, and what it used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from calls import usage
from calls.api.limits import WINDOW_S
from calls.api.moments import rfc3339
from calls.api.problems import bad_parameter
from calls.api.serializers.usage import UsageDocument
from calls.api.views.base import Door
from calls.life import seconds

USUAL_DAYS = 31
MOST_DAYS = 366
_SINCE = OpenApiParameter("since", date, description=f"The first day; usually {USUAL_DAYS} days up to `until`.")
_UNTIL = OpenApiParameter("until", date, description=f"The last day, today unless told; at most {MOST_DAYS} days in all.")


class UsageOfTenant(Door):
    """Limits with what is left of them, and what was used day by day."""

    parameters = ("since", "until")

    @extend_schema(summary="Limits and usage", operation_id="usage", responses=UsageDocument, parameters=[_SINCE, _UNTIL])
    def get(self, request: Request) -> Response:
        """What is left of each limit now, and what was used on each day of the tenant's own time zone."""
        tenant = self.principal.tenant
        first, last = self._days()
        days = None if self.principal.center_id else usage.days_of(tenant, first, last)
        return Response(
            {
                "limits": [_limit(limit) for limit in usage.limits_of(tenant)],
                "rates": [
                    {
                        "name": "api",
                        "limit": self.spent.limit if self.spent else 0,
                        "window": WINDOW_S,
                        "remaining": self.spent.remaining if self.spent else None,
                    },
                    {"name": "doors", "limit": tenant.calls_per_minute, "window": 60, "remaining": None},
                ],
                "since": first.isoformat(),
                "until": last.isoformat(),
                "time_zone": tenant.time_zone,
                "total": None if days is None else _figures(usage.total_of(days)),
                "days": None if days is None else [_day(day) for day in days],
            }
        )

    def _days(self) -> tuple[date, date]:
        today = timezone.now().astimezone(self.principal.tenant.zone).date()
        last = _read(self.request.query_params, "until") or today
        first = _read(self.request.query_params, "since") or _days_before(last, USUAL_DAYS - 1)
        if not first <= last:
            raise bad_parameter("since", "The first day must not come after the last.")
        if (last - first).days >= MOST_DAYS:
            raise bad_parameter("since", f"At most {MOST_DAYS} days at once.")
        return first, last


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(1, day.toordinal() - days))


def _read(told: Mapping[str, str], name: str) -> date | None:
    text = told.get(name)
    if text is None:
        return None
    try:
        day = parse_date(text)
    except ValueError:  # such as the 31st of February
        day = None
    if day is None:
        raise bad_parameter(name, "Write a day such as 2026-03-02.")
    return day


def _limit(limit: usage.Limit) -> dict[str, Any]:
    return {
        "name": limit.name,
        "limit": limit.limit,
        "used": limit.used,
        "remaining": limit.remaining,
        "period": limit.period,
        "resets_at": rfc3339(limit.resets_at) if limit.resets_at else None,
    }


def _figures(told: Any) -> dict[str, Any]:
    outcomes = [
        {"direction": direction, "disposition": disposition, "calls": calls, "talk": seconds(talk_ms)}
        for direction, of_direction in sorted(told.by_outcome.items())
        for disposition, (calls, talk_ms) in sorted(of_direction.items())
    ]
    return {
        "calls": told.calls,
        "talk": seconds(told.talk_ms),
        "recordings": told.recordings,
        "audio_bytes": told.audio_bytes,
        "dialled": told.dialled,
        "dialled_talk": seconds(told.dialled_ms),
        "outcomes": outcomes,
    }


def _day(row: Any) -> dict[str, Any]:
    return {"day": row.day.isoformat(), "counted_at": rfc3339(row.counted_at), **_figures(row)}

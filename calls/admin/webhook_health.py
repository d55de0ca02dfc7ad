"""How endpoints do, at a glance: their state, what waits, and a day of attempts as small bars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncHour
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext

from callhub.kept import in_words
from calls.admin import cells
from calls.choices import EndpointState
from calls.models import Attempt, Delivery, WebhookEndpoint

HOURS = 24
LATE = timedelta(minutes=1)  # what is due for longer than this waits for something
_RETRIED_FOR = timedelta(days=4)  # the last attempt at a message comes some 75 hours after the first
_LOOKED_AT = 20_000  # messages, so that a page costs the same however many there are
_HIGH, _WIDE = 24, 4
_TONES = {EndpointState.ACTIVE: "good", EndpointState.PAUSED: "warn", EndpointState.DISABLED: "bad"}

Activity = Mapping[datetime, tuple[int, int]]  # by hour: arrived, failed


def with_next_due(endpoints: QuerySet[Any]) -> QuerySet[Any]:
    """Each with ``next_due``: when the message is, or was, due that waits longest."""
    waiting = Delivery.objects.pending().filter(endpoint=OuterRef("pk")).order_by("due_at")
    return endpoints.annotate(next_due=Subquery(waiting.values("due_at")[:1]))


def activity_of(endpoints: Iterable[WebhookEndpoint]) -> dict[UUID, Activity]:
    """The attempts of the last 24 hours by endpoint and hour, by one query; of the newest 20,000 messages at most."""
    keys, now = [endpoint.pk for endpoint in endpoints], timezone.now()
    if not keys:
        return {}
    recent = Delivery.objects.filter(endpoint__in=keys, created_at__gte=now - _RETRIED_FOR).order_by("-created_at", "-id")
    attempts = Attempt.objects.filter(delivery__in=recent.values("pk")[:_LOOKED_AT], started_at__gte=_first_hour(now))
    counted = (
        attempts.order_by()
        .annotate(hour=TruncHour("started_at", tzinfo=UTC))
        .values_list("delivery__endpoint", "hour")
        .annotate(arrived=Count("pk", filter=Q(error="")), failed=Count("pk", filter=~Q(error="")))
    )
    found: dict[UUID, dict[datetime, tuple[int, int]]] = defaultdict(dict)
    for key, hour, arrived, failed in counted:
        found[key][hour] = (arrived, failed)
    return dict(found)


def bars(activity: Activity) -> SafeString | str:
    """A bar for each hour, what arrived below what failed; the same in words for those who hear it."""
    if not activity:
        return cells.NOTHING
    first = _first_hour(timezone.now())
    hours = [activity.get(first + timedelta(hours=number), (0, 0)) for number in range(HOURS)]
    arrived, failed = (sum(hour[part] for hour in hours) for part in (0, 1))
    highest = max(sum(hour) for hour in hours) or 1
    words = gettext("%(arrived)s arrived and %(failed)s failed in the last 24 hours") % {"arrived": arrived, "failed": failed}
    return format_html(
        '<svg class="ch-spark" role="img" aria-label="{0}" width="{1}" height="{2}" viewBox="0 0 {1} {2}">'
        "<title>{0}</title>{3}</svg>",
        words,
        HOURS * _WIDE,
        _HIGH,
        format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', _rects(hours, highest)),
    )


def _rects(hours: list[tuple[int, int]], highest: int) -> Iterable[tuple[Any, ...]]:
    for number, counts in enumerate(hours):
        bottom = float(_HIGH)
        for count, name in zip(counts, ("ch-arrived", "ch-failed"), strict=True):
            if count:
                high = max(1.0, round(count / highest * _HIGH, 1))
                bottom -= high
                yield name, number * _WIDE, max(0.0, round(bottom, 1)), _WIDE - 1, high


def state(endpoint: WebhookEndpoint) -> SafeString:
    """Whether it is told, and why it is not."""
    tone = _TONES[EndpointState(endpoint.state)]
    badge = cells.badge(endpoint.get_state_display(), tone)
    why = in_words(endpoint.state_reason)
    return format_html('{}<span class="ch-why">{}</span>', badge, why) if why else badge


def failures(endpoint: WebhookEndpoint) -> SafeString | str:
    """How many attempts failed since the last success, and the last error."""
    if not endpoint.failures:
        return cells.NOTHING
    return format_html('{}<span class="ch-why">{}</span>', cells.badge(endpoint.failures, "bad"), in_words(endpoint.last_error))


def oldest_due(endpoint: Any) -> SafeString | str:
    """What waits longest: since when it is due, or when it will be."""
    due: datetime | None = endpoint.next_due
    if due is None:
        return cells.NOTHING
    if timezone.now() - due < LATE:
        return cells.moment(due)
    return cells.badge(gettext("for %(age)s") % {"age": timesince(due, depth=1)}, "warn")


def _first_hour(now: datetime) -> datetime:
    """The first of the hours that are shown; the last is the one that goes on."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)

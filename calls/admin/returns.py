"""What the queue of missed calls tells of one call in its timeline: by which later one it was returned, or which it returns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.html import format_html
from django.utils.translation import gettext, ngettext

from calls.admin import cells
from calls.choices import MissedState
from calls.models import Call, MissedCall


class Line(NamedTuple):
    """One line of a timeline."""

    at: datetime
    text: str
    actor: str = ""
    details: Any = ""


def told_of(call: Call) -> Iterator[Line]:
    """Both ends of a return, each naming the other. Another center's call is told of without saying which."""
    related = MissedCall.objects.filter(tenant=call.tenant_id).select_related("last_call", "returned_by", "done_by")
    rows = related.only(
        "state", "tries", "outcome", "returned_at", "done_at", "last_call__started_at", "last_call__center", "done_by",
        "returned_by__started_at", "returned_by__center",
    )  # fmt: skip
    for row in rows.filter(calls__call=call.pk):
        if row.returned_by is not None and row.returned_at is not None:
            yield Line(row.returned_at, gettext("Returned by a later call"), details=_link(call, row.returned_by))
        if row.state == MissedState.DONE and row.done_at is not None:
            actor = str(row.done_by) if row.done_by else ""
            yield Line(row.done_at, gettext("Somebody was done with it as a missed call"), actor, row.outcome)
    for row in rows.filter(returned_by=call.pk)[:20]:
        text = ngettext("Returns a missed call", "Returns %(n)s missed calls", row.tries) % {"n": row.tries}
        yield Line(call.started_at, text, details=_link(call, row.last_call))


def _link(call: Call, other: Call | None) -> Any:
    if other is None or other.center_id != call.center_id:
        return ""
    return format_html(
        '<a class="ch-link" href="{}">{}</a>', other.get_absolute_url(), cells.moment(other.started_at, exact=True)
    )

"""Planhat: log a call."""

from __future__ import annotations

from calls.dialects.base import Dialect, NotBuilt, Refusal, route


def _envelope(refusal: Refusal) -> dict[str, object]:
    return {"error": refusal.code, "message": refusal.message, "fields": refusal.fields}


DIALECT = Dialect(
    name="planhat", owns=("/calls", "/endusers", "/companies", "/users", "/leancompanies", "/myprofile"), envelope=_envelope
)


class PlanhatView(NotBuilt):
    """Any documented address."""

    dialect = DIALECT


_view = PlanhatView.as_view()
urlpatterns = [
    route(r"calls", _view, "planhat-calls"),
    route(r"calls/(?P<call_id>[^/]+)", _view, "planhat-call"),
]
open_urlpatterns = [route(r"(?P<slug>[A-Za-z0-9_-]{1,64})/calls", _view, "planhat-open")]

"""HostedSuite: search the log."""

from __future__ import annotations

from calls.dialects.base import Dialect, NotBuilt, Refusal, route


def _envelope(refusal: Refusal) -> dict[str, object]:
    return {"ResponseStatus": {"ErrorCode": refusal.code, "Message": refusal.message, "Errors": []}}


DIALECT = Dialect(name="hostedsuite", owns=("/api/",), envelope=_envelope)


class HostedSuiteView(NotBuilt):
    """Any documented address."""

    dialect = DIALECT


_view = HostedSuiteView.as_view()
urlpatterns = [route(r"api/calls", _view, "hostedsuite-calls")]

"""FoneStorm v2: calls with text-to-speech and callbacks per number. Its addresses are known here; they are not built yet.

Source: the Slate pages of developer.fonestorm.com and the vendor's client SDKs; readings in ``README.md``.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from calls.dialects.base import Dialect, NotBuilt, Refusal, route


def _envelope(refusal: Refusal) -> dict[str, Any]:
    return {"error": HTTPStatus(refusal.status).phrase, "message": refusal.message, "status_code": refusal.status}


DIALECT = Dialect(name="fonestorm", owns=("/v2/",), envelope=_envelope)


class FoneStormView(NotBuilt):
    """Any documented address."""

    dialect = DIALECT


_view = FoneStormView.as_view()
urlpatterns = [
    route(r"v2/auth", _view, "fonestorm-auth"),
    route(r"v2/calls", _view, "fonestorm-calls"),
    route(r"v2/calls/(?P<which>send|receive)_notify", _view, "fonestorm-notify"),
    route(r"v2/fonenumbers", _view, "fonestorm-numbers"),
    route(r"v2/fonenumbers/(?P<number>[^/]+)", _view, "fonestorm-number"),
]

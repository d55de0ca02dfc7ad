"""Which address is whose: every dialect at the root as its vendor writes it, and under ``/<vendor>`` as well.

Planhat's open ``/<tenant>/calls`` comes first, being the busiest: it takes no word that is the first of another address
(``RESERVED_SLUGS``). ``door_of`` finds whose envelope an unknown address gets.
"""

from __future__ import annotations

from django.urls import include, path

from calls.dialects import calln, fonestorm, hostedsuite, planhat, voipnow
from calls.dialects.base import Dialect
from calls.dialects.guide import Guide

DIALECTS = (calln, fonestorm, voipnow, hostedsuite, planhat)
GUIDES: dict[str, Guide] = {dialect.DIALECT.name: dialect.GUIDE for dialect in DIALECTS}

urlpatterns = [path("", include(planhat.open_urlpatterns))]
urlpatterns += [path("", include(dialect.urlpatterns)) for dialect in DIALECTS]
urlpatterns += [path(f"{dialect.DIALECT.name}/", include((dialect.urlpatterns, dialect.DIALECT.name))) for dialect in DIALECTS]
urlpatterns += [path("planhat/", include((planhat.open_urlpatterns, "planhat-open")))]


def door_of(request_path: str) -> Dialect | None:
    """The dialect whose address this is or would be; None for addresses of our own."""
    dialects: list[Dialect] = [module.DIALECT for module in DIALECTS]
    best = max(dialects, key=lambda dialect: dialect.answers_at(request_path))
    if best.answers_at(request_path):
        return best
    return planhat.DIALECT if request_path.rstrip("/").count("/") == 2 and request_path.rstrip("/").endswith("/calls") else None

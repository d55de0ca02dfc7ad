"""The web entry point: ``gunicorn callhub.wsgi``."""

from __future__ import annotations

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callhub.settings")


class Request(WSGIRequest):
    """A request whose address and forms are UTF-8, whatever charset its ``Content-Type`` names.

    Django would read the address by that charset as well, before any door is asked: one that is not for text (``hex``) would
    end in no answer at all, others spell half characters. Doors that take other charsets decode their bodies themselves.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Handler(WSGIHandler):
    """Django's own, for such requests."""

    request_class = Request


django.setup(set_prefix=False)
application = Handler()

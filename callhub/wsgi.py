"""The web entry point: ``gunicorn callhub.wsgi``."""

from __future__ import annotations

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

MOST_FORGOTTEN = 64 * 1024  # bytes; gunicorn closes a connection with more

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callhub.settings")


class Request(WSGIRequest):
    """A request whose address and forms are UTF-8, whatever charset its ``Content-Type`` names.

    Django would read the address by that charset as well, before any door is asked: one that is not for text (``hex``) would
    end in no answer at all, others spell half characters. Doors that take other charsets decode their bodies themselves.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Handler(WSGIHandler):
    """Django's own, for such requests; it also says ``Connection: close`` where a body is left unread."""

    request_class = Request

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"] = Body(environ)

        def start(*answer: Any) -> Any:
            if body.is_left():
                close = getattr(environ.get("gunicorn.socket"), "close_after_answer", None)
                if close is not None:
                    close()
            return start_response(*answer)

        return super().__call__(environ, start)


class Body:
    """A request's body that counts what was read of it."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._stream = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH") or "0"
        self._left: int = int(length) if length.isdecimal() and len(length) < 19 else 0
        self._is_open = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, as WSGI has it."""
        return self._counted(self._stream.read(size), size)

    def readline(self, size: int = -1, /) -> bytes:
        """The next line, as WSGI has it."""
        return self._counted(self._stream.readline(size), 1)

    def is_left(self) -> bool:
        """Whether more is unread than the server reads and forgets on a connection that goes on."""
        return self._is_open or self._left > MOST_FORGOTTEN

    def _counted(self, data: bytes, size: int) -> bytes:
        self._left -= len(data)
        if size < 0 or len(data) < size:
            self._is_open = False
        return data


django.setup(set_prefix=False)
application = Handler()

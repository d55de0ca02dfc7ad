"""Reading bodies, over the bounded reader that every door shares (``calls.body``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from calls.api.problems import Problem
from calls.body import BodyRefused, as_text, read_bytes, read_json

BULK_LIMIT = 16 * 1024 * 1024


class JSONParser(BaseParser):
    """JSON in UTF-8 (RFC 8259), within the limits of ``calls.body``."""

    media_type = "application/json"
    limit: int | None = None

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        request: Request = (parser_context or {})["request"]
        return read_json(_text(request, self.limit))


class BulkJSONParser(JSONParser):
    """A JSON array of rows."""

    limit = BULK_LIMIT


class NdjsonParser(JSONParser):
    """One JSON value per line; a line that cannot be read comes out as the ``BodyRefused`` it raised."""

    media_type = "application/x-ndjson"
    limit = BULK_LIMIT

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        request: Request = (parser_context or {})["request"]
        return list(_rows(_text(request, self.limit)))


class JSONNegotiation(BaseContentNegotiation):
    """Every answer is JSON; who accepts none gets 406."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        content_type = str(request.content_type).partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accepted = request.headers.get("Accept", "").lower()
        if accepted and not any(kind in accepted for kind in ("*/*", "application/*", "application/json", "+json")):
            raise Problem(406, "not_acceptable", "The answer is application/json. Accept it, or leave the Accept header out.")
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class AnyNegotiation(JSONNegotiation):
    """For answers that are no JSON, whatever is accepted; refusals still are."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class StreamNegotiation(AnyNegotiation):
    """For server-sent events; who accepts neither them nor JSON gets 406."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        accepted = request.headers.get("Accept", "").lower()
        if accepted and not any(kind in accepted for kind in ("*/*", "text/*", "text/event-stream", "json")):
            raise Problem(406, "not_acceptable", "The answer is text/event-stream. Accept it, or leave the Accept header out.")
        return super().select_renderer(request, renderers, format_suffix)


def _text(request: Request, limit: int | None) -> str:
    charset = str(request._request.content_params.get("charset", "utf-8")).lower()  # type: ignore[union-attr]
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem(415, "unsupported_media_type", "JSON is UTF-8 (RFC 8259); no other charset is read here.")
    return as_text(read_bytes(request._request, limit))


def _rows(text: str) -> Iterator[Any]:
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            yield read_json(line)
        except BodyRefused as error:
            yield error

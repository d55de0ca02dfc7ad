"""Reading a request: fields from JSON, form and query together, by name in any letter case."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from calls.body import BodyRefused, as_text, read_form
from calls.dialects.base import Refusal, read_body
from calls.dialects.hostedsuite.errors import bad_field
from calls.dialects.hostedsuite.vocabulary import FLAGS

LONGEST_ID = 128
_NUMBER = re.compile(r"[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})(e[+-]?\d{1,4})?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,63}", re.ASCII)


class Fields:
    """A request's fields; null and empty text are the same as absent. Reading one raises ``Refusal`` naming it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = _in_lower_case(values)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name.lower()) is not None

    def raw_text(self, name: str) -> str:
        """The field as text, exactly as it came; numbers as they are written."""
        value = self._values.get(name.lower())
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise bad_field(name, "Must be text.", code="argument")
        return str(value)

    def text(self, name: str) -> str:
        """The field as text without spaces around it."""
        return self.raw_text(name).strip()

    def id(self, name: str) -> str:
        """The field as an id of some kind; ``""`` where none is given."""
        text = self.text(name)
        if len(text) > LONGEST_ID:
            raise bad_field(name, f"An id has {LONGEST_ID} characters at most.", code="argument")
        return text

    def word(self, name: str, words: Mapping[str, Any]) -> Any:
        """What the field's word stands for; None where none is given."""
        value = self._values.get(name.lower())
        text = str(value).lower() if isinstance(value, bool) and words is FLAGS else self.text(name).lower()
        if not text:
            return None
        if text not in words:
            raise bad_field(name, f"Must be one of {', '.join(words)}.", code="argument")
        return words[text]

    def whole(self, name: str) -> int:
        """The field as a whole number; 0 where none is given."""
        text = self.text(name)
        if not text:
            return 0
        if not _WHOLE.fullmatch(text):
            raise bad_field(name, "Must be a whole number.")
        return int(text)

    def milliseconds(self, name: str) -> Decimal:
        """The field, seconds, in milliseconds; 0 where none is given."""
        text = self.text(name)
        if not text:
            return Decimal(0)
        if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            raise bad_field(name, "Must be a number of seconds.")
        seconds = Decimal(text)
        if seconds < 0:
            raise bad_field(name, "Must not be negative.", code="argument")
        return seconds * 1000


def read_query(request: HttpRequest) -> dict[str, Any]:
    """The query's fields by lower-case name; as strict as a form's."""
    return _in_lower_case(read_form(as_text(request.META.get("QUERY_STRING", "").encode("latin-1"))))


def read_fields(request: HttpRequest, query: Mapping[str, Any]) -> Fields:
    """Body and query together; the query wins."""
    return Fields({**_in_lower_case(read_body(request)), **query})


def read_callback(request: HttpRequest, query: Mapping[str, Any]) -> str:
    """The function a script wants to be called with the answer, or ``""``.

    Refused where it is no plain name, or by GET where the browser added credentials of its own: any
    page can cause that.
    """
    callback = str(query.get("callback", ""))
    if not callback:
        return ""
    if not _CALLBACK.fullmatch(callback):
        raise Refusal(400, "argument", "The callback must be a plain function name.", fields={"callback": "Not a plain name."})
    has_others = settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
    if request.method == "GET" and has_others:
        raise Refusal(403, "forbidden", "A callback is not answered to a request with a session or an Authorization header.")
    return callback


def _in_lower_case(values: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name.lower(): value for name, value in values.items()}
    if len(fields) != len(values):
        raise BodyRefused("The same field is there twice.", code="duplicate_key")
    return fields

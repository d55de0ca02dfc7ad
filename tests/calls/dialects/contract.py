"""What every dialect promises, whatever its vendor: a sibling joins by subclassing and naming one good request.

Bad input is a 4xx in the vendor's own envelope, never a 5xx, and leaves nothing behind; good input is taken in every spelling of
the address, without a redirect.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection

from calls.dialects.base import Dialect
from calls.models import Call, CallEvent
from contacts.models import Agent, Company, Contact
from tests.make import make_tenant, make_token

MEGABYTE = 1024 * 1024
REDIRECTS = range(300, 400)
TOO_MANY_DIGITS = "9" * 400
NOT_UTF_8 = b"\xff\xfe\xfa"


@dataclass(frozen=True, kw_only=True)
class Good:
    """A request the dialect answers with 2xx: where, what, and with which headers."""

    path: str
    body: dict[str, Any]
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


IN_PARTS = "multipart/form-data; boundary=x"
JSON = "application/json"
FRAMINGS: dict[str, Callable[[bytes], bytes]] = {"identity": bytes, "gzip": gzip.compress, "deflate": zlib.compress}


def chunks(body: bytes, *, undone: bool = True) -> dict[str, Any]:
    """What a server says of a request that came in chunks; ``undone`` where it took them apart itself."""
    named = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_TYPE": JSON}
    return {**named, "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": undone}


def in_parts(fields: dict[str, str]) -> bytes:
    """The fields as a form in parts (RFC 7578)."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    return "".join([*parts, "--x--\r\n"]).encode()


# A good body made unreadable: what is sent, as what, and with which more.
UNREADABLE: dict[str, Callable[[bytes], tuple[bytes, str, dict[str, Any]]]] = {
    "another coding": lambda body: (body, JSON, {"HTTP_CONTENT_ENCODING": "br"}),
    "not compressed": lambda body: (body, JSON, {"HTTP_CONTENT_ENCODING": "gzip"}),
    "cut off": lambda body: (gzip.compress(body)[:-4], JSON, {"HTTP_CONTENT_ENCODING": "gzip"}),
    "swelling": lambda body: (gzip.compress(body + b" " * MEGABYTE), JSON, {"HTTP_CONTENT_ENCODING": "gzip"}),
    "chunks not undone": lambda body: (b"", JSON, chunks(body, undone=False)),
    "chunks too large": lambda body: (b"", JSON, chunks(body + b" " * MEGABYTE)),
    "a charset of old": lambda body: (body, f"{JSON}; charset=punycode", {}),
    "another boundary": lambda body: (in_parts({"a": "1"}), "multipart/form-data; boundary=y", {}),
    "no last boundary": lambda body: (in_parts({"a": "1"})[:-4], IN_PARTS, {}),
    "a file": lambda body: (in_parts({"a": "1"}).replace(b'"a"', b'"a"; filename="a"'), IN_PARTS, {}),
}


def basic(user: str | bytes, password: str | bytes = "") -> dict[str, str]:
    """The header of HTTP Basic credentials."""
    user, password = (part.encode() if isinstance(part, str) else part for part in (user, password))
    return {"Authorization": "Basic " + base64.b64encode(user + b":" + password).decode()}


def nested(depth: int) -> str:
    """Brackets in brackets, as JSON text."""
    return "[" * depth + "]" * depth


def with_member(body: dict[str, Any], name: str, raw: str) -> str:
    """The JSON text of ``body`` with one member more, whose value is the text ``raw``."""
    members = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in body.items() if key != name]
    return "{" + ", ".join([*members, f"{json.dumps(name)}: {raw}"]) + "}"


@pytest.mark.django_db
class DialectContract:
    """Subclass it as ``TestContract``, set the attributes and write ``good`` and ``check_envelope``."""

    dialect: Dialect
    date_field: str  # a field of the good body that holds a date
    text_field: str  # a field of the good body that holds text
    unknown_path = "no/such/address"  # below the dialect's prefix
    wants_credentials = True  # off for doors whose credentials are part of the body: then override without_credentials

    @pytest.fixture(autouse=True)
    def _a_tenant(self) -> None:
        self.tenant = make_tenant("acme")
        self.token = make_token(self.tenant)

    # What a sibling writes

    def good(self) -> Good:
        """One request that is answered with 2xx, credentials included."""
        raise NotImplementedError  # no request is good at two vendors' doors: each dialect that joins writes its own

    def check_envelope(self, answer: Any, status: int) -> None:
        """Assert that the parsed body of a refusal has the vendor's shape."""
        raise NotImplementedError  # the shape is what differs between vendors

    # What a sibling may change

    def without_credentials(self) -> Good:
        """The good request, its credentials left out."""
        good = self.good()
        return Good(path=good.path, body=good.body, method=good.method)

    def with_wrong_credentials(self) -> list[Good]:
        """The good request with credentials nobody has, and with a header that is not text."""
        good = self.good()
        headers = [basic("nobody", "wrong"), {"Authorization": "Bearer nobody"}, basic(b"\xff\xfe", b"\xfe")]
        return [Good(path=good.path, body=good.body, method=good.method, headers=wrong) for wrong in headers]

    def use_up_the_budget(self, settings: Any) -> None:
        """Make the next request one too many."""
        settings.CALLHUB_CALLS_PER_MINUTE = 0

    # How the promises are checked

    def send(self, client: Any, good: Good, body: str | bytes | None = None, content_type: str = "application/json", **more: Any):
        """Send the good request, or one like it with another body or type, and return the answer."""
        text = json.dumps(good.body) if body is None else body
        data = text.encode() if isinstance(text, str) else text
        arguments = {"path": good.path, "method": good.method, "headers": good.headers, **more}
        path, method = arguments.pop("path"), arguments.pop("method")
        return client.generic(method, path, data, content_type=content_type, **arguments)

    def assert_refused(self, response: Any, *statuses: int) -> None:
        """A refusal in the vendor's envelope with one of ``statuses``, or any 4xx."""
        allowed = statuses or tuple(range(400, 500))
        assert response.status_code in allowed, response.content
        assert response["Content-Type"].startswith("application/json")
        assert response["Cache-Control"] == "no-store"
        self.check_envelope(json.loads(response.content), response.status_code)

    def rows(self) -> list[int]:
        """How many rows there are of everything a dialect may write."""
        return [model.objects.count() for model in (Call, CallEvent, Contact, Company, Agent)]

    def assert_takes_nothing(
        self, client: Any, body: str | bytes, content_type: str = "application/json", *statuses: int
    ) -> None:
        """The body is refused and nothing of it is stored."""
        before = self.rows()
        self.assert_refused(self.send(client, self.good(), body, content_type), *statuses)
        assert self.rows() == before

    # The promises

    def test_takes_the_good_request(self, client):
        response = self.send(client, self.good())
        assert response.status_code in range(200, 300), response.content
        assert response["Content-Type"].startswith("application/json")
        assert response["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("ending", ["", "/"])
    @pytest.mark.parametrize("prefixed", [False, True])
    def test_takes_it_at_root_and_below_its_name_with_and_without_slash(self, client, ending, prefixed):
        good = self.good()
        path, _, query = good.path.partition("?")
        path = (f"/{self.dialect.name}" if prefixed else "") + path.rstrip("/") + ending
        response = self.send(client, good, path=f"{path}?{query}" if query else path)
        assert response.status_code in range(200, 300), response.content

    def test_needs_no_csrf_token(self, client):
        client.handler.enforce_csrf_checks = True
        assert self.send(client, self.good()).status_code in range(200, 300)

    def test_refuses_a_request_without_credentials(self, client):
        before = self.rows()
        self.assert_refused(self.send(client, self.without_credentials()), 401)
        assert self.rows() == before

    def test_refuses_wrong_and_undecodable_credentials(self, client):
        before = self.rows()
        for wrong in self.with_wrong_credentials():
            self.assert_refused(self.send(client, wrong))
        assert self.rows() == before

    def test_answers_an_unknown_address_in_its_own_envelope(self, client):
        for method in ("GET", "POST", "PUT", "DELETE"):
            response = client.generic(method, f"/{self.dialect.name}/{self.unknown_path}", b"", headers=self.good().headers)
            self.assert_refused(response, 404)

    def test_names_the_methods_it_takes(self, client):
        good = self.good()
        response = self.send(client, good, method="BREW")
        self.assert_refused(response, 405)
        assert good.method in response["Allow"]

    def test_answers_options_without_a_server_error(self, client):
        response = self.send(client, self.good(), method="OPTIONS")
        assert response.status_code < 500
        assert response.status_code not in REDIRECTS

    def test_says_in_its_own_envelope_that_it_was_too_many(self, client, settings):
        good = self.good()
        self.use_up_the_budget(settings)
        response = self.send(client, good)
        self.assert_refused(response, 429)
        assert int(response["Retry-After"]) >= 1

    def test_refuses_a_foreign_content_type_or_takes_what_it_can_read(self, client):
        response = self.send(client, self.good(), content_type="text/xml")
        assert response.status_code in (*range(200, 300), HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        self.assert_takes_nothing(client, "<call><number>1</number></call>", "text/xml")

    @pytest.mark.parametrize("body", ["{", '{"a": }', "[]", '"x"', "1", "nonsense", "{'a': \"b'}", "\0", nested(3)])
    def test_refuses_a_body_that_is_not_an_object(self, client, body):
        self.assert_takes_nothing(client, body)

    @pytest.mark.parametrize("value", [nested(5000), '{"a":' * 5000 + "1" + "}" * 5000], ids=["brackets", "braces"])
    def test_refuses_what_is_nested_5000_deep(self, client, value):
        self.assert_takes_nothing(client, with_member(self.good().body, "extra", value))

    def test_refuses_brackets_that_never_close(self, client):
        self.assert_takes_nothing(client, "[" * 5000)
        self.assert_takes_nothing(client, '{"a":' * 5000)

    def test_refuses_a_megabyte(self, client):
        body = with_member(self.good().body, "extra", json.dumps("x" * MEGABYTE))
        self.assert_takes_nothing(client, body, "application/json", 413)

    @pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", TOO_MANY_DIGITS, "-" + TOO_MANY_DIGITS])
    def test_refuses_numbers_that_are_none(self, client, value):
        self.assert_takes_nothing(client, with_member(self.good().body, "extra", value))

    def test_refuses_the_same_key_twice(self, client):
        body = with_member(self.good().body, "twin", '1, "twin": 2')
        self.assert_takes_nothing(client, body)

    @pytest.mark.parametrize("text", ["\\ud800", "\\udfff x", "a\\u0000b"])
    def test_refuses_characters_no_database_takes(self, client, text):
        for name in (self.text_field, "extra"):
            self.assert_takes_nothing(client, with_member(self.good().body, name, f'"{text}"'))
        self.assert_takes_nothing(client, with_member(self.good().body, "extra", f'{{"{text}": 1}}'))

    @pytest.mark.parametrize("date", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "0000-00-00 00:00:00"])
    def test_refuses_dates_outside_the_calendar(self, client, date):
        self.assert_takes_nothing(client, with_member(self.good().body, self.date_field, json.dumps(date)))

    @pytest.mark.parametrize(
        "value", ['"9999-12-31T23:59:59"', '"yesterday-ish"', "[]", "{}", "true", "-1e300", f'"{TOO_MANY_DIGITS}"']
    )
    def test_refuses_dates_that_are_none(self, client, value):
        self.assert_takes_nothing(client, with_member(self.good().body, self.date_field, value))

    def test_refuses_text_longer_than_its_field(self, client):
        self.assert_takes_nothing(client, with_member(self.good().body, self.text_field, json.dumps("9" * 5000)))

    @pytest.mark.parametrize("charset", ["klingon", "hex", "idna", "undefined", "utf-16", "x" * 500, "utf\\u00008"])
    def test_refuses_a_charset_the_body_is_not_in(self, client, charset):
        body = json.dumps({**self.good().body, "extra": "å"}, ensure_ascii=False)
        self.assert_takes_nothing(client, body, f"application/json; charset={charset}")

    def test_refuses_half_a_surrogate_pair_in_an_old_charset(self, client):
        body = with_member(self.good().body, "extra", '"+2AA-"').encode("ascii")
        self.assert_takes_nothing(client, body, "application/json; charset=utf-7")

    def test_refuses_bytes_that_are_not_text(self, client):
        body = with_member(self.good().body, "extra", '"@"').encode().replace(b"@", NOT_UTF_8)
        self.assert_takes_nothing(client, body)

    @pytest.mark.parametrize(
        "body", [b"a=%ff", b"a=%00", b"a%00b=1", b"a=%ed%a0%80", b"&".join(b"a%d=1" % n for n in range(2000))]
    )
    def test_refuses_a_form_no_database_takes(self, client, body):
        self.assert_takes_nothing(client, body, "application/x-www-form-urlencoded")

    @pytest.mark.parametrize("coding", FRAMINGS)
    @pytest.mark.parametrize("is_chunked", [False, True])
    def test_takes_it_in_chunks_and_compressed(self, client, coding, is_chunked):
        body = FRAMINGS[coding](json.dumps(self.good().body).encode())
        more = {"HTTP_CONTENT_ENCODING": coding}
        more |= chunks(body) if is_chunked else {}
        response = self.send(client, self.good(), b"" if is_chunked else body, **more)
        assert response.status_code in range(200, 300), response.content

    def test_takes_the_fields_of_a_form_in_parts(self, client):
        fields = {name: value for name, value in self.good().body.items() if isinstance(value, str)}
        whole = len(fields) == len(self.good().body)
        response = self.send(client, self.good(), in_parts(fields), IN_PARTS)
        assert response.status_code in range(200, 300) if whole else response.status_code < 500, response.content

    @pytest.mark.parametrize("spoil", UNREADABLE)
    def test_acknowledges_no_body_it_cannot_read(self, client, spoil):
        before = self.rows()
        body, content_type, more = UNREADABLE[spoil](json.dumps(self.good().body).encode())
        self.assert_refused(self.send(client, self.good(), body, content_type, **more))
        assert self.rows() == before

    def test_leaves_no_transaction_broken(self, client):
        self.send(client, self.good(), "{")
        assert not connection.needs_rollback
        assert self.send(client, self.good()).status_code in range(200, 300)

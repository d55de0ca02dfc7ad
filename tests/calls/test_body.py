"""The reader of bodies: what is refused, and that all else is read as any JSON parser reads it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from calls.body import BodyRefused, as_text, read_form, read_json, read_object

pytestmark = pytest.mark.once
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def post(body: bytes, content_type: str = JSON, **headers: Any) -> Any:
    return RequestFactory().generic("POST", "/", body, content_type, **headers)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "malformed_body"),
        ("{", "malformed_body"),
        ("{'a': 1}", "malformed_body"),
        ('{"a": 1} x', "malformed_body"),
        ('{"a": "\n"}', "malformed_body"),
        ("[" * 5000 + "]" * 5000, "too_deep"),
        ("[" * 5000, "too_deep"),
        ('{"a":' * 33 + "1" + "}" * 33, "too_deep"),
        ('{"a": 1, "a": 2}', "duplicate_key"),
        ('{"a": {"b": 1, "b": 1}}', "duplicate_key"),
        ("[NaN]", "not_a_number"),
        ("[Infinity]", "not_a_number"),
        ("[-Infinity]", "not_a_number"),
        ("[1e999]", "not_a_number"),
        ("[" + "9" * 5000 + "]", "not_a_number"),
        ('["\\u0000"]', "bad_characters"),
        ('["\\ud800"]', "bad_characters"),
        ('{"\\udc00": 1}', "bad_characters"),
        ('{"a": [{"b": "\\ud83d x"}]}', "bad_characters"),
    ],
)
def test_json_that_must_not_reach_the_database_is_refused(text: str, code: str) -> None:
    with pytest.raises(BodyRefused) as refused:
        read_json(text)
    assert (refused.value.code, refused.value.status) == (code, 400)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 32 + "]" * 32,
        '{"a": "' + "[{" * 100 + '"}',
        '{"a": "\\\\", "b": "[[\\"[["}',
        '{"a": "\\ud83d\\ude00"}',
        "[1e308, -0.0, 12345678901234567890]",
    ],
)
def test_ordinary_json_is_read(text: str) -> None:
    assert read_json(text) == json.loads(text)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES, st.booleans())
def test_reads_what_any_parser_reads(value: Any, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    if "\0" in json.dumps(value, ensure_ascii=False) or "\\u0000" in text:
        with pytest.raises(BodyRefused):
            read_json(text)
    else:
        assert read_json(text) == json.loads(text)


@given(st.text(max_size=300) | st.text('{}[]",:\\u0123456789abcdeEInfinityNa -+.\n', max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BodyRefused):
        assert read_json(text) == json.loads(text)


@given(st.binary(max_size=300), st.sampled_from([JSON, FORM, "text/plain", f"{JSON}; charset=latin-1", f"{JSON}; charset=no"]))
def test_any_bytes_are_an_object_or_refused(body: bytes, content_type: str) -> None:
    with suppress(BodyRefused):
        assert isinstance(read_object(post(body, content_type)), dict)


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b"", JSON, {}),
        (b"  \n", FORM, {}),
        (b'{"a": 1}', JSON, {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', JSON, {"a": 1}),
        (b'{"a": 1}', FORM, {"a": 1}),  # CallN's own curl
        (b"a=1&a=2&b=", FORM, {"a": "2", "b": ""}),
        ('{"a": "å"}'.encode("latin-1"), f"{JSON}; charset=latin-1", {"a": "å"}),
    ],
)
def test_the_first_character_decides_how_a_body_is_read(body: bytes, content_type: str, value: dict[str, Any]) -> None:
    assert read_object(post(body, content_type)) == value


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[]", JSON),
        (b'"text"', JSON),
        (b"1", JSON),
        (b"a=1", JSON),
        (b"\xff\xfe", JSON),
        (b'{"a": "\xe5"}', JSON),
        (b'{"a": 1}', f"{JSON}; charset=klingon"),
        (b"a=%00", FORM),
        (b"a=%ff", FORM),
        ("&".join(f"a{number}=1" for number in range(1001)).encode(), FORM),
    ],
)
def test_a_body_that_is_no_object_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(BodyRefused) as refused:
        read_object(post(body, content_type))
    assert refused.value.status == 400


def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    request = post(b'{"a": "' + b"x" * 100 + b'"}')
    with pytest.raises(BodyRefused) as refused:
        read_object(request, limit=50)
    assert (refused.value.status, refused.value.code) == (413, "body_too_large")
    assert request.read(1) == b"{"


def test_a_body_of_just_the_limit_is_read() -> None:
    body = b'{"a": "xx"}'
    assert read_object(post(body), limit=len(body)) == {"a": "xx"}
    with pytest.raises(BodyRefused):
        read_object(post(body), limit=len(body) - 1)


@pytest.mark.parametrize("charset", ["klingon", "\0", "hex", "base64", "rot13", "zip", "idna"])
def test_a_charset_that_is_none_is_refused(charset: str) -> None:
    with pytest.raises(BodyRefused):
        as_text(b"\xff\x00\xfe", charset)


def test_a_form_with_too_many_fields_is_refused() -> None:
    with pytest.raises(BodyRefused):
        read_form("&" * 5000 + "a=1&" * 1001)

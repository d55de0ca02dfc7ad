"""The reader of bodies: what is refused, and that all else is read as any JSON parser reads it."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import zlib
from contextlib import suppress
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from calls.body import BodyRefused, as_text, read_form, read_json, read_object, read_value
from calls.dialects.calln.reading import read_document

pytestmark = pytest.mark.once
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


IN_PARTS = "multipart/form-data; boundary=x"


def in_parts(**fields: Any) -> bytes:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    return "".join([*parts, "--x--\r\n"]).encode()


def in_chunks(body: bytes, **environ: Any) -> Any:
    """A request as a server hands it over that undoes chunks: no length, and a stream that ends."""
    request = post(b"", HTTP_TRANSFER_ENCODING="chunked", **environ)
    request.META.pop("CONTENT_LENGTH", None)
    request.META |= {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    return request


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
        ('{"a": "å€"}'.encode("cp1252"), f"{JSON}; charset=Windows-1252", {"a": "å€"}),
        ('{"a": "å"}'.encode("utf-16"), f"{JSON}; charset=utf-16", {"a": "å"}),
        (in_parts(a=1, å="å"), IN_PARTS, {"a": "1", "å": "å"}),
        (b'{"a": 1}', IN_PARTS, {"a": 1}),
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
        (b"a=%00", FORM),
        (b"a=%ff", FORM),
        ("&".join(f"a{number}=1" for number in range(1001)).encode(), FORM),
        (in_parts(a=1), "multipart/form-data"),
        (b"--x--", IN_PARTS),
        (in_parts(a=1), "multipart/form-data; boundary=y"),
        (in_parts(a=1)[:-4], IN_PARTS),
        (in_parts(a="\0"), IN_PARTS),
        (in_parts(a="å").replace("å".encode(), b"\xe5"), IN_PARTS),
        (in_parts(**{f"a{number}": 1 for number in range(1001)}), IN_PARTS),
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


@pytest.mark.parametrize("charset", ["klingon", "\0", "hex", "rot13", "zip", "idna", "punycode", "utf-7", "utf-32", "x" * 9000])
def test_a_charset_that_is_not_listed_is_refused_before_anything_is_decoded(charset: str) -> None:
    with pytest.raises(BodyRefused) as refused:
        as_text(b"\xff\x00\xfe", charset)
    assert (refused.value.status, refused.value.code) == (415, "unsupported_charset")


def test_a_form_with_too_many_fields_is_refused() -> None:
    with pytest.raises(BodyRefused):
        read_form("&" * 5000 + "a=1&" * 1001)


def test_a_file_in_a_form_is_refused() -> None:
    body = in_parts(a=1).replace(b'name="a"', b'name="a"; filename="a.txt"')
    with pytest.raises(BodyRefused) as refused:
        read_object(post(body, IN_PARTS))
    assert refused.value.status == 415


# Chunks, compression, and bodies that end early

TEXT = b'{"a": 1}'
RAW_DEFLATE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
COMPRESSED = [
    ("gzip", gzip.compress(TEXT)),
    ("X-GZIP", gzip.compress(TEXT)),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", RAW_DEFLATE.compress(TEXT) + RAW_DEFLATE.flush()),
    ("identity", TEXT),
]


@pytest.mark.parametrize(("coding", "body"), COMPRESSED)
@pytest.mark.parametrize("send", [post, in_chunks])
def test_chunks_and_compression_are_undone(send: Any, coding: str, body: bytes) -> None:
    request = send(body, HTTP_CONTENT_ENCODING=coding)
    assert (read_object(request), read_object(request)) == ({"a": 1}, {"a": 1})


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("br", TEXT, 415),
        ("gzip, gzip", gzip.compress(TEXT), 415),
        ("gzip", TEXT, 400),
        ("deflate", b"\xff\xff\xff", 400),
        ("gzip", gzip.compress(TEXT)[:-1], 400),
        ("gzip", gzip.compress(TEXT) + b"x", 400),
        ("gzip", gzip.compress(b" " * 10_000_000), 413),
        ("deflate", zlib.compress(b" " * 10_000_000), 413),
    ],
)
def test_what_cannot_be_decompressed_is_refused(coding: str, body: bytes, status: int) -> None:
    with pytest.raises(BodyRefused) as refused:
        read_object(post(body, HTTP_CONTENT_ENCODING=coding))
    assert refused.value.status == status


def test_chunks_beyond_the_limit_are_refused_without_reading_them_all() -> None:
    request = in_chunks(b" " * 1000)
    with pytest.raises(BodyRefused) as refused:
        read_object(request, limit=50)
    assert refused.value.status == 413
    assert len(request.META["wsgi.input"].read()) == 949


def test_chunks_that_the_server_does_not_undo_are_never_an_empty_body() -> None:
    request = in_chunks(TEXT)
    request.META["wsgi.input_terminated"] = False
    with pytest.raises(BodyRefused) as refused:
        read_object(request)
    assert refused.value.status == 411


def test_a_body_shorter_than_announced_is_refused() -> None:
    request = post(b"a=1&b=2", FORM)
    request.META["CONTENT_LENGTH"] = "20"
    request._stream = io.BytesIO(b"a=1&b=2")
    with pytest.raises(BodyRefused):
        read_object(request)


# Work: one child reads the worst bodies, and may use so many seconds of processor for all of them together

MOST_SECONDS = 30
READ = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
import django
django.setup()
from tests.calls.test_body import read_worst
read_worst()
"""
SIZE = 255 * 1024
WORST = [
    (JSON, b"["),
    (JSON, b'["'),
    (JSON, b'{"a":'),
    (JSON, b"[" * 40 + b'"', b'\\"'),
    (JSON, b'["', b"\\ud800"),
    (JSON, b"9"),
    (JSON, b"[0.", b"9"),
    (JSON, b"[1e", b"9"),
    (f"{JSON}; charset=punycode", b"x-"),
    (FORM, b"&"),
    (FORM, b"a=", b"%"),
    (FORM, b"a=", b"%41"),
    (f"{FORM}; charset=punycode", b"a=", b"-a"),
    (IN_PARTS, in_parts(a=1)[:-7]),
    (IN_PARTS, b"--x\r\n", b"X: y\r\n"),
    (IN_PARTS, b'--x\r\nContent-Disposition: form-data; name="a', b'\\";'),
    (IN_PARTS, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n', b"\r\n--"),
    (JSON, b"['", b"''"),
    (JSON, b"['", b"\\'"),
    (JSON, b"['',", b"1,"),
    (JSON, b"{", b"a:{},"),
]


def read_worst() -> None:
    """Read every one of the worst bodies in each way there is."""
    for content_type, start, *rest in WORST:
        body = start + (rest[0] if rest else start) * SIZE
        for read in (read_value, read_document):
            with suppress(BodyRefused):
                read(post(body[:SIZE], content_type))


def test_no_body_takes_more_work_than_its_length_is_worth() -> None:
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    child = subprocess.run([sys.executable, "-c", READ, str(MOST_SECONDS)], env=environ, capture_output=True, check=False)
    assert child.returncode == 0, child.stderr.decode()[-2000:]

"""The tokenizer reads what JSON's own parser reads, the page's spelling beside it, and nothing else."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.body import DEEPEST, BodyRefused
from calls.dialects.calln.lenient import _Reader, read_lenient
from tests.calls.dialects.calln.asking import sample

pytestmark = pytest.mark.once

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NUMBERS = st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
LETTERS = st.text(st.sampled_from("{}[]:,'\"\\/ \n\tabnu0019.-+eEtrufalsenN$_\u00e9"), max_size=40)


def single_quoted(value) -> str:
    """A value in the page's spelling."""
    if isinstance(value, str):
        return "'" + json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "[" + ", ".join(map(single_quoted, value)) + ",]" * bool(value) + "]" * (not value)
    if isinstance(value, dict):
        return "{" + "".join(f"{single_quoted(name)} : {single_quoted(item)}," for name, item in value.items()) + "}"
    return json.dumps(value)


def read_by_tokenizer(text: str):
    """What the tokenizer makes of it, strict JSON not tried before."""
    return _Reader(text).read()


@given(VALUES, st.booleans())
def test_reads_strict_json_as_the_standard_parser_does(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_by_tokenizer(text) == json.loads(text) == read_lenient(text)


@given(VALUES)
def test_reads_in_single_quotes_what_json_says_in_double_ones(value):
    assert read_lenient(single_quoted(value)) == value


@given(LETTERS)
@settings(max_examples=2000)
def test_what_the_standard_parser_reads_the_tokenizer_reads_alike(text):
    try:
        expected = read_lenient(text)
    except BodyRefused:
        with pytest.raises(BodyRefused):
            read_by_tokenizer(text)
    else:
        assert read_by_tokenizer(text) == expected


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with suppress(BodyRefused):
        read_lenient(text)


def test_reads_the_pages_example():
    body = read_lenient(sample("page_example"))
    assert (body["callername"], body["destinationphone"], body["callerdtmf"]) == ("fred", "0312345678", "")
    assert len(body) == 10


def test_reads_the_pages_schema():
    assert "destinationphone'" in read_lenient(sample("page_schema"))


@pytest.mark.parametrize(
    "text",
    [
        """{"n": "O'Brien"}""",
        r"""{'n': 'O\'Brien'}""",
        """{'n': "O'Brien"}""",
        """{n: 'O''Brien'}""",
        r"""{'n': 'O\u0027Brien',}""",
        r"""{"n": "O\'Brien"}""",
    ],
)
def test_reads_obrien_in_every_spelling(text):
    assert read_lenient(text) == {"n": "O'Brien"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: 1, $b_2: [1, 2,],}", {"a": 1, "$b_2": [1, 2]}),
        ("{'a': ''}", {"a": ""}),
        ("{'a': ''''}", {"a": "'"}),
        ("{'a': 'say \"hi\"'}", {"a": 'say "hi"'}),
        (r"{'a': '\\', 'b': '\/\n'}", {"a": "\\", "b": "/\n"}),
        (r"{'a': '\ud83d\ude00'}", {"a": "\U0001f600"}),
        ("{'a': '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['}", {"a": "[" * 36}),
        ("{'a': -1.5e3, b: true, c: null}", {"a": -1500.0, "b": True, "c": None}),
        ('{"a": "it\'\'s"}', {"a": "it''s"}),
        ("{'a': 'it''s', b: \"it''s\"}", {"a": "it's", "b": "it''s"}),
    ],
)
def test_reads_what_hand_written_clients_write(text, value):
    assert read_lenient(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "{'a'}", "{'a':}", "{'a' 1}", "{'a':1 'b':2}", "{,}", "[,]", "[1,,2]", "{'a':1}}", "{'a':'b}", "{'a':\"b'}",
        "{'a':'O'Brien'}", "{'a':0409123456}", "{'a':+1}", "{'a':.5}", "{'a':1.}", "{'a':0x1f}", "{'a':undefined}", "{'a':b}",
        "{1:2}", "{-a:2}", r"{'a':'\x41'}", r"{'a':'\u12'}", "{'a':'\n'}", "{'a':1}//x", "/*x*/{'a':1}", "{'a':True}",
        "{'a':None}", "{'a':(1,)}", "__import__('os')", "{'a':1;}", "{\u00e9:1}", "('a')",
    ],
)  # fmt: skip
def test_refuses_what_is_json_in_no_spelling(text):
    with pytest.raises(BodyRefused) as refused:
        read_lenient(text)
    assert refused.value.code == "malformed_body"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{'a':1,'a':2}", "duplicate_key"),
        ("{'a':1,a:2}", "duplicate_key"),
        ("{'a':NaN}", "not_a_number"),
        ("{'a':-Infinity}", "not_a_number"),
        ("{'a':1e999}", "not_a_number"),
        ("{'a':" + "9" * 41 + "}", "not_a_number"),
        (r"{'a':'\ud800'}", "bad_characters"),
        (r"{'\u0000':1}", "bad_characters"),
        ("['a'," + "[" * DEEPEST + "]" * DEEPEST + "]", "too_deep"),
        ("{'a':" * 5000 + "1" + "}" * 5000, "too_deep"),
        ("{'a':" * 5000, "too_deep"),
    ],
)
def test_keeps_the_bounds_of_strict_bodies(text, code):
    with pytest.raises(BodyRefused) as refused:
        read_lenient(text)
    assert refused.value.code == code


def test_takes_as_deep_as_strict_json():
    depth = DEEPEST - 1
    assert read_lenient("['a'," + "[" * depth + "]" * depth + "]")[0] == "a"


@pytest.mark.parametrize(
    "piece", ["'", "''", "{'a':'", r"\\", "'\\", "'a',", "{'a':1,", "[", "'a''b'", "a", "-", "{'a':\"", "1,", " "]
)
def test_takes_time_in_proportion_to_the_text(piece):
    def seconds(length: int) -> float:
        text = "['" + (piece * length)[:length]
        best = []
        for _ in range(3):
            start = time.thread_time()
            with pytest.raises(BodyRefused):
                read_lenient(text + "\x01")
            best.append(time.thread_time() - start)
        return min(best)

    assert seconds(256 * 1024) < max(0.1, 12 * seconds(64 * 1024))

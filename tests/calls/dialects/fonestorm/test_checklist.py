"""What the vendor's page promises, in its order; ``test_notify`` has what it says of callbacks."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from calls.choices import Direction, Source
from calls.models import Call, Line
from tests.calls.dialects.fonestorm.asking import FONENUMBER, FORM, TO, call, called, refusal, sample, send, token_of
from tests.make import PASSWORD, make_line, make_tenant

pytestmark = pytest.mark.django_db


def test_takes_the_pages_own_request(client, token):
    made = called(client, token, sample("page_example"))
    assert (made.source, made.direction) == (Source.FONESTORM, Direction.OUTBOUND)
    assert made.remote_e164 == "+13215551801"
    assert made.line.e164 == "+13215551081"


def test_takes_it_as_a_form(client, token):
    made = called(client, token, urlencode({"fonenumber": FONENUMBER, "to": TO, "tts": "Hi, Jane"}), content_type=FORM)
    assert made.origination.message == "Hi, Jane"


def test_refuses_a_request_without_its_token(client, token, clock):
    for headers in ({}, {"token": ""}, {"token": "garbage"}, {"token": "e30.e30.e30"}, {"Authorization": f"Bearer {token}"}):
        refusal(call(client, "", headers=headers), 401)
    short = token_of(client, expires=60)
    clock.shift(timedelta(seconds=60))
    refusal(call(client, short), 401)
    assert Call.objects.count() == 0


@pytest.mark.parametrize("name", ["fonenumber", "to"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_names_the_field_that_is_missing(client, token, name, value):
    assert refusal(call(client, token, {name: value}), 400).startswith(f"{name}:")


def test_logs_the_digits_of_a_number(client, token):
    made = called(client, token, {"to": "(321) 555-1081", "fonenumber": "3215550000"})
    assert (made.remote_raw, made.remote_e164) == ("3215551081", "+13215551081")


@pytest.mark.parametrize("to", ["abc", "1234567890123456", "911", "12", "+", "-"])
def test_refuses_what_is_no_number(client, token, to):
    assert refusal(call(client, token, {"to": to}), 400).startswith("to:")
    assert not Line.objects.exists()


def test_needs_no_message(client, token):
    assert called(client, token).origination.message == ""


@pytest.mark.parametrize("tts", ['He said: "Hi" – it\'s on', "Grüße 👩‍👩‍👧 💥", "<speak>slowly</speak> & {{to}}", "two\nlines"])
@pytest.mark.parametrize("as_form", [False, True])
def test_keeps_the_message_as_it_came(client, token, tts, as_form):
    body = {"fonenumber": FONENUMBER, "to": TO, "tts": tts}
    made = called(client, token, urlencode(body) if as_form else body, content_type=FORM if as_form else "application/json")
    assert made.origination.message == tts
    assert made.document["tts"] == tts


def test_the_same_request_twice_is_two_calls(client, token):
    assert called(client, token).pk != called(client, token).pk
    assert Call.objects.count() == 2


def test_another_accounts_number_is_as_unknown_as_any(client, token):
    other = make_line(make_tenant("other", country="US"), FONENUMBER, name="Theirs")
    before = Line.objects.values().get()
    answers = [call(client, token), send(client, token, "GET", f"/v2/fonenumbers/{FONENUMBER}")]
    answers.append(send(client, token, "GET", "/v2/fonenumbers/3215559999"))
    assert len({refusal(answer, 404) for answer in answers}) == 1
    assert Line.objects.values().get() == before
    assert not other.originations.exists()


def test_calls_cannot_be_read(client, token):
    answer = send(client, token, "GET", "/v2/calls")
    refusal(answer, 405)
    assert answer["Allow"] == "POST, OPTIONS"
    for path in ("/v2/nothing", "/v2/calls/1", "/fonestorm/v2/nothing"):
        refusal(send(client, token, "GET", path), 404)


def test_a_token_works_at_once_and_until_it_expires(client, ann, line, clock):
    short = token_of(client, expires=60)
    called(client, short)
    clock.shift(timedelta(seconds=59))
    called(client, short)
    clock.shift(timedelta(seconds=1))
    refusal(call(client, short), 401)


def test_a_wrong_password_is_refused(client, ann):
    for wrong in ({"password": "wrong"}, {"username": "nobody"}):
        refusal(send(client, "", "POST", "/v2/auth", {"username": "ann", "password": PASSWORD, **wrong}), 401)


def test_a_token_lives_for_a_day_at_most(client, ann, line, clock):
    long = token_of(client, expires=999_999)
    clock.shift(timedelta(days=1, seconds=-1))
    called(client, long)
    clock.shift(timedelta(seconds=1))
    refusal(call(client, long), 401)


def test_lists_numbers_as_text_or_as_objects(client, token, acme):
    make_line(acme, "3215551111")
    make_line(acme, FONENUMBER)
    strings = send(client, token, "GET", "/v2/fonenumbers?filter=fonenumbers").json()
    assert strings == {"fonenumbers": ["3215551081", "3215551111"]}
    for query in ("", "?filter=all"):
        objects = send(client, token, "GET", f"/v2/fonenumbers{query}").json()["fonenumbers"]
        assert [row["fonenumber"] for row in objects] == ["3215551081", "3215551111"]


def test_ignores_fields_it_does_not_know(client, token):
    called(client, token, {"type": "Callback", "caller_id": "x", "nested": {"a": [1]}})

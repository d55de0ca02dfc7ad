"""The requests the vendor's clients send (section 3.4 of the facts)."""

from __future__ import annotations

import pytest

from calls.dialer.samples import make_sample_lines
from calls.models import DialPlan
from tests.calls.dialects.fonestorm.asking import FONENUMBER, FORM, call, called, refusal, sample, send, token_of
from tests.make import make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db


def test_a_token_for_a_day(client, ann, line):
    called(client, token_of(client, expires=86400))


@pytest.mark.parametrize(
    ("name", "remote"),
    [("with_a_message", "+13215551801"), ("as_a_form", "+13215551801"), ("json_numbers", "+13215551801")],
)
def test_calls_within_the_country(client, token, name, remote):
    made = called(client, token, sample(f"requests/{name}"), content_type=FORM if name == "as_a_form" else "application/json")
    assert (made.remote_e164, made.line.e164) == (remote, "+13215551081")


def test_a_call_abroad(client, token, acme):
    assert refusal(call(client, token, sample("requests/abroad")), 403).startswith("to:")
    DialPlan.objects.filter(tenant=acme).update(countries=["US", "SE"])
    made = called(client, token, sample("requests/abroad"))
    assert (made.remote_raw, made.remote_e164, made.line.e164) == ("46701234567", "+46701234567", "+13215551081")


def test_seven_digits_are_a_number_where_they_are_one(client):
    sweden = make_tenant("sweden")
    DialPlan.objects.create(tenant=sweden, countries=["US", "SE"], adopts_lines=True)
    made = called(client, make_token(sweden), sample("requests/seven_digits"))
    assert (made.remote_raw, made.remote_e164) == ("0409123", "")  # possible, but not sure


def test_fewer_are_refused(client, token):
    assert refusal(call(client, token, sample("requests/too_short")), 400).startswith("to:")


def test_the_page_works_with_the_lines_of_its_examples(client):
    clinic = make_tenant("clinic")
    owner = make_user(clinic, username="ann")
    make_sample_lines(clinic, owner)
    token = token_of(client)
    numbers = send(client, token, "GET", "/v2/fonenumbers?filter=fonenumbers").json()
    assert numbers == {"fonenumbers": [FONENUMBER]}
    made = called(client, token, sample("page_example"))
    assert (made.line.number, made.remote_e164, made.agent.user) == (FONENUMBER, "+13215551801", owner)
    assert called(client, token).origination.sources == ["0003*210"]


def test_the_pages_numbers_are_american_wherever_the_tenant_is(client):
    sweden = make_tenant("sweden")
    DialPlan.objects.create(tenant=sweden, countries=["US", "SE"], adopts_lines=True)
    made = called(client, make_token(sweden), sample("page_example"))
    assert (made.remote_e164, made.line.e164) == ("+13215551801", "+13215551081")

"""``create_tenant --sample-lines``: the numbers of the vendors' examples."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from calls import dialer
from calls.models import Line
from tenants.models import Tenant
from tests.calls.dialer.ordering import order

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened():
    out = io.StringIO()
    call_command("create_tenant", "clinic", "--sample-lines", "--format", "json", stdout=out)
    return json.loads(out.getvalue())


def test_makes_the_lines_of_the_pages(opened):
    lines = {line.number: line for line in Line.objects.select_related("agent__user")}
    assert lines.keys() == {"3215551081", "210", "0003*210", "0003*00"}
    assert [number for number, line in lines.items() if line.is_phone_terminal] == ["0003*210", "210"]
    assert lines["210"].agent.user.username == lines["0003*210"].agent.user.username == opened["username"]
    assert [number for number, line in lines.items() if line.is_sandbox] == ["0003*00"]


@pytest.mark.parametrize(("exchange", "is_trusted"), [("simulator", True), ("asterisk", False)])
def test_lines_of_a_real_exchange_are_for_an_operator_to_prove(settings, exchange, is_trusted):
    settings.CALLHUB_TELEPHONY = exchange
    call_command("create_tenant", "clinic", "--sample-lines", stdout=io.StringIO())
    trusted = Line.objects.filter(is_sandbox=False).values_list("backend", "is_proven", "shows_any_caller")
    assert set(trusted) == {(exchange, is_trusted, is_trusted)}


def test_without_the_option_there_are_none(db):
    call_command("create_tenant", "clinic", stdout=io.StringIO())
    assert not Line.objects.exists()


@pytest.mark.parametrize("written", ["210", "0003*210", " 0003*210 "])
def test_an_extension_is_found_in_both_forms(opened, written):
    assert dialer.find_line(Tenant.objects.get(), written).number == written.strip()


def test_a_short_form_finds_the_extended_line(opened):
    tenant = Tenant.objects.get()
    Line.objects.get(number="210").delete()
    assert dialer.find_line(tenant, "210").number == "0003*210"


def test_a_call_to_the_sandbox_is_played_even_from_a_real_telephone(opened, settings):
    line = Line.objects.get(number="210")
    line.backend = "asterisk"
    assert dialer.place(Tenant.objects.get(), order(line, "0003*00")).backend == "simulator"

"""Customers, people and tokens."""

from __future__ import annotations

import pytest

from tests.calls.dialects.hostedsuite.asking import (
    ask,
    items,
    refusal,
)
from tests.make import (
    make_call,
    make_operator,
    make_tenant,
    make_token,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("customer", ["acme", "ACME", " acme ", "Acme Reception AB", "acme reception ab"])
def test_a_customer_is_known_by_slug_or_name_in_any_case(client, five, customer):
    assert len(items(client, {"CustomerName": customer})) == 5


def test_a_name_beyond_ascii_is_known_in_any_case(client, ann, acme):
    acme.name = "ÅÄÖ Växel"
    acme.save()
    assert items(client, {"CustomerName": "åäö VÄXEL"}) == []


def test_of_customers_with_one_name_it_is_the_persons_own(client, five):
    twin = make_tenant("twin", name="Acme Reception AB")
    make_user(twin, username="olga")
    make_call(twin)
    assert len(items(client, {"CustomerName": "Acme Reception AB"})) == 5
    assert len(items(client, {"CustomerName": "Acme Reception AB", "UserName": "olga"})) == 1


def test_a_tenant_named_like_anothers_slug_does_not_take_its_place(client, five):
    trap = make_tenant("trap", name="acme")
    make_call(trap)
    assert len(items(client)) == 5
    refusal(ask(client, {"CustomerName": "trap"}), 401)


def test_an_operator_names_the_tenant_by_its_slug(client, five):
    operator = make_operator()
    assert len(items(client, {"UserName": operator.username})) == 5
    refusal(ask(client, {"UserName": operator.username, "CustomerName": "Acme Reception AB"}), 401)


def test_a_token_stands_in_the_passwords_place(client, five, acme, ann):
    assert len(items(client, {"Password": make_token(acme, ann)})) == 5
    refusal(ask(client, {"Password": make_token(acme)}), 401)  # somebody else's
    refusal(ask(client, {"Password": make_token(make_tenant("other"), ann)}), 401)


@pytest.mark.parametrize("change", ["person", "tenant"])
def test_a_closed_tenant_or_account_is_refused(client, acme, ann, change):
    row = ann if change == "person" else acme
    row.is_active = False
    row.save()
    refusal(ask(client), 401)


def test_a_number_for_a_name_is_taken_as_it_is_written(client, acme):
    user = make_user(acme, username="210")
    user.set_password("4711")
    user.save()
    assert items(client, {"UserName": 210, "Password": 4711}) == []

"""Tokens of /v2/auth, and API tokens in their place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from django.conf import settings
from django.core import signing
from django.utils import timezone

from calls.dialects.fonestorm.authentication import _key
from tenants.choices import Role, Scope
from tenants.models import ApiToken, Membership
from tests.calls.dialects.fonestorm.asking import FORM, call, called, refusal, send, token_of
from tests.make import PASSWORD, make_operator, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db


def auth(client, **fields):
    return send(client, "", "POST", "/v2/auth", {"username": "ann", "password": PASSWORD, **fields})


def numbers(client, token):
    return send(client, token, "GET", "/v2/fonenumbers")


def decoded(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_a_form_gets_one_too(client, ann):
    answer = send(client, "", "POST", "/v2/auth", f"username=ann&password={PASSWORD}&expires=60", content_type=FORM)
    assert numbers(client, answer.json()["auth"]["token"]).status_code == 200


def test_names_account_and_times_and_nothing_of_the_password(client, ann, acme, clock):
    claims = decoded(token_of(client))
    assert set(claims) == {"account", "holder", "iat", "exp"}
    assert claims["account"] == {"id": str(acme.pk)}
    assert datetime.fromtimestamp(claims["iat"], UTC) == timezone.now()
    assert claims["exp"] - claims["iat"] == 3600
    assert ann.password not in str(claims)
    assert ann.password.rsplit("$", 1)[-1] not in str(claims)


@pytest.mark.parametrize("expires", [60, "60", " 60 "])
def test_lives_as_long_as_asked(client, ann, expires):
    claims = decoded(token_of(client, expires=expires))
    assert claims["exp"] - claims["iat"] == 60


@pytest.mark.parametrize("expires", [None, ""])
def test_lives_an_hour_where_nothing_is_asked(client, ann, expires):
    claims = decoded(token_of(client, expires=expires))
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize("expires", [0, -1, "x", 1.5, True, [], "9" * 13, "٦٠"])
def test_refuses_what_is_no_number_of_seconds(client, ann, expires):
    assert refusal(auth(client, expires=expires), 400).startswith("expires:")


@pytest.mark.parametrize("name", ["username", "password"])
@pytest.mark.parametrize("value", [None, "", {}, True])
def test_names_the_field_that_is_missing(client, ann, name, value):
    assert refusal(auth(client, **{name: value}), 400).startswith(f"{name}:")


def test_ends_with_the_password(client, ann, line):
    token = token_of(client)
    assert numbers(client, token).status_code == 200
    ann.set_password("another-password")
    ann.save()
    refusal(numbers(client, token), 401)


def test_ends_with_the_place_in_the_account(client, ann):
    token = token_of(client)
    Membership.objects.get(user=ann).delete()
    refusal(numbers(client, token), 401)


def test_ends_with_the_person(client, ann):
    token = token_of(client)
    ann.is_active = False
    ann.save()
    refusal(numbers(client, token), 401)


def test_ends_with_the_account_and_does_not_pass_to_another(client, ann, acme):
    Membership.objects.create(tenant=make_tenant("other"), user=ann, role=Role.OWNER)
    token = token_of(client)
    assert decoded(token)["account"] == {"id": str(acme.pk)}
    acme.is_active = False
    acme.save()
    refusal(numbers(client, token), 401)


def test_ends_with_the_api_token_it_was_asked_for_with(client, ann, acme):
    token = token_of(client, password=make_token(acme, ann))
    assert numbers(client, token).status_code == 200
    ApiToken.objects.update(revoked_at=timezone.now())
    refusal(numbers(client, token), 401)


def test_may_no_more_than_the_api_token_it_was_asked_for_with(client, ann, acme, line):
    token = token_of(client, password=make_token(acme, ann, scope=Scope.READ))
    assert numbers(client, token).status_code == 200
    refusal(call(client, token), 403)


def test_may_what_its_holder_may_now(client, ann, line):
    token = token_of(client)
    Membership.objects.update(role=Role.VIEWER)
    refusal(call(client, token), 403)
    assert numbers(client, token).status_code == 200


def test_an_operator_without_a_place_gets_none(client, acme):
    refusal(auth(client, username=make_operator().username), 401)


def test_an_api_tokens_secret_is_taken_in_its_place(client, token, line):
    assert numbers(client, token).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refusal(numbers(client, token), 401)


@pytest.mark.parametrize("algorithm", ["none", "HS384"])
def test_no_other_algorithm_is_taken(client, ann, algorithm):
    claims = decoded(token_of(client))
    key = None if algorithm == "none" else _key() * 2
    refusal(numbers(client, jwt.encode(claims, key, algorithm=algorithm)), 401)


def test_no_other_key_is_taken(client, ann):
    claims = decoded(token_of(client))
    for key in (settings.SECRET_KEY.encode() * 2, b"x" * 32):
        refusal(numbers(client, jwt.encode(claims, key)), 401)
    refusal(numbers(client, signing.dumps(claims)), 401)


@pytest.mark.parametrize("missing", ["exp", "iat", "holder"])
def test_nothing_may_be_left_out_of_it(client, ann, missing):
    claims = {name: value for name, value in decoded(token_of(client)).items() if name != missing}
    refusal(numbers(client, jwt.encode(claims, _key())), 401)


@pytest.mark.parametrize("missing", ["user", "password", "tenant", "scope", "api_token"])
def test_one_of_an_older_kind_is_refused(client, ann, missing):
    claims = decoded(token_of(client))
    del claims["holder"][missing]
    refusal(numbers(client, jwt.encode(claims, _key())), 401)


def test_wrong_passwords_are_limited_and_tokens_go_on(client, ann, clock):
    token = token_of(client)
    for _ in range(10):
        refusal(auth(client, password="wrong"), 401)
    answer = auth(client, password="wrong")
    refusal(answer, 429)
    assert 1 <= int(answer["Retry-After"]) <= 15 * 60
    assert numbers(client, token).status_code == 200


def test_ten_requests_a_second_are_answered_and_no_more(client, ann, acme, clock):
    token, other = make_token(acme, ann), make_token(make_tenant("other"))
    answers = [numbers(client, token) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    refusal(answers[-1], 429)
    assert answers[-1]["Retry-After"] == "1"
    assert numbers(client, other).status_code == 200
    clock.shift(timedelta(seconds=1))
    assert numbers(client, token).status_code == 200


def test_a_wrong_token_spends_nobodys_budget(client, ann, token, clock):
    for _ in range(20):
        refusal(numbers(client, "wrong"), 401)
    assert numbers(client, token).status_code == 200


def test_one_account_is_asked_for_though_the_person_has_two(client, acme, ann, line):
    other = make_tenant("other", country="US")
    Membership.objects.create(tenant=other, user=ann, role=Role.OWNER)
    assert called(client, token_of(client)).tenant == acme
    olga = make_user(other, username="olga")
    assert decoded(token_of(client, username=olga.username))["account"] == {"id": str(other.pk)}

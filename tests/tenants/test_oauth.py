"""Access tokens for applications: who gets one, what it stands for, how long it lives."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tenants import oauth
from tenants.authentication import CredentialsRefused
from tenants.choices import AppLevel
from tenants.models import AccessToken, OAuthApp
from tests.make import make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant("acme")


@pytest.fixture
def ann(tenant):
    return make_user(tenant, username="ann")


@pytest.fixture
def app(tenant, ann):
    return oauth.make_app(tenant, name="CRM", user=ann)


def ask(app, **fields):
    row, secret = app
    return oauth.grant({"grant_type": "client_credentials", "client_id": row.client_id, "client_secret": secret, **fields})


def token_of(app):
    return ask(app).body["access_token"]


def test_id_and_secret_give_a_token_for_two_hours(app, ann):
    answer = ask(app)
    assert answer.status == 200
    assert set(answer.body) == {"access_token", "expires_in", "token_type"}
    assert (answer.body["token_type"], answer.body["expires_in"]) == ("Bearer", 7200)
    holder = oauth.by_access_token(answer.body["access_token"])
    assert (holder.level, holder.principal.user) == (AppLevel.USER, ann)


def test_they_may_come_as_basic_credentials(app):
    row, secret = app
    header = "Basic " + base64.b64encode(f"{row.client_id}:{secret}".encode()).decode()
    assert oauth.grant({"grant_type": "client_credentials"}, header).status == 200


@pytest.mark.parametrize(
    "wrong",
    [{"client_secret": "x" * 32}, {"client_id": "x" * 32}, {"client_id": "é\0"}, {"client_secret": ""}, {"client_secret": "é"}],
)
def test_a_wrong_id_is_answered_like_a_wrong_secret(app, wrong):
    answer = ask(app, **wrong)
    assert 400 <= answer.status < 500
    assert answer.body == {"error": "invalid_client"}
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("grant_type", ["password", "authorization_code", "refresh_token", "", 'x"\\'])
def test_no_other_grant_is_offered(app, grant_type):
    answer = ask(app, grant_type=grant_type, username="ann", password="a-right-password")
    assert (answer.status, answer.body["error"]) == (400, "unsupported_grant_type")


def test_neither_secret_nor_token_is_stored(app):
    _row, secret = app
    token = token_of(app)
    kept = str(OAuthApp.objects.values().get()) + str(AccessToken.objects.values().get())
    assert secret not in kept
    assert token not in kept


def test_an_expired_token_opens_nothing(app):
    token = token_of(app)
    AccessToken.objects.update(expires_at=timezone.now())
    with pytest.raises(CredentialsRefused):
        oauth.by_access_token(token)


@pytest.mark.parametrize("end", ["revoked", "person", "member", "tenant"])
def test_a_token_ends_with_what_it_stands_for(app, tenant, ann, end):
    token = token_of(app)
    if end == "revoked":
        OAuthApp.objects.update(revoked_at=timezone.now())
    elif end == "member":
        ann.memberships.all().delete()
    else:
        row = ann if end == "person" else tenant
        row.is_active = False
        row.save()
    with pytest.raises(CredentialsRefused):
        oauth.by_access_token(token)
    assert ask(app).body == {"error": "invalid_client"}


def test_an_api_token_stands_for_its_owner(tenant, ann):
    holder = oauth.by_access_token(make_token(tenant, ann))
    assert (holder.level, holder.tenant, holder.principal.user) == (AppLevel.USER, tenant, ann)


def test_only_an_administrator_reaches_the_tenants_below(tenant):
    client = make_tenant("client", parent=tenant)
    below = make_tenant("below", parent=client)
    make_tenant("closed", parent=tenant, is_active=False)
    make_tenant("other")
    reached = {}
    for level in (AppLevel.ORGANIZATION, AppLevel.ADMINISTRATOR):
        app = oauth.make_app(tenant, name=level, level=level)
        reached[level] = oauth.by_access_token(token_of(app)).tenants()
    assert reached == {AppLevel.ORGANIZATION: [tenant], AppLevel.ADMINISTRATOR: [tenant, client, below]}


@pytest.mark.parametrize(("level", "has_user"), [("user", False), ("organization", True), ("administrator", True)])
def test_only_an_application_of_the_user_level_belongs_to_a_person(tenant, ann, level, has_user):
    app = OAuthApp(tenant=tenant, name="x", level=level, user=ann if has_user else None)
    app.renew_credentials()
    with pytest.raises(ValidationError, match="belongs to a person"):
        app.full_clean()


def test_old_tokens_are_forgotten(app):
    token_of(app)
    now = timezone.now()
    assert oauth.forget_old(now + timedelta(hours=20)) == 0
    assert oauth.forget_old(now + timedelta(hours=27)) == 1


def test_members_are_numbered_and_no_number_comes_back(tenant):
    first, second = (make_user(tenant).memberships.get() for _ in range(2))
    assert (first.number, second.number) == (1, 2)
    second.delete()
    assert make_user(tenant).memberships.get().number == 3
    assert make_user(make_tenant()).memberships.get().number == 1

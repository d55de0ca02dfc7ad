"""OAuth applications in the admin."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tenants import oauth
from tenants.choices import AppLevel, Role
from tenants.models import OAuthApp
from tests.make import make_center, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

ADD = "admin:tenants_oauthapp_add"


@pytest.fixture
def tenant():
    return make_tenant("acme")


@pytest.fixture
def owner(tenant):
    return staff(tenant, Role.OWNER)


@pytest.fixture
def client(owner):
    return signed_in(owner)


def page(name, *args):
    return reverse(f"admin:tenants_oauthapp_{name}", args=args)


@pytest.mark.parametrize("level", AppLevel.values)
def test_its_secret_is_shown_once_and_gets_a_token(client, owner, tenant, level):
    answer = client.post(reverse(ADD), {"name": "CRM", "level": level})
    text = answer.content.decode()
    app = OAuthApp.objects.get(name="CRM")
    secret = re.search(r'id="secret"[^>]*>(\w{32})<', text)[1]
    assert app.client_id in text
    assert "no-store" in answer.headers["Cache-Control"]
    fields = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": secret}
    holder = oauth.by_access_token(oauth.grant(fields).body["access_token"])
    assert (holder.level, holder.tenant) == (level, tenant)
    assert (holder.principal.user if holder.principal else None) == (owner if level == AppLevel.USER else None)
    for address in (page("change", app.pk), page("changelist")):
        told = client.get(address).content.decode()
        assert app.client_id in told
        assert secret not in told
        assert app.secret_digest not in told


def test_it_is_revoked_after_being_asked_and_never_edited(client, tenant, owner):
    app, secret = oauth.make_app(tenant, name="CRM", user=owner)
    fields = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": secret}
    assert b"Revoke" in client.get(page("revoke", app.pk)).content
    assert oauth.grant(fields).status == 200  # looking does nothing
    assert client.post(page("revoke", app.pk)).status_code == 302
    assert oauth.grant(fields).body == {"error": "invalid_client"}
    assert client.post(page("revoke", app.pk)).status_code == 403
    assert client.post(page("change", app.pk), {"name": "x", "level": "administrator"}).status_code == 403
    assert client.post(page("delete", app.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AGENT, Role.VIEWER])
def test_only_owners_see_and_make_them(tenant, role):
    client = signed_in(staff(tenant, role))
    for address in (page("changelist"), page("add")):
        assert client.get(address).status_code == 403
    assert client.post(reverse(ADD), {"name": "x", "level": "organization"}).status_code == 403
    assert not OAuthApp.objects.exists()


@pytest.mark.parametrize("level", [AppLevel.ORGANIZATION, AppLevel.ADMINISTRATOR])
def test_an_owner_of_one_center_makes_none_that_sees_further(client, owner, tenant, level):
    owner.memberships.update(center=make_center(tenant))
    assert b"one center only" in client.post(reverse(ADD), {"name": "x", "level": level}).content
    assert not OAuthApp.objects.exists()
    client.post(reverse(ADD), {"name": "x", "level": "user"})
    assert OAuthApp.objects.get().user == owner


def test_another_tenants_cannot_be_revoked(client):
    other = make_tenant("other")
    app, _secret = oauth.make_app(other, name="CRM", level=AppLevel.ORGANIZATION)
    assert client.post(page("revoke", app.pk)).status_code == 403
    app.refresh_from_db()
    assert app.revoked_at is None

"""A changed password ends what was signed in with the old one, and says so for what was not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tenants import oauth
from tenants.models import ApiToken, Membership, OAuthApp
from tests.make import PASSWORD, make_operator, make_tenant, make_token
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
NEW = "an-altogether-new-one"


@pytest.fixture
def tenant():
    return make_tenant("acme")


@pytest.fixture
def ann(tenant):
    user = staff(tenant, "owner", username="ann")
    make_token(tenant, user)
    oauth.make_app(tenant, name="Dialler", user=user)
    return user


def own(ann):
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    return signed_in(ann), reverse("admin:password_change"), form


def by_owner(ann):
    place = ann.memberships.get()
    form = {"role": "owner", "password": NEW, "is_staff": "on"}
    client = signed_in(staff(place.tenant, "owner", username="another"))
    return client, reverse("admin:tenants_membership_change", args=[place.pk]), form


def by_operator(ann):
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    return signed_in(make_operator()), reverse("admin:auth_user_password_change", args=[ann.pk]), form


WAYS = [own, by_owner, by_operator]


def usable():
    return ApiToken.objects.filter(revoked_at=None).count() + OAuthApp.objects.filter(revoked_at=None).count()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_form_asks_and_has_it_ticked(ann, way):
    client, address, _form = way(ann)
    page = client.get(address).content.decode()
    [tag] = [part for part in page.split("<input")[1:] if 'name="revokes_tokens"' in part.partition(">")[0]]
    assert "checked" in tag.partition(">")[0]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_tokens_and_applications_are_revoked_where_it_is_ticked(ann, way):
    client, address, form = way(ann)
    make_token(ann.memberships.get().tenant, staff(ann.memberships.get().tenant, "owner", username="bystander"))
    assert client.post(address, {**form, "revokes_tokens": "on"}).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(NEW)
    assert usable() == 1


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_they_stay_where_it_is_not(ann, way):
    client, address, form = way(ann)
    assert client.post(address, form).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(NEW)
    assert usable() == 2


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_other_browser_is_signed_out(ann, way):
    elsewhere = signed_in(ann)
    client, address, form = way(ann)
    client.post(address, form)
    assert elsewhere.get(reverse("admin:index")).status_code == 302
    assert client.get(reverse("admin:index")).status_code == 200


def test_other_changes_of_a_member_revoke_nothing(ann):
    client, address, form = by_owner(ann)
    client.post(address, {**form, "password": "", "first_name": "Ann", "revokes_tokens": "on"})
    assert Membership.objects.get(user__first_name="Ann").user == ann
    assert usable() == 2


def test_a_refused_change_revokes_nothing(ann):
    client, address, form = own(ann)
    assert client.post(address, {**form, "old_password": "wrong", "revokes_tokens": "on"}).status_code == 200
    assert usable() == 2

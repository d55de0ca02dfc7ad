"""What tenants and the people who work for them may be; every rule says what to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from tenants.choices import Scope
from tenants.models import ApiToken, Center, Membership, Tenant, User
from tenants.models.tenant import RESERVED_SLUGS
from tenants.models.token import digest_of
from tests.make import make_center, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db


def refusal(row: models.Model) -> dict[str, list[str]]:
    """The messages of a row that is refused, by field."""
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    return refused.value.message_dict


@pytest.mark.parametrize("slug", ["acme", "Acme-2_x", "5adb2e2a-e1bd-4f2b-8ef1-d3c1ae5e1f8m", "x" * 64])
def test_a_slug_is_opaque(slug: str) -> None:
    Tenant(slug=slug, name="Acme").full_clean()


@pytest.mark.parametrize("slug", ["", "a b", "a/b", "å", "a\n", "x" * 65, "a.b"])
def test_a_slug_fits_an_address(slug: str) -> None:
    assert "slug" in refusal(Tenant(slug=slug, name="Acme"))


@pytest.mark.parametrize("slug", [*sorted(RESERVED_SLUGS), "Admin", "API"])
def test_the_address_of_a_door_names_no_tenant(slug: str) -> None:
    assert "reserved" in refusal(Tenant(slug=slug, name="Acme"))["slug"][0]


def test_a_slug_is_taken_once() -> None:
    make_tenant("acme")
    assert "already exists" in refusal(Tenant(slug="acme", name="Acme"))["slug"][0]


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "CET+1"])
def test_a_zone_is_one_of_the_worlds(zone: str) -> None:
    assert "time_zone" in refusal(Tenant(slug="acme", name="Acme", time_zone=zone))
    assert Tenant(time_zone="Europe/Stockholm").zone.key == "Europe/Stockholm"


@pytest.mark.parametrize("country", ["se", "XX", "SWE", "", "1A"])
def test_a_country_has_a_numbering_plan(country: str) -> None:
    assert "country" in refusal(Tenant(slug="acme", name="Acme", country=country))


def test_nobody_is_their_own_reseller() -> None:
    top, middle, bottom = make_tenant(), make_tenant(), make_tenant()
    middle.parent, bottom.parent = top, middle
    middle.save()
    bottom.save()
    top.parent = bottom
    assert refusal(top) == {"parent": ["That would make the tenant its own reseller."]}
    top.parent = top
    assert "parent" in refusal(top)
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.filter(pk=top.pk).update(parent=top.pk)


def test_a_reseller_with_clients_cannot_be_deleted() -> None:
    make_tenant(parent=(reseller := make_tenant()))
    with pytest.raises(models.ProtectedError):
        reseller.delete()


def test_an_owner_sees_their_tenants_and_an_operator_all() -> None:
    mine, _ = make_tenant(), make_tenant()
    owner, operator = make_user(mine), make_user(is_superuser=True)
    assert list(Tenant.objects.visible_to(owner)) == [mine]
    assert Tenant.objects.visible_to(operator).count() == 2
    for user in (owner, operator):
        user.is_active = False
        assert not Tenant.objects.visible_to(user).exists()


@pytest.mark.parametrize("fields", [{"name": "Reception"}, {"name": "Other", "external_id": "r"}])
def test_a_center_is_there_once_per_tenant(fields: dict[str, Any]) -> None:
    tenant = make_tenant()
    make_center(tenant, name="Reception", external_id="r")
    assert "already" in str(refusal(Center(tenant=tenant, **fields)))
    Center(tenant=make_tenant(), **fields).full_clean()


def test_a_person_is_a_member_once_and_limited_to_a_center_of_the_tenant() -> None:
    tenant = make_tenant()
    user = make_user(tenant)
    assert "already" in str(refusal(Membership(tenant=tenant, user=user)))
    strange = Membership(tenant=tenant, user=make_user(), center=make_center(make_tenant()))
    assert refusal(strange) == {"center": ["This center belongs to another tenant."]}


def test_a_token_is_kept_as_a_hash() -> None:
    secret = make_token(make_tenant())
    token = ApiToken.objects.get(digest=digest_of(secret))
    assert secret.startswith(token.prefix + "_")
    kept = [str(getattr(token, field.attname)) for field in ApiToken._meta.concrete_fields]
    assert not any(secret.removeprefix(token.prefix + "_") in text for text in kept)


def test_a_token_is_usable_until_it_expires_or_is_revoked_or_its_owner_or_tenant_goes() -> None:
    now, tenant = timezone.now(), make_tenant()
    good = make_token(tenant, expires_at=now + timedelta(hours=1), scope=Scope.READ)
    make_token(tenant, expires_at=now - timedelta(hours=1))
    make_token(tenant, revoked_at=now)
    make_token(tenant, make_user(tenant, is_active=False))
    make_token(make_tenant(is_active=False))
    usable = ApiToken.objects.usable()
    assert [token.digest for token in usable] == [digest_of(good)]
    assert [token.is_usable for token in usable] == [True]


def test_a_person_is_shown_by_name_or_user_name() -> None:
    assert str(User(username="anna")) == "anna"
    assert str(User(username="anna", first_name="Anna", last_name="Berg")) == "Anna Berg"


def test_a_center_somebody_is_limited_to_goes_only_with_its_tenant() -> None:
    tenant = make_tenant()
    center = make_center(tenant)
    make_user(tenant, center=center)
    with pytest.raises(models.RestrictedError):
        center.delete()
    tenant.delete()
    assert not Center.objects.exists()

"""Opening a tenant, by function and by command."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from tenants.authentication import by_password, by_token
from tenants.choices import Role, Scope
from tenants.models import Tenant, User
from tenants.onboarding import open_tenant
from tests.make import make_tenant

pytestmark = pytest.mark.django_db


def create_tenant(*args: str) -> str:
    out = StringIO()
    call_command("create_tenant", *args, stdout=out)
    return out.getvalue()


def test_prints_one_json_object_whose_credentials_open_the_tenant() -> None:
    shown = json.loads(create_tenant("clinic", "--name", "The Clinic", "--country", "SE", "--format", "json"))

    assert set(shown) == {"tenant", "name", "username", "password", "token", "client_id", "client_secret"}
    assert (shown["tenant"], shown["name"], shown["username"]) == ("clinic", "The Clinic", "owner@clinic")
    by_name, holder = by_password(shown["username"], shown["password"]), by_token(shown["token"])
    assert by_name.tenant == holder.tenant == Tenant.objects.get(slug="clinic")
    assert holder.scope == Scope.MANAGE
    assert holder.may_manage
    assert by_name.may_manage


def test_the_owner_may_use_the_admin_but_not_run_the_installation() -> None:
    owner = open_tenant("clinic").owner
    assert owner.is_staff
    assert not owner.is_superuser
    assert owner.memberships.get().role == Role.OWNER


def test_the_text_form_shows_the_same_names() -> None:
    assert [line.split()[0] for line in create_tenant("clinic").splitlines()] == [
        "tenant", "name", "username", "password", "token", "client_id", "client_secret",
    ]  # fmt: skip


@pytest.mark.parametrize(("option", "is_open"), [("--open-ingest", True), ("--no-open-ingest", False)])
def test_open_ingest_is_a_switch(option: str, is_open: bool) -> None:
    create_tenant("clinic", option)
    assert Tenant.objects.get(slug="clinic").open_ingest is is_open


def test_outside_production_open_ingest_is_on_for_tenants_made_by_the_command_only() -> None:
    create_tenant("clinic")
    assert Tenant.objects.get(slug="clinic").open_ingest
    assert not open_tenant("other").tenant.open_ingest


def test_the_country_may_be_written_small_and_the_parent_is_found() -> None:
    reseller = make_tenant("reseller")
    create_tenant("clinic", "--country", "no", "--time-zone", "Europe/Oslo", "--parent", "reseller")
    clinic = Tenant.objects.get(slug="clinic")
    assert (clinic.country, clinic.time_zone, clinic.parent) == ("NO", "Europe/Oslo", reseller)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["taken"], "slug: Tenant with this Slug already exists"),
        (["api"], "slug: “api” is reserved"),
        (["a b"], "slug: Letters, digits"),
        (["x" * 65], "slug: .*64"),
        (["clinic", "--time-zone", "Mars/Base"], "time_zone: “Mars/Base” is not an IANA time zone"),
        (["clinic", "--country", "XX"], "country: “XX” is not a country"),
        (["clinic", "--parent", "nobody"], "parent: There is no tenant “nobody”"),
        (["clinic", "--username", "a:b"], "username: "),
        (["clinic", "--username", "user@taken"], "username: "),
    ],
)
def test_a_refusal_names_the_field_and_leaves_nothing(args: list[str], message: str) -> None:
    make_tenant("taken")
    User.objects.create(username="user@taken")
    before = (Tenant.objects.count(), User.objects.count())

    with pytest.raises(CommandError, match=message) as refused:
        create_tenant(*args)

    assert refused.value.returncode in (1, 2)
    assert (Tenant.objects.count(), User.objects.count()) == before


def test_a_user_name_taken_leaves_no_tenant() -> None:
    User.objects.create(username="owner@clinic")
    with pytest.raises(ValidationError):
        open_tenant("clinic")
    assert not Tenant.objects.filter(slug="clinic").exists()


def test_in_production_new_tenants_take_no_calls_without_credentials(settings) -> None:
    settings.PRODUCTION = True
    create_tenant("clinic")
    create_tenant("asked", "--open-ingest")
    assert dict(Tenant.objects.values_list("slug", "open_ingest")) == {"clinic": False, "asked": True}


def test_says_so_where_calls_are_taken_without_credentials(settings) -> None:
    said = []
    for production in (False, True):
        settings.PRODUCTION, err = production, StringIO()
        call_command("create_tenant", f"clinic-{production}", stdout=StringIO(), stderr=err)
        said.append(err.getvalue())
    assert "/clinic-False/calls without credentials" in said[0]
    assert not said[1]

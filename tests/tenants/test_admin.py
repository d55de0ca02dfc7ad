"""The admin of tenants, members and tokens, and what surrounds every admin page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tenants.choices import Role
from tenants.models import ApiToken, Membership, Tenant, User
from tests.make import PASSWORD, make_call, make_operator, make_tenant, make_token, make_user, noon_zone
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant("our-tenant")


@pytest.fixture
def owner(tenant):
    return staff(tenant, "owner")


@pytest.fixture
def client(owner):
    return signed_in(owner)


# Tokens


def test_a_tokens_secret_is_shown_once_and_opens_the_door(client, owner, tenant):
    answer = client.post(reverse("admin:tenants_apitoken_add"), {"name": "PBX", "scope": "write"})
    secret = re.search(r"chub_[0-9a-f]{8}_[\w-]+", answer.content.decode())[0]
    token = ApiToken.objects.get(name="PBX")
    assert (token.user, token.tenant, token.scope) == (owner, tenant, "write")
    assert "no-store" in answer.headers["Cache-Control"]
    from tenants.authentication import by_token

    assert by_token(secret).token_id == token.pk
    for page in (reverse("admin:tenants_apitoken_change", args=[token.pk]), reverse("admin:tenants_apitoken_changelist")):
        text = client.get(page).content.decode()
        assert secret not in text
        assert token.digest not in text
    assert client.get(reverse("admin:index")).content.decode().count(secret) == 0


def test_a_token_is_revoked_after_being_asked_and_never_edited(client, tenant, owner):
    make_token(tenant, owner)
    token = ApiToken.objects.get()
    revoke = reverse("admin:tenants_apitoken_revoke", args=[token.pk])
    assert b"Revoke" in client.get(revoke).content
    token.refresh_from_db()
    assert token.is_usable  # looking does nothing
    assert client.post(revoke).status_code == 302
    token.refresh_from_db()
    assert not token.is_usable
    assert client.post(revoke).status_code == 403
    assert (
        client.post(reverse("admin:tenants_apitoken_change", args=[token.pk]), {"name": "x", "scope": "manage"}).status_code
        == 403
    )
    assert client.post(reverse("admin:tenants_apitoken_delete", args=[token.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AGENT, Role.VIEWER])
def test_only_owners_see_and_make_tokens_and_members(tenant, role):
    client = signed_in(staff(tenant, role))
    for page in ("apitoken_changelist", "apitoken_add", "membership_changelist", "membership_add"):
        assert client.get(reverse(f"admin:tenants_{page}")).status_code == 403
    assert client.post(reverse("admin:tenants_apitoken_add"), {"name": "x", "scope": "read"}).status_code == 403
    assert not ApiToken.objects.exists()


def test_a_token_says_whether_it_is_usable(client, tenant, owner):
    make_token(tenant, owner, expires_at=timezone.now() - timedelta(days=1))
    assert "Expired" in client.get(reverse("admin:tenants_apitoken_changelist")).content.decode()


# Members


def member(**told):
    return {"username": "new@here", "password": "a-long-enough-one", "is_staff": "on", "role": "agent", **told}


def test_an_owner_adds_a_member_who_can_sign_in(client, tenant):
    assert (
        client.post(reverse("admin:tenants_membership_add"), member(first_name="Eva", time_zone="Asia/Tokyo")).status_code == 302
    )
    user = User.objects.get(username="new@here")
    assert (user.is_staff, user.is_superuser, user.first_name, user.time_zone) == (True, False, "Eva", "Asia/Tokyo")
    assert Membership.objects.get(user=user).role == "agent"
    from django.test import Client

    fresh = Client()
    login = fresh.post(reverse("admin:login"), {"username": "new@here", "password": "a-long-enough-one"})
    assert login.status_code == 302
    assert fresh.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("password", "short", "too short"),
        ("password", "password123", "too common"),
        ("username", "no spaces please", "valid username"),
        ("email", "nonsense", "valid email"),
        ("role", "operator", "Select a valid choice"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ("username", "taken", "already exists"),
    ],
)
def test_a_member_that_cannot_be_is_refused_at_its_field(client, field, value, words):
    make_user(username="taken")
    answer = client.post(reverse("admin:tenants_membership_add"), member(**{field: value}))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not User.objects.filter(username="new@here").exists()


def test_an_owner_cannot_make_an_operator(client, tenant):
    client.post(reverse("admin:tenants_membership_add"), member(is_superuser="on", user_permissions="1"))
    assert not User.objects.get(username="new@here").is_superuser
    for page in ("user_changelist", "user_add"):
        assert client.get(reverse(f"admin:tenants_{page}")).status_code == 403


def test_an_owner_changes_role_name_and_password_of_their_own_people(client, tenant):
    place = Membership.objects.get(user=staff(tenant, "agent"))
    form = {"role": "manager", "first_name": "Eva", "password": "another-long-one", "is_staff": "on"}
    assert client.post(reverse("admin:tenants_membership_change", args=[place.pk]), form).status_code == 302
    place.refresh_from_db()
    assert (place.role, place.user.first_name) == ("manager", "Eva")
    assert place.user.check_password("another-long-one")
    client.post(reverse("admin:tenants_membership_change", args=[place.pk]), {**form, "password": ""})
    assert User.objects.get(pk=place.user_id).check_password("another-long-one")


@pytest.mark.parametrize("kind", ["operator", "shared"])
def test_a_log_in_that_is_not_only_theirs_is_not_theirs_to_change(client, tenant, kind):
    user = make_operator() if kind == "operator" else make_user(make_tenant(), "viewer", is_staff=True)
    place = Membership.objects.create(tenant=tenant, user=user, role="agent")
    form = {"role": "viewer", "first_name": "Stolen", "password": "another-long-one", "email": "thief@example.com"}
    client.post(reverse("admin:tenants_membership_change", args=[place.pk]), form)
    user.refresh_from_db()
    place.refresh_from_db()
    assert place.role == "viewer"  # their place in this tenant is the owner's to give
    assert (user.first_name, user.email, user.is_staff) == ("", "user@example.com", True)
    assert user.check_password(PASSWORD)


def test_an_owner_cannot_lower_or_remove_themselves(client, owner):
    place = Membership.objects.get(user=owner)
    change = reverse("admin:tenants_membership_change", args=[place.pk])
    assert b"cannot lower your own role" in client.post(change, {"role": "viewer", "is_staff": "on"}).content
    assert client.post(reverse("admin:tenants_membership_delete", args=[place.pk]), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [str(place.pk)], "post": "yes"}
    client.post(reverse("admin:tenants_membership_changelist"), selected)
    assert Membership.objects.get(user=owner).role == "owner"


def test_an_owner_removes_a_member_and_the_person_stays(client, tenant):
    place = Membership.objects.get(user=staff(tenant, "agent"))
    assert client.post(reverse("admin:tenants_membership_delete", args=[place.pk]), {"post": "yes"}).status_code == 302
    assert not Membership.objects.filter(pk=place.pk).exists()
    assert User.objects.filter(pk=place.user_id).exists()


# Tenants


def settings_of(**told):
    return {"name": "New name", "time_zone": "Europe/Stockholm", "country": "se", "open_ingest": "on", **told}


def test_an_owner_sets_their_tenants_settings_only(client, tenant):
    forged = {"slug": "admin-x", "is_active": "", "monthly_deposits": "9", "parent": str(make_tenant().pk)}
    assert client.post(reverse("admin:tenants_tenant_change", args=[tenant.pk]), settings_of(**forged)).status_code == 302
    tenant.refresh_from_db()
    assert (tenant.name, tenant.country, tenant.slug, tenant.is_active, tenant.parent) == (
        "New name",
        "SE",
        "our-tenant",
        True,
        None,
    )
    assert tenant.monthly_deposits is None
    assert client.get(reverse("admin:tenants_tenant_add")).status_code == 403
    assert client.post(reverse("admin:tenants_tenant_delete", args=[tenant.pk]), {"post": "yes"}).status_code == 403


def test_a_manager_reads_the_settings_and_cannot_set_them(tenant):
    client = signed_in(staff(tenant, "manager"))
    page = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    assert "/our-tenant/calls" in client.get(page).content.decode()
    assert client.post(page, settings_of()).status_code == 403


def test_an_operator_opens_and_closes_tenants():
    client = signed_in(make_operator())
    form = settings_of(slug="brand-new", is_active="on", open_ingest="")
    assert client.post(reverse("admin:tenants_tenant_add"), form).status_code == 302
    made = Tenant.objects.get(slug="brand-new")
    assert not made.open_ingest
    reserved = client.post(reverse("admin:tenants_tenant_add"), {**form, "slug": "planhat"})
    assert "is reserved" in reserved.content.decode()
    client.post(reverse("admin:tenants_tenant_change", args=[made.pk]), settings_of(slug="brand-new", is_active=""))
    made.refresh_from_db()
    assert not made.is_active


# Surroundings


def test_only_the_admin_may_compile_expressions(client):
    admin = client.get(reverse("admin:index")).headers["Content-Security-Policy"]
    elsewhere = client.get("/health/live").headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in admin
    assert "'unsafe-eval'" not in elsewhere
    for policy in (admin, elsewhere):
        scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe-inline" not in scripts
        assert "http" not in policy


def test_figures_of_the_first_page_open_exactly_the_calls_they_count(client, tenant):
    Tenant.objects.filter(pk=tenant.pk).update(time_zone=noon_zone())
    from calls.choices import Disposition

    for fields in ({"disposition": Disposition.NO_ANSWER}, {"is_flagged": True}, {"seconds": None}, {}):
        number = "+46709876543" if "disposition" in fields else "+46701234567"
        make_call(tenant, number, started_at=timezone.now() - timedelta(seconds=90), **fields)
    make_call(tenant, is_flagged=True)
    make_call(tenant, seconds=None)
    answer = client.get(reverse("admin:index"))
    figures = {str(card.label): card for card in answer.context["cards"]}
    expected = {"calls today": 4, "missed today": 1, "unmatched today": 4, "flagged, of all time": 2, "going on now": 2}
    assert {label: int(card.figure) for label, card in figures.items()} == expected
    for label, card in figures.items():
        assert client.get(card.address).context["cl"].result_count == expected[label], label


def test_the_first_page_of_an_empty_tenant_shows_how_to_log_a_call(client):
    assert "/our-tenant/calls" in client.get(reverse("admin:index")).content.decode()


def test_navigation_leads_only_where_a_person_may_go(tenant):
    for role in Role.values:
        client = signed_in(staff(tenant, role))
        groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
        links = [item["link"] for group in groups for item in group["items"]]
        assert len(links) >= 8
        assert {client.get(link).status_code for link in links} == {200}, role


@pytest.mark.parametrize("address", ["/", "/admin"])
def test_the_bare_address_leads_to_the_admin_but_takes_no_calls(client, address):
    assert client.get(address).headers["Location"] == "/admin/"
    assert client.post(address).status_code == 405


def test_a_form_without_its_token_is_refused(owner, tenant):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(reverse("admin:tenants_apitoken_add"), {"name": "x", "scope": "read"}).status_code == 403
    assert not ApiToken.objects.exists()


def test_nothing_is_framed_or_kept_by_browsers(client):
    answer = client.get(reverse("admin:index"))
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("country", "told", "kept"), [("SE", "031", "31"), ("SE", "8", "8"), ("IT", "06", "06"), ("US", "212", "212"), ("SE", "", "")]
)
def test_an_area_code_is_stored_without_the_zero_that_is_dialled_before_it(client, tenant, country, told, kept):
    form = settings_of(country=country, area_code=told)
    assert client.post(reverse("admin:tenants_tenant_change", args=[tenant.pk]), form).status_code == 302
    tenant.refresh_from_db()
    assert tenant.area_code == kept


@pytest.mark.parametrize("told", ["0x8", "+46", "123456", "8 1"])
def test_an_area_code_is_digits(client, tenant, told):
    answer = client.post(reverse("admin:tenants_tenant_change", args=[tenant.pk]), settings_of(area_code=told))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"area_code"}

"""No page of the admin shows, offers, takes or changes anything of another tenant."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from calls.models import Call, Line, Tag
from contacts.models import Agent, Company, Contact
from tenants.choices import Role
from tenants.models import ApiToken, Center, IdempotencyKey, Membership, Tenant, User
from tests.make import make_operator, make_tenant
from tests.tenants.admin_walk import PAGES, addresses, furnish, name_of, signed_in, staff

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]  # it walks every page, which takes its time on a busy machine

CANARY = "Zanzibar"


@pytest.fixture
def theirs():
    return furnish(CANARY)


@pytest.fixture
def ours():
    return furnish("Uppsala")


def test_the_walk_has_a_row_for_every_page_of_the_admin(theirs):
    assert set(PAGES) <= set(theirs)
    assert len(PAGES) > 20


def test_keys_of_repeated_requests_have_no_page():
    assert not admin.site.is_registered(IdempotencyKey)


@pytest.mark.parametrize("role", Role.values)
def test_no_page_shows_anything_of_another_tenant(ours, theirs, role):
    client = signed_in(staff(ours[Tenant], role))
    for address in [*addresses(theirs), *addresses(ours)]:
        answer = client.get(address)
        assert answer.status_code in (200, 302, 403, 404), address
        assert CANARY.lower() not in _told(answer, address), address


@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER])
def test_another_tenants_row_is_answered_like_one_that_never_was(ours, theirs, role):
    client = signed_in(staff(ours[Tenant], role))
    for model in PAGES:
        absent = "0190d3b0-0000-7000-8000-000000000000"
        for page in ("change", "delete", "history"):
            answers = [client.get(reverse(f"{name_of(model)}_{page}", args=[key])) for key in (theirs[model].pk, absent)]
            assert answers[0].status_code == answers[1].status_code, (model, page)
            assert answers[0].headers.get("Location") == answers[1].headers.get("Location"), (model, page)


def test_an_operator_sees_the_rows_of_every_tenant(ours, theirs):
    client = signed_in(make_operator())
    for address in addresses(theirs):
        assert client.get(address).status_code in (200, 302, 403, 404), address
    text = client.get(reverse("admin:calls_call_changelist"), {"period": "all"}).content.decode()
    assert "Zanzibar AB" in text
    assert "Uppsala AB" in text


def test_somebody_without_a_tenant_sees_nothing(theirs):
    from tests.make import make_user

    client = signed_in(make_user(is_staff=True))
    for address in addresses(theirs):
        answer = client.get(address)
        assert answer.status_code in (200, 302, 403, 404), address
        assert CANARY.lower() not in _told(answer, address), address
    assert b"not a member of any tenant" in client.get(reverse("admin:index")).content


def test_a_closed_tenant_is_closed_to_its_staff(ours):
    client = signed_in(staff(ours[Tenant], "owner"))
    Tenant.objects.filter(pk=ours[Tenant].pk).update(is_active=False)
    assert client.get(reverse("admin:calls_call_changelist")).status_code == 403


@pytest.mark.parametrize("model", [Contact, Agent, Line, Call])
def test_a_forged_form_cannot_name_another_tenants_row(ours, theirs, model):
    client = signed_in(staff(ours[Tenant], "owner"))
    for page in ("add", "change"):
        args = [] if page == "add" else [ours[model].pk]
        answer = client.post(reverse(f"{name_of(model)}_{page}", args=args), _forged(model, theirs))
        assert answer.status_code == 200, page  # the form again, with its errors
        assert b"Select a valid choice" in answer.content, page
    assert not model.objects.filter(tenant=ours[Tenant]).exclude(pk=ours[model].pk).exists()


def test_nobody_moves_a_row_into_another_tenant(ours, theirs):
    client = signed_in(staff(ours[Tenant], "owner"))
    client.post(reverse("admin:tenants_center_add"), {"name": "New", "tenant": str(theirs[Tenant].pk)})
    change = reverse("admin:tenants_center_change", args=[ours[Center].pk])
    client.post(change, {"name": "Moved", "tenant": str(theirs[Tenant].pk)})
    assert set(Center.objects.filter(name__in=["New", "Moved"]).values_list("tenant", flat=True)) == {ours[Tenant].pk}


def test_a_member_of_two_tenants_chooses_and_cannot_mix_them(ours, theirs):
    user = staff(ours[Tenant], "owner")
    Membership.objects.create(tenant=theirs[Tenant], user=user, role="owner")
    client = signed_in(user)
    form = {"name": "Lars", "tenant": str(ours[Tenant].pk), "company": str(theirs[Company].pk), **_no_numbers()}
    assert b"belongs to another tenant" in client.post(reverse("admin:contacts_contact_add"), form).content
    form["company"] = str(ours[Company].pk)
    assert client.post(reverse("admin:contacts_contact_add"), form).status_code == 302
    assert Contact.objects.get(name="Lars").tenant == ours[Tenant]


def test_roles_of_one_tenant_do_not_count_in_another(ours, theirs):
    user = staff(ours[Tenant], "owner")
    Membership.objects.create(tenant=theirs[Tenant], user=user, role="viewer")
    client = signed_in(user)
    assert client.post(reverse("admin:contacts_contact_delete", args=[theirs[Contact].pk]), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [str(theirs[Contact].pk)], "post": "yes"}
    assert client.post(reverse("admin:contacts_contact_changelist"), selected).status_code == 403
    assert Contact.objects.filter(pk=theirs[Contact].pk).exists()
    form = {"name": "New", "tenant": str(theirs[Tenant].pk), **_no_numbers()}
    assert b"Select a valid choice" in client.post(reverse("admin:contacts_contact_add"), form).content


@pytest.mark.parametrize("model", [Call, Contact, Company, Agent, Line, Tag, Center, Membership])
def test_actions_do_not_reach_another_tenants_rows(ours, theirs, model):
    client = signed_in(staff(ours[Tenant], "owner"))
    form = {"action": "delete_selected", "_selected_action": [str(theirs[model].pk)], "post": "yes", "select_across": "1"}
    client.post(reverse(f"{name_of(model)}_changelist") + f"?tenant={theirs[Tenant].pk}&period=all", form)
    assert model.objects.filter(pk=theirs[model].pk).exists()


@pytest.mark.parametrize("model", [Call, Contact, Company, Agent, Line, Tag, Center, Membership])
def test_another_tenants_row_cannot_be_deleted(ours, theirs, model):
    client = signed_in(staff(ours[Tenant], "owner"))
    client.post(reverse(f"{name_of(model)}_delete", args=[theirs[model].pk]), {"post": "yes"})
    assert model.objects.filter(pk=theirs[model].pk).exists()


def test_another_tenants_token_cannot_be_revoked(ours, theirs):
    client = signed_in(staff(ours[Tenant], "owner"))
    assert client.post(reverse("admin:tenants_apitoken_revoke", args=[theirs[ApiToken].pk])).status_code == 403
    assert ApiToken.objects.get(pk=theirs[ApiToken].pk).revoked_at is None


def test_one_center_only_is_seen_by_those_limited_to_it(ours):
    from tests.make import make_call, make_center

    other = make_center(ours[Tenant], name="Other place")
    hidden = make_call(ours[Tenant], "+46709999999", center_id=str(other.pk), external_id="hidden")
    client = signed_in(staff(ours[Tenant], "agent", center=ours[Center]))
    assert "46709999999" not in client.get(reverse("admin:calls_call_changelist"), {"period": "all"}).content.decode()
    assert client.get(reverse("admin:calls_call_change", args=[hidden.pk])).status_code == 302


def test_regular_expressions_in_addresses_are_refused(ours):
    client = signed_in(staff(ours[Tenant], "viewer"))
    assert client.get(reverse("admin:calls_call_changelist"), {"notes__regex": "(a+)+$"}).status_code == 400
    assert client.get(reverse("admin:contacts_contact_changelist"), {"company": "\0"}).status_code == 400


def test_a_tenants_own_staff_without_the_staff_mark_stay_outside():
    from tests.make import make_user

    client = signed_in(make_user(make_tenant(), "owner"))
    assert "/login/" in client.get(reverse("admin:index")).headers["Location"]


def _told(answer, address):
    """What the answer tells, without the address that was asked, which may be said again."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = content.decode() + str(answer.headers.get("Location", ""))
    return text.replace(address, "").lower()


def _no_numbers():
    return {"numbers-TOTAL_FORMS": "0", "numbers-INITIAL_FORMS": "0"}


def _forged(model, theirs):
    common = {"center": str(theirs[Center].pk), "agent": str(theirs[Agent].pk)}
    return {
        Contact: {"name": "x", "company": str(theirs[Company].pk), **_no_numbers()},
        Agent: {
            "name": "x", "user": str(theirs[User].pk), "center": str(theirs[Center].pk),
            "extensions-TOTAL_FORMS": "0", "extensions-INITIAL_FORMS": "0",
        },
        Line: {"number": "+46111111111", **common},
        Call: {
            "direction": "inbound", "disposition": "answered", "started_at_0": "2026-01-01", "started_at_1": "10:00:00",
            "contact": str(theirs[Contact].pk), "tags": [str(theirs[Tag].pk)], **common,
        },
    }[model]  # fmt: skip

"""Addresses and forms of the admin that nobody would write by hand: each gets an answer, and none asks what is not offered."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from calls.models import Call, UsageDay
from contacts.models import Contact
from tenants.choices import Role
from tenants.models import Membership, Tenant, User
from tests.make import make_center, make_operator
from tests.tenants.admin_walk import PAGES, furnish, name_of, signed_in, staff

pytestmark = pytest.mark.django_db

COLUMNS_NO_LIST_OFFERS = [
    "created_at__year=99999999999",
    "created_at__gte=9999-12-31T23:59:59-12:00",
    "date_joined__year=99999999999",
    "name__iregex=(",
    "password__startswith=a",
    "memberships=x",
    "body=x",
    "document__contains=x",
    "legs__in=99999999999999999999",
]


@pytest.fixture
def ours():
    return furnish("Uppsala")


@pytest.fixture
def operator():
    return signed_in(make_operator())


def lists():
    return [reverse(f"{name_of(model)}_changelist") for model in PAGES]


@pytest.mark.parametrize("query", COLUMNS_NO_LIST_OFFERS)
def test_an_address_narrows_a_list_by_what_it_offers_alone(ours, operator, query):
    for address in lists():
        assert operator.get(f"{address}?{query}").status_code in (302, 400), address


@pytest.mark.parametrize("name", ["q", "name", "is_active__exact", "nothing", "pk", "o", "p"])
def test_a_list_is_not_asked_for_what_no_database_stores(ours, operator, name):
    for address in lists():
        assert operator.get(f"{address}?{name}=%00").status_code == 400, address


def test_what_is_no_row_cannot_be_ticked(ours, operator):
    for model in PAGES:
        page = admin.site.get_model_admin(model)
        actions = [action if isinstance(action, str) else action.__name__ for action in page.actions or []]
        for action in ("delete_selected", *actions):
            for key in ("x", "\0"):
                form = {"action": action, "_selected_action": [key]}
                answer = operator.post(reverse(f"{name_of(model)}_changelist") + "?period=all", form)
                assert answer.status_code in (302, 400, 403), (model, action)


def test_what_is_no_row_has_no_page(ours, operator):
    for model in PAGES:
        for key in ("x", "_00", "%00", "9" * 30):
            for page in ("change", "delete", "history"):
                address = f"{reverse(f'{name_of(model)}_changelist')}{key}/{page}/"
                assert operator.get(address).status_code in (302, 403, 404), address


def test_no_address_fills_in_what_a_form_cannot_show(ours, operator):
    for model in PAGES:
        names = {field.name for field in model._meta.concrete_fields}
        address = reverse(f"{name_of(model)}_add")
        assert operator.get(address, dict.fromkeys(names, "x")).status_code in (200, 403), address


def test_rows_are_found_for_fields_of_forms_alone(ours, operator):
    for model in PAGES:
        for field in model._meta.get_fields():
            if field.is_relation and (field.auto_created or field.name in ("contact", "user")):
                names = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
                answer = operator.get(reverse("admin:autocomplete"), {**names, "term": "\0"})
                assert answer.status_code in (400, 403, 404), (model, field.name)


def test_no_address_leads_to_any_row_there_is(ours):
    stranger = signed_in(staff(furnish("Zanzibar")[Tenant], "owner"))
    for model in (Call, Contact, User):
        kind = ContentType.objects.get_for_model(model).pk
        for key in (ours[model].pk, "0190d3b0-0000-7000-8000-000000000000", "x"):
            assert stranger.get(f"/admin/r/{kind}/{key}/").status_code == 404, (model, key)


def test_the_themes_own_search_is_nowhere(ours, operator):
    assert operator.get("/admin/search/", {"s": "a", "page": "99"}).status_code == 404


# Who sees one center only


def test_an_owner_of_one_center_gives_nobody_more_than_they_have(ours):
    limited = staff(ours[Tenant], Role.OWNER, center=make_center(ours[Tenant]))
    client, place = signed_in(limited), Membership.objects.get(user=limited)
    form = {"username": "another", "password": "a-right-password", "is_staff": "on", "role": "owner"}
    assert client.post(reverse("admin:tenants_membership_add"), form).status_code == 403
    assert client.post(reverse("admin:tenants_membership_change", args=[place.pk]), {"role": "owner"}).status_code == 403
    place.refresh_from_db()
    assert place.center is not None
    assert not User.objects.filter(username="another").exists()


def test_what_is_counted_of_all_centers_is_not_told_to_who_sees_one(ours):
    client = signed_in(staff(ours[Tenant], Role.OWNER, center=make_center(ours[Tenant])))
    for name in ("calls_usageday", "calls_retentionrule", "calls_retentionrun"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403, name
    assert client.get(reverse("admin:calls_usageday_change", args=[ours[UsageDay].pk])).status_code in (302, 403)

"""Contacts, companies and agents in the admin: numbers understood, past calls asked for anew, duplicates refused in words."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse

from calls.models import Call
from contacts.models import Agent, Company, Contact, ContactNumber, RelinkRequest
from tests.make import make_agent, make_call, make_company, make_contact, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant()


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "manager"))


def numbers(*rows, stored=()):
    """The part of the form with the numbers; ``rows`` are texts, or pairs of text and label."""
    form = {"numbers-TOTAL_FORMS": str(len(rows)), "numbers-INITIAL_FORMS": str(len(stored))}
    for position, row in enumerate(rows):
        raw, label = row if isinstance(row, tuple) else (row, "")
        form |= {f"numbers-{position}-raw": raw, f"numbers-{position}-label": label}
        if position < len(stored):
            form[f"numbers-{position}-id"] = str(stored[position].pk)
    return form


def change(row):
    return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])


def test_a_new_contacts_numbers_are_understood_and_past_calls_matched_anew(client, tenant):
    form = {"name": "Åsa", **numbers(("070-123 45 67", "mobile"), "+46 8 555 666 77")}
    assert client.post(reverse("admin:contacts_contact_add"), form).status_code == 302
    rows = ContactNumber.objects.filter(contact__name="Åsa", tenant=tenant)
    assert {(row.e164, row.label) for row in rows} == {("+46701234567", "mobile"), ("+46855566677", "")}
    assert {"701234567", "855566677"} <= set(RelinkRequest.objects.values_list("match_key", flat=True))


def test_a_changed_number_asks_for_calls_with_the_old_and_the_new(client, tenant):
    contact = make_contact(tenant, "+46701234567")
    RelinkRequest.objects.all().delete()
    stored = list(contact.numbers.all())
    assert (
        client.post(change(contact), {"name": contact.name, **numbers(("+46709999999", "home"), stored=stored)}).status_code
        == 302
    )
    row = contact.numbers.get()
    assert (row.raw, row.e164, row.label) == ("+46709999999", "+46709999999", "home")
    assert {"701234567", "709999999"} <= set(RelinkRequest.objects.values_list("match_key", flat=True))


def test_a_removed_number_and_a_removed_contact_ask_too(client, tenant):
    contact = make_contact(tenant, "+46701234567")
    call = make_call(tenant, "+46701234567")
    RelinkRequest.objects.all().delete()
    form = {"name": contact.name, **numbers("+46701234567", stored=list(contact.numbers.all())), "numbers-0-DELETE": "on"}
    assert client.post(change(contact), form).status_code == 302
    assert not contact.numbers.exists()
    assert RelinkRequest.objects.filter(match_key="701234567").exists()
    selected = {"action": "delete_selected", "_selected_action": [str(contact.pk)], "post": "yes"}
    client.post(reverse("admin:contacts_contact_changelist"), selected)
    assert not Contact.objects.exists()
    assert Call.objects.get().pk == call.pk


@pytest.mark.parametrize("text", ["hello", "   ", "+", "x" * 65])
def test_what_is_no_number_is_refused_at_its_field(client, text):
    answer = client.post(reverse("admin:contacts_contact_add"), {"name": "Åsa", **numbers(text)})
    assert answer.status_code == 200 or not ContactNumber.objects.exists()
    assert not ContactNumber.objects.exists()


def test_a_second_use_of_an_id_number_or_extension_is_refused_in_words(client, tenant):
    make_contact(tenant, external_id="x1")
    answer = client.post(reverse("admin:contacts_contact_add"), {"name": "Åsa", "external_id": "x1", **numbers()})
    assert "Another contact has this id already." in answer.content.decode()
    agent = make_agent(tenant)
    agent.extensions.create(tenant=tenant, number="210")
    form = {"name": "Bo", "extensions-TOTAL_FORMS": "1", "extensions-INITIAL_FORMS": "0", "extensions-0-number": "210"}
    assert "Another agent has this extension already." in client.post(reverse("admin:contacts_agent_add"), form).content.decode()
    assert not Agent.objects.filter(name="Bo").exists()
    twice = client.post(reverse("admin:contacts_contact_add"), {"name": "Åsa", **numbers("0701", "0701")})
    assert twice.status_code == 200
    assert not Contact.objects.filter(name="Åsa").exists()


def test_contacts_are_found_by_part_of_a_number(client, tenant):
    wanted = make_contact(tenant, "070-123 45 67", name="Åsa")
    make_contact(tenant, "+46855566677", name="Bo")
    for words in ("070-123 45 67", "0701 23", "+46701", "Åsa"):
        answer = client.get(reverse("admin:contacts_contact_changelist"), {"q": words})
        assert [row.pk for row in answer.context["cl"].result_list] == [wanted.pk], words


def test_an_agent_may_add_a_contact_but_not_delete_one(tenant):
    client, contact = signed_in(staff(tenant, "agent")), make_contact(tenant)
    assert client.post(reverse("admin:contacts_contact_add"), {"name": "Åsa", **numbers()}).status_code == 302
    assert client.post(reverse("admin:contacts_contact_delete", args=[contact.pk]), {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:contacts_agent_add")).status_code == 403


def test_empty_lists_teach_the_first_step(client):
    assert "Calls with their numbers, past ones too" in client.get(reverse("admin:contacts_contact_changelist")).content.decode()
    answer = client.get(reverse("admin:contacts_contact_changelist"), {"q": "nobody"})
    assert "Nothing fits" in answer.content.decode()


@pytest.mark.parametrize("text", ["3.12555E+09", "Acme210", "46,701,234,567", "Anonymous"])
def test_a_number_that_is_none_is_refused(client, tenant, text):
    form = {"name": "Anna", **numbers((text, ""))}
    assert client.post(reverse("admin:contacts_contact_add"), form).status_code == 200
    assert not Contact.objects.exists()


def test_a_companys_phone_is_understood_and_found(client, tenant):
    add = reverse("admin:contacts_company_add")
    assert client.post(add, {"name": "Berg AB", "phone": "08-465 004 00"}).status_code == 302
    company = Company.objects.get()
    assert (company.e164, company.match_key) == ("+46846500400", "846500400")
    make_company(tenant, name="Other", phone="08-465 004 01")
    answer = client.get(reverse("admin:contacts_company_changelist"), {"q": "0046 8 465 004 00"})
    assert [row.pk for row in answer.context["cl"].result_list] == [company.pk]


def test_the_migration_reads_companies_phones(tenant):
    company, local = make_company(tenant, phone="08-465 004 00"), make_company(make_tenant(area_code="8"), phone="555 666 77")
    make_company(tenant)
    rows = Company.objects.order_by("pk").values("e164", "match_key")
    understood = list(rows)
    Company.objects.update(e164="", match_key="")
    RelinkRequest.objects.all().delete()
    import_module("contacts.migrations.0010_company_numbers").read_phones(apps, None)
    assert list(rows) == understood
    asked = set(RelinkRequest.objects.values_list("tenant_id", "match_key"))
    assert asked == {(company.tenant_id, "846500400"), (local.tenant_id, "855566677")}

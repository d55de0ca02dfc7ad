"""Two people with the same form open: nothing of the first is undone unseen, in any form of the admin."""

from __future__ import annotations

import contextlib

import pytest
from django.db import transaction
from django.urls import reverse

from calls import ledger
from calls.drafts import CallChanges
from calls.models import DialPlan, MissedCall
from contacts.models import Contact, ContactNumber
from tenants.merging import OPENED
from tests.make import make_call, make_company, make_contact, make_endpoint, make_operator, make_tenant
from tests.tenants.admin_forms import read, sent
from tests.tenants.admin_walk import PAGES, furnish, name_of, signed_in, staff

pytestmark = pytest.mark.django_db
SAVED, REFUSED = 302, 200
WARNING = "someone else changed this while you did"
EDITED = [
    "Agent", "Call", "Center", "Company", "Contact", "DialPlan", "DoNotCall", "Line", "Membership", "MissedCall", "Outcome",
    "RetentionRule", "SavedView", "Tag", "TagRule", "Tenant", "User", "WebhookEndpoint",
]  # fmt: skip
OWN = ["OwnMembership"]  # each person's own, so its rows are the owner's
# What shows no value, takes only what the database has, or needs another field with it.
UNTRIED = {
    "Call": {"note", "tags", "is_flagged", "flag_resolution"},
    "Membership": {"password", "revokes_tokens"},
    "MissedCall": {"outcome", "snoozed_until_0", "snoozed_until_1"},
    "SavedView": {"is_shared"},
    "TagRule": {"tag", "line", "number_prefix"},
    "Tenant": {"parent", "unmatched_account", "web_origins"},
    "User": {"memberships-0-tenant", "memberships-0-center", "time_zone"},
    "WebhookEndpoint": {"password", "template", "line_ids", "agent_ids", "company_ids", "tag_ids"},
}


@pytest.fixture
def rows():
    rows = furnish("Uppsala")
    MissedCall.objects.update(outcome="")  # one with an outcome is done with
    DialPlan.objects.update(countries=["SE"])
    return rows


def client_for(model, rows):
    user = next(row for kind, row in rows.items() if kind.__name__ == "User")
    return signed_in(user if model.__name__ in OWN else make_operator())


def page_of(client, model, rows):
    return reverse(f"{name_of(model)}_change", args=[rows[model].pk])


def fields_at(client, address):
    """The fields of a page; none where nothing can be changed any more."""
    answer = client.get(address)
    fields = read(answer.content.decode()) if answer.status_code == 200 else {}
    return fields if OPENED in fields else {}


def typed(fields):
    """The names of those that people fill in."""
    return [name for name, field in fields.items() if field.kind != "hidden" and not name.endswith("-DELETE")]


@contextlib.contextmanager
def undone():
    """Whatever is done within is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def change(client, address, opened, name):
    """Have the first person change a field; what the page shows of it then, or None where it takes no other value."""
    for value in opened[name].others():
        client.post(address, sent(opened, **{name: value}))
        now = fields_at(client, address).get(name)
        if now is not None and now.values != opened[name].values:
            return now.values
    return None


def try_both(client, address, name):
    """The second person sends the page as it was, then with another value; whether there was anything to try."""
    opened = fields_at(client, address)
    theirs = change(client, address, opened, name)
    if theirs is None:
        return False
    assert client.post(address, sent(opened)).status_code == SAVED, name
    assert fields_at(client, address)[name].values == theirs, name
    ours = next((value for value in opened[name].others() if value != theirs), None)
    if ours:
        answer = client.post(address, sent(opened, **{name: ours}))
        assert (answer.status_code, WARNING in answer.content.decode()) == (REFUSED, True), name
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", [*EDITED, *OWN])
def test_a_form_undoes_nothing_that_others_wrote_while_it_was_open(rows, name):
    model = next(model for model in PAGES if model.__name__ == name)
    client = client_for(model, rows)
    address, tried = page_of(client, model, rows), []
    for field in typed(fields_at(client, address)):
        with undone():
            tried += [field] if try_both(client, address, field) else []
    left = set(typed(fields_at(client, address))) - set(tried)
    assert left == UNTRIED.get(name, set())


def test_every_form_is_tried(rows):
    found = [model.__name__ for model in PAGES if fields_at(client_for(model, rows), page_of(None, model, rows))]
    assert sorted(found) == sorted([*EDITED, *OWN])


# In particular


@pytest.fixture
def tenant():
    return make_tenant()


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "owner"))


def contact_page(contact):
    return reverse("admin:contacts_contact_change", args=[contact.pk])


def test_both_values_are_shown_and_sending_again_replaces_the_other(client, tenant):
    contact = make_contact(tenant, name="Ida", notes="Before")
    opened = fields_at(client, contact_page(contact))
    Contact.objects.update(notes="Allergic to penicillin")
    answer = client.post(contact_page(contact), sent(opened, notes=["Calls back"])).content.decode()
    assert "Now: “Allergic to penicillin”. Yours: “Calls back”." in answer
    assert Contact.objects.get().notes == "Allergic to penicillin"
    assert client.post(contact_page(contact), sent(read(answer))).status_code == SAVED
    assert Contact.objects.get().notes == "Calls back"


def test_choices_and_rows_are_named_where_both_changed_them(client, tenant):
    ours, theirs = make_company(tenant, name="Ours AB"), make_company(tenant, name="Theirs AB")
    contact = make_contact(tenant)
    opened = fields_at(client, contact_page(contact))
    Contact.objects.update(company=theirs)
    answer = client.post(contact_page(contact), sent(opened, company=[str(ours.pk)]))
    assert "Now: “Theirs AB”. Yours: “Ours AB”." in answer.content.decode()


def test_a_form_that_is_refused_for_something_else_shows_what_others_changed(client, tenant):
    contact = make_contact(tenant, name="Ida")
    opened = fields_at(client, contact_page(contact))
    Contact.objects.update(notes="Theirs")
    answer = client.post(contact_page(contact), sent(opened, name=[""])).content.decode()
    assert read(answer)["notes"].values == ["Theirs"]
    assert client.post(contact_page(contact), sent(read(answer), name=["Eva"])).status_code == SAVED
    assert Contact.objects.get().notes == "Theirs"


def test_a_number_that_others_removed_is_no_error_page(client, tenant):
    contact = make_contact(tenant, "+46701112233", "+46701112244")
    opened = fields_at(client, contact_page(contact))
    ContactNumber.objects.filter(raw="+46701112233").delete()
    answer = client.post(contact_page(contact), sent(opened, notes=["Ours"]))
    assert answer.status_code in (SAVED, REFUSED)
    assert ContactNumber.objects.get().raw == "+46701112244"


def test_a_note_on_a_call_is_added_whatever_others_changed(client, tenant):
    call = make_call(tenant)
    opened = fields_at(client, call.get_absolute_url())
    ledger.amend(call, CallChanges(outcome="sold", is_flagged=True))
    assert client.post(call.get_absolute_url(), sent(opened, note=["Mine"])).status_code == SAVED
    call.refresh_from_db()
    assert (call.notes, call.outcome, call.is_flagged) == ("Mine", "sold", True)


@pytest.mark.parametrize("forged", ["", "nonsense", "[]", '{"name": 7}'])
def test_a_forged_record_of_what_was_opened_is_no_error_page(client, tenant, forged):
    contact = make_contact(tenant, name="Ida")
    fields = fields_at(client, contact_page(contact))
    answer = client.post(contact_page(contact), sent(fields, name=["Eva"], **{OPENED: [forged]}))
    assert answer.status_code in (SAVED, REFUSED)


def test_a_page_tells_nothing_of_values_it_does_not_show(client, tenant):
    endpoint = make_endpoint(tenant, username="eva", password="hidden-word")
    text = client.get(reverse("admin:calls_webhookendpoint_change", args=[endpoint.pk])).content.decode()
    endpoint.password = "another-word"
    endpoint.save()
    again = client.get(reverse("admin:calls_webhookendpoint_change", args=[endpoint.pk])).content.decode()
    assert read(text)[OPENED].values == read(again)[OPENED].values

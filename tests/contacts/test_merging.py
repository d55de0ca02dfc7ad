"""Merging two contacts: what is planned is what happens, past calls follow, nothing is lost and nobody else is touched."""

from __future__ import annotations

import pytest
from django.urls import reverse

from calls import ledger
from calls.choices import EventKind, MatchState
from calls.drafts import CallChanges
from calls.ledger import relinking
from calls.models import Call, CallEvent
from contacts.book import merge_contacts
from contacts.choices import Change
from contacts.matching import ContactHint
from contacts.merging import CannotMerge, plan_merge
from contacts.models import Contact, ContactEvent, ContactNumber, RelinkRequest
from tests.make import make_call, make_company, make_contact, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant():
    return make_tenant()


def relink():
    """What the background does."""
    return ledger.relink_waiting(seconds=30)


def numbers_of(contact):
    return set(contact.numbers.values_list("e164", flat=True))


def test_numbers_move_and_those_both_have_stay_once(tenant):
    kept, gone = make_contact(tenant, "+46701234567"), make_contact(tenant, "070-123 45 67", "+46855566677")
    plan = plan_merge(kept, gone)
    assert [number.raw for number in plan.numbers] == ["+46855566677"]
    assert [number.raw for number in plan.doubles] == ["070-123 45 67"]
    merge_contacts(kept, gone)
    assert numbers_of(kept) == {"+46701234567", "+46855566677"}
    assert ContactNumber.objects.count() == 2


def test_what_the_kept_one_lacks_is_taken_and_the_rest_is_noted(tenant):
    old, new = make_company(tenant, name="Old AB"), make_company(tenant, name="New AB")
    kept = make_contact(tenant, name="Åsa", company=new, external_id="crm-1", notes="Prefers mail", extra={"a": 1})
    gone = make_contact(
        tenant, name="Åsa Öberg", email="asa@example.com", company=old, external_id="crm-2", source_id="s-2",
        notes="Deaf in one ear", extra={"a": 2, "b": 3},
    )  # fmt: skip
    merge_contacts(kept, gone)
    kept.refresh_from_db()
    assert (kept.name, kept.email, kept.company, kept.external_id, kept.source_id) == (
        "Åsa",
        "asa@example.com",
        new,
        "crm-1",
        "s-2",
    )
    assert kept.extra == {"a": 1, "b": 3}
    for words in ("Prefers mail", "Deaf in one ear", "name: Åsa Öberg", "company: Old AB", "own id: crm-2"):
        assert words in kept.notes, words


def test_past_calls_follow_and_the_other_contact_is_removed(tenant):
    company = make_company(tenant)
    kept, gone = make_contact(tenant, "+46701234567", company=company), make_contact(tenant, "+46855566677", external_id="x")
    by_number, by_id = make_call(tenant, "+46855566677"), make_call(tenant, "+46709999999", contact=ContactHint(id=str(gone.pk)))
    by_external = make_call(tenant, "+46708888888", contact=ContactHint(external_id="x"))
    chosen = ledger.amend(make_call(tenant, "+46707777777"), CallChanges(chosen_contact=str(gone.pk)))
    relink()
    merge_contacts(kept, gone)
    relink()
    calls = Call.objects.in_bulk([by_number.pk, by_id.pk, by_external.pk, chosen.pk])
    assert {call.contact_id for call in calls.values()} == {kept.pk}
    assert {call.company_id for call in calls.values()} == {company.pk}
    assert calls[chosen.pk].match_state == MatchState.CHOSEN
    assert calls[by_id.pk].given_contact["id"] == str(kept.pk)
    assert not Contact.objects.filter(pk=gone.pk).exists()
    assert not RelinkRequest.objects.exists()
    assert CallEvent.objects.filter(call=by_number.pk, kind=EventKind.MATCHED, data__rule="merged").count() == 1
    assert not ledger.relink(calls[by_id.pk]), "matching it anew finds the same"
    told = ContactEvent.objects.filter(row_id=gone.pk).order_by("id").values_list("change", flat=True)
    assert list(told)[-2:] == [Change.UPDATED, Change.DELETED]
    assert ContactEvent.objects.filter(row_id=kept.pk).order_by("id").last().change == Change.UPDATED


def test_many_calls_follow_in_parts_and_the_contact_stays_until_the_last(tenant, monkeypatch):
    monkeypatch.setattr(relinking, "AT_ONCE", 2)
    kept, gone = make_contact(tenant), make_contact(tenant, "+46855566677")
    for _ in range(5):
        make_call(tenant, "+46855566677")
    merge_contacts(kept, gone)
    request = RelinkRequest.objects.get(moved_from=gone)
    relinking._work_on(request)
    assert Call.objects.filter(contact=gone).count() == 3
    assert Contact.objects.filter(pk=gone.pk).exists()
    relink()
    assert Call.objects.filter(contact=kept).count() == 5
    assert not Contact.objects.filter(pk=gone.pk).exists()


def test_calls_that_fitted_both_fit_one_now(tenant):
    kept, gone = make_contact(tenant, "+46701234567"), make_contact(tenant, "+46701234567")
    call = make_call(tenant, "+46701234567")
    assert call.match_state == MatchState.SEVERAL
    merge_contacts(kept, gone)
    relink()
    call.refresh_from_db()
    assert (call.contact, call.match_state) == (kept, MatchState.EXACT)


def test_new_calls_are_the_kept_ones_before_past_ones_follow(tenant):
    kept, gone = make_contact(tenant), make_contact(tenant, "+46855566677", external_id="x")
    merge_contacts(kept, gone)
    assert make_call(tenant, "+46855566677").contact == kept
    assert make_call(tenant, "+46709999999", contact=ContactHint(external_id="x")).contact == kept


def test_what_is_no_pair_is_refused(tenant):
    kept, gone = make_contact(tenant), make_contact(tenant)
    for other in (kept, make_contact(make_tenant()), None):
        with pytest.raises(CannotMerge):
            plan_merge(kept, other)
    merge_contacts(kept, gone)
    for pair in ((kept, gone), (gone, kept), (gone, make_contact(tenant))):
        with pytest.raises(CannotMerge):
            merge_contacts(*pair)


# In the admin


def merge_page(contact, other=None):
    address = reverse("admin:contacts_contact_merge", args=[contact.pk])
    return f"{address}?other={other.pk}" if other else address


def test_a_manager_sees_what_will_happen_and_then_does_it(tenant):
    kept, gone = (
        make_contact(tenant, "+46701234567", name="Kept"),
        make_contact(tenant, "+46855566677", name="Gone", notes="Deaf"),
    )
    make_call(tenant, "+46855566677")
    client = signed_in(staff(tenant, "manager"))
    assert merge_page(kept) in client.get(reverse("admin:contacts_contact_change", args=[kept.pk])).content.decode()
    text = client.get(merge_page(kept, gone)).content.decode()
    for words in ("Make Gone part of Kept?", "+46 8 555 666 77", "Deaf", "cannot be undone", "<dd>1</dd>"):
        assert words in text, words
    assert Contact.objects.count() == 2
    answer = client.post(merge_page(kept), {"other": str(gone.pk)})
    assert answer["Location"] == reverse("admin:contacts_contact_change", args=[kept.pk])
    assert numbers_of(kept) == {"+46701234567", "+46855566677"}
    again = client.post(merge_page(kept), {"other": str(gone.pk)}, follow=True)
    assert "being merged already" in again.content.decode()


def test_offers_likely_twins_and_searches_for_others(tenant):
    kept = make_contact(tenant, "+46701234567", name="Åsa", email="asa@example.com")
    twins = [
        make_contact(tenant, "070-123 45 67", name="Same number"),
        make_contact(tenant, name="Same mail", email="ASA@example.com"),
    ]
    other = make_contact(tenant, "+46855566677", name="Somebody else")
    make_contact(make_tenant(), "+46701234567", name="Foreign")
    client = signed_in(staff(tenant, "manager"))
    found = [row for row, _ in client.get(merge_page(kept)).context["rows"]]
    assert set(found) == set(twins)
    for words in ("somebody", "08-555 666 77"):
        assert [row for row, _ in client.get(merge_page(kept), {"q": words}).context["rows"]] == [other], words


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_who_may_not_erase_may_not_merge(tenant, role):
    kept, gone = make_contact(tenant), make_contact(tenant)
    client = signed_in(staff(tenant, role))
    assert merge_page(kept) not in client.get(reverse("admin:contacts_contact_change", args=[kept.pk])).content.decode()
    assert client.post(merge_page(kept), {"other": str(gone.pk)}).status_code in (403, 404)
    assert not RelinkRequest.objects.filter(moved_from=gone).exists()


def test_another_tenants_contact_is_no_contact(tenant):
    kept, foreign = make_contact(tenant), make_contact(make_tenant(), "+46855566677", name="Foreign")
    client = signed_in(staff(tenant, "owner"))
    assert client.get(merge_page(foreign)).status_code == 404
    assert client.post(merge_page(foreign), {"other": str(kept.pk)}).status_code == 404
    assert "Foreign" not in client.get(merge_page(kept, foreign)).content.decode()
    client.post(merge_page(kept), {"other": str(foreign.pk)})
    assert numbers_of(foreign) == {"+46855566677"}
    for odd in ("", "x", "\0", "0" * 32):
        assert client.get(merge_page(kept), {"other": odd}).status_code == 200
    assert client.get(reverse("admin:contacts_contact_merge", args=["nobody"])).status_code == 404

"""Changing in the admin what others change at the same moment: nothing of theirs is lost, and nobody sees an error page."""

from __future__ import annotations

import pytest
from django.db.models.sql.subqueries import DeleteQuery
from django.urls import reverse

from calls.admin.tag import TagAdmin
from calls.drafts import PartyDraft
from calls.models import Call, Line, Tag
from contacts.book import remove_contact
from contacts.models import Contact
from tenants.scoped_admin import TenantForm
from tests.make import make_call, make_contact, make_line, make_tenant
from tests.tenants.admin_walk import signed_in, staff
from tests.twins import begun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tenant():
    return make_tenant()


@pytest.fixture
def client(tenant):
    return signed_in(staff(tenant, "owner"))


def change_contact(client, contact, monkeypatch, theirs):
    """Post the form of a contact; somebody else does ``theirs`` after it was read and before it is saved."""
    clean, others = TenantForm.clean, []

    def cleaning(form):
        others.append(begun(theirs))
        return clean(form)

    monkeypatch.setattr(TenantForm, "clean", cleaning)
    inline = {"numbers-TOTAL_FORMS": "0", "numbers-INITIAL_FORMS": "0"}
    answer = client.post(reverse("admin:contacts_contact_change", args=[contact.pk]), {"name": "Ours", **inline})
    assert answer.status_code == 302
    others[0].result(60)


def test_what_others_write_while_a_form_is_saved_stays(client, tenant, monkeypatch):
    contact = make_contact(tenant, name="Before")
    change_contact(client, contact, monkeypatch, lambda: Contact.objects.update(extra={"their": "field"}))
    contact.refresh_from_db()
    assert (contact.name, contact.extra) == ("Ours", {"their": "field"})


def test_what_others_remove_while_a_form_is_saved_is_gone(client, tenant, monkeypatch):
    contact = make_contact(tenant)
    change_contact(client, contact, monkeypatch, lambda: remove_contact(contact))
    assert not Contact.objects.exists()


@pytest.mark.parametrize("is_many", [False, True])
def test_a_line_is_deleted_while_calls_over_it_are_logged(client, tenant, monkeypatch, is_many):
    line, others = make_line(tenant, "+4640500600"), []
    delete = DeleteQuery.delete_batch

    def deleting(query, keys, using):
        if query.get_meta().model is Line:
            others.append(begun(lambda: make_call(tenant, callee=PartyDraft(number="+4640500600"))))
        return delete(query, keys, using)

    monkeypatch.setattr(DeleteQuery, "delete_batch", deleting)
    if is_many:
        told = {"action": "delete_selected", "_selected_action": [line.pk], "post": "yes"}
        answer = client.post(reverse("admin:calls_line_changelist"), told)
    else:
        answer = client.post(reverse("admin:calls_line_delete", args=[line.pk]), {"post": "yes"})
    assert answer.status_code == 302
    others[0].result(60)
    assert not Line.objects.exists()
    assert Call.objects.get().line is None


def twin_of_a_tag(monkeypatch, tenant):
    """Somebody makes the same tag when ours has been judged."""
    save = TagAdmin.save_model

    def saving(page, request, obj, form, change):
        Tag.objects.create(tenant=tenant, name=obj.name)
        save(page, request, obj, form, change)

    monkeypatch.setattr(TagAdmin, "save_model", saving)


def test_who_is_outrun_is_told_so_and_looks_again(client, tenant, monkeypatch):
    twin_of_a_tag(monkeypatch, tenant)
    page = reverse("admin:calls_tag_add")
    answer = client.post(
        page, {"name": "Urgent", "colour": "#ff0000"}, headers={"Referer": f"http://testserver{page}"}, follow=True
    )
    assert answer.redirect_chain == [(f"http://testserver{page}", 302)]
    assert "Nothing was saved" in answer.content.decode()
    assert not Tag.objects.exists()


def test_a_script_that_is_outrun_is_told_by_a_status(client, tenant, monkeypatch):
    twin_of_a_tag(monkeypatch, tenant)
    answer = client.post(
        reverse("admin:calls_tag_add"), {"name": "Urgent", "colour": "#ff0000"}, headers={"Sec-Fetch-Mode": "cors"}
    )
    assert answer.status_code == 409


def test_nobody_is_led_to_another_site(client, tenant, monkeypatch):
    twin_of_a_tag(monkeypatch, tenant)
    told = {"name": "Urgent", "colour": "#ff0000"}
    answer = client.post(reverse("admin:calls_tag_add"), told, headers={"Referer": "https://elsewhere.example.com/"})
    assert answer["Location"] == reverse("admin:index")

"""Rows of lists: what is made once for all of them is what the theme and Django would make for each."""

from __future__ import annotations

import re
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.urls import reverse
from django.utils import translation
from unfold import admin as theme
from unfold.templatetags import unfold_list

from calls.models import Tag
from tenants.list_rows import address_of, page_of, tick_box
from tests.make import make_tenant
from tests.tenants.admin_walk import signed_in, staff

LIST = "/admin/calls/tag/"


@pytest.fixture
def tenant():
    return make_tenant()


def tags(tenant, count):
    return [Tag.objects.create(tenant=tenant, name=f"tag {number}") for number in range(count)]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [2, 20])
def test_the_heads_of_a_list_are_made_once_however_many_rows_it_has(tenant, monkeypatch, count):
    tags(tenant, count)
    made = []
    make = unfold_list.label_for_field
    monkeypatch.setattr(unfold_list, "label_for_field", lambda name, *a, **kw: made.append(name) or make(name, *a, **kw))
    answer = signed_in(staff(tenant, "owner")).get(LIST)
    assert len(answer.context["cl"].result_list) == count
    assert made == list(answer.context["cl"].list_display)


@pytest.mark.once
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_box_to_tick_is_the_themes_own(language):
    key = uuid4()
    with translation.override(language):
        assert tick_box(key) == theme.checkbox.render(ACTION_CHECKBOX_NAME, str(key))


@pytest.mark.once
def test_the_address_of_a_page_is_what_its_name_stands_for():
    key = uuid4()
    assert page_of("admin:calls_call_change", key) == reverse("admin:calls_call_change", args=[key])
    assert address_of("admin:calls_call_changelist") == reverse("admin:calls_call_changelist")


@pytest.mark.django_db
@pytest.mark.parametrize("query", [{}, {"q": "tag 1&x=ü", "o": "-1"}, {"q": "tag"}])
def test_a_row_leads_to_its_page_and_back_to_the_list_as_it_was_narrowed(tenant, query):
    tags(tenant, 2)
    client = signed_in(staff(tenant, "owner"))
    answer = client.get(LIST, query)
    rows = list(answer.context["cl"].result_list)
    told = {"opts": Tag._meta, "preserved_filters": answer.context["preserved_filters"]}
    expected = [add_preserved_filters(told, reverse("admin:calls_tag_change", args=[row.pk])) for row in rows]
    assert re.findall(rf'href="({LIST}[^"]*/change/[^"]*)"', unescape(answer.content.decode())) == expected
    assert all(client.get(address).status_code == 200 for address in expected)

"""Drop-down filters look as the theme draws them, however often they were drawn before."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters import admin as theme

from calls.models import Call
from tenants import drawn_filters
from tests.make import make_agent, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.once


def filter_of(base, **query):
    """A filter of this kind, as an address with this query chooses."""
    members = {
        "title": _("direction"),
        "parameter_name": "way",
        "lookups": lambda self, request, pages: [("in", _("Incoming")), ("out", _("Outgoing"))],
    }
    return type("WayFilter", (base,), members)(RequestFactory().get("/", query), {k: [v] for k, v in query.items()}, Call, None)


def drawn(found):
    """What a list shows of a filter."""
    return render_to_string(found.template, {"title": found.title, "choices": list(found.choices(None)), "spec": found})


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("query", [{}, {"way": ""}, {"way": "in"}, {"way": "out"}, {"way": '"><b>'}])
def test_a_filter_looks_as_the_theme_draws_it(query, language):
    with translation.override(language):
        expected = drawn(filter_of(theme.DropdownFilter, **query))
        looks = [drawn(filter_of(drawn_filters.DropdownFilter, **query)) for _time in range(2)]
    assert [look.strip() for look in looks] == [expected.strip()] * 2


def test_what_people_make_up_is_not_remembered():
    drawn(filter_of(drawn_filters.DropdownFilter))
    known = len(drawn_filters._drawn)
    for word in range(5):
        drawn(filter_of(drawn_filters.DropdownFilter, way=f"made-up-{word}"))
    assert len(drawn_filters._drawn) == known


def test_no_more_is_remembered_than_fits(monkeypatch):
    monkeypatch.setattr(drawn_filters, "_drawn", {})
    monkeypatch.setattr(drawn_filters, "MOST_REMEMBERED", 2)
    for chosen in ("", "in", "out"):
        drawn(filter_of(drawn_filters.DropdownFilter, **({"way": chosen} if chosen else {})))
    assert len(drawn_filters._drawn) == 1


@pytest.mark.django_db
def test_a_chosen_row_is_named_to_those_who_may_see_it_alone():
    ours, theirs = make_tenant(), make_tenant()
    agent = make_agent(theirs, name="Somebody Else")
    address = f"/admin/calls/call/?agent__id__exact={agent.pk}&period=all"
    pages = [signed_in(staff(tenant, "owner")).get(address).content.decode() for tenant in (theirs, ours, theirs)]
    assert ["Somebody Else" in page for page in pages] == [True, False, True]

"""What comes before any door: a request is read so that there is one to answer, whatever charset it names."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from callhub.wsgi import Request, application

pytestmark = pytest.mark.django_db

CHARSETS = ["hex", "rot13", "zlib", "undefined", "idna", "unicode_escape", "utf-7", "utf-16", "nonsense", "utf-8", ""]
DOORS = {
    "/": 302,
    "/health/live": 200,
    "/admin/login/": 200,
    "/api/v1/calls": 401,
    "/api/v1/nowhere": 404,
    "/nobody/calls": 405,
    "/calln/api/call": 401,
    "/uapi/cdr/@me": 401,
}


def asked(address, charset):
    """The environment a server would hand over; made apart from Django's own request, which cannot be."""
    told = RequestFactory().get(address).environ
    return {**told, "CONTENT_TYPE": f"text/plain; charset={charset}"}


def status_of(told):
    statuses = []
    answer = application(told, lambda status, headers, exc_info=None: statuses.append(int(status[:3])))
    answer.close()
    return statuses[0]


@pytest.mark.parametrize("charset", CHARSETS)
def test_every_door_answers_as_ever_whatever_charset_is_named(charset):
    assert {address: status_of(asked(f"{address}?q=%5Cud800", charset)) for address in DOORS} == DOORS


@pytest.mark.parametrize("charset", CHARSETS)
def test_an_address_is_utf_8(charset):
    request = Request(asked("/admin/?q=%5Cud800&name=%C3%A5", charset))
    assert request.GET.dict() == {"q": "\\ud800", "name": "å"}
    assert request.content_params.get("charset", "") == charset


def test_too_many_parameters_are_refused_by_the_door():
    told = asked("/admin/login/?" + "&".join(f"p{number}=1" for number in range(1001)), "utf-8")
    assert status_of(told) == 400


def test_a_form_in_chunks_is_refused_by_the_admin_and_never_taken_for_an_empty_one(client):
    answer = client.post("/admin/login/", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411

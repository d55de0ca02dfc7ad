"""Sessions: a cookie may hold anything."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "cookie", ['"\\000aaaaaaaaaaaaaaaa"', '"\\377aaaaaaaaaaaaaaaa"', "å" * 20, "a" * 5000, "%00aaaaaaaaaaaaaaaa", ""]
)
def test_a_cookie_that_names_no_session_is_nobodys(cookie):
    browser = Client(headers={"cookie": f"sessionid={cookie}"})
    assert browser.get("/admin/").status_code == 302
    assert browser.get("/api/v1/me").status_code == 401

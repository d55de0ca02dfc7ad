"""The button that calls a number, wherever the admin shows one. The dialog it opens belongs to whoever makes calls."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from contacts.phone import readable
from tenants.bounded import BoundedList
from tenants.choices import Role
from tenants.list_rows import address_of
from tenants.reach import reach_of

SCRIPTS = [forms.Script("callhub/watch.js", defer=True), forms.Script("callhub/dial.js", defer=True)]
STYLES = {"all": ["callhub/dial.css"]}
DIALS = Role.AGENT  # who may have calls made


class DialingList(BoundedList):
    """A list whose rows know whether their reader may call: ``row.is_dialled``."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        reach = reach_of(request)
        for row in self.result_list:
            row.is_dialled = reach.may(DIALS, row.tenant_id)


def dial_button(number: str, tenant_id: UUID, *, e164: str = "", name: str = "", words: bool = False) -> SafeString:
    """A button that asks whether to call this number; empty without a number. With ``words`` it shows the number, too."""
    try:
        address = address_of("admin:calls_origination_dial")
    except NoReverseMatch:
        return SafeString("")
    if not (number or e164):
        return SafeString("")
    shown = readable(e164, number)
    query = urlencode({"tenant": tenant_id, "number": e164 or number, "name": name})
    return format_html(
        '<button type="button" class="ch-dial{}" data-dial="{}?{}" aria-haspopup="dialog" aria-label="{}" title="{}">'
        '<span class="material-symbols-outlined ch-icon" aria-hidden="true">call</span>{}</button>',
        " ch-dial-words" if words else "",
        address,
        query,
        gettext("Call %(who)s") % {"who": f"{name}, {shown}" if name else shown},
        gettext("Call %(who)s") % {"who": shown},
        format_html('<bdi dir="ltr">{}</bdi>', shown) if words else "",
    )


def may_dial(request: HttpRequest, row: Any) -> bool:
    """Whether the reader may call a number of this row."""
    return reach_of(request).may(DIALS, row.tenant_id)

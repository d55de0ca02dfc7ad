"""Having a FoneNumber's calls told to an address, or to nobody any more."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from calls import webhooks
from calls.dialects.base import Refusal
from calls.dialects.fonestorm.errors import bad_field
from calls.dialects.fonestorm.numbers import KINDS, adopt, find
from calls.dialects.fonestorm.reading import FORMATS, WantedCallback
from calls.dialects.fonestorm.writing import account_document, callback_document, fonenumber
from tenants.authentication import Principal

_FIELD_OF = {"url": "url", "username": "url_username", "password": "url_password"}


def set_notify(principal: Principal, which: str, wanted: WantedCallback) -> dict[str, Any]:
    """Tell this address from now on, and nobody else of the number; the vendor's answer.

    Raises ``Refusal``: 400 naming the field, 404 for a number that is not the account's.
    """
    kind = KINDS[which]
    line = find(principal, wanted.fonenumber)
    try:
        if line is None:
            if wanted.url:
                webhooks.check_url(wanted.url, is_callback=True)  # else the number were adopted for nothing
            line = adopt(principal, wanted.fonenumber)
        endpoint = None
        if wanted.url:
            endpoint = webhooks.set_callback(
                line,
                kind,
                format=FORMATS[wanted.method],
                url=wanted.url,
                username=wanted.username,
                password=wanted.password,
            )
        else:
            webhooks.remove_callback(line, kind)
    except ValidationError as error:
        raise _named(error) from error
    return {"fonenumber": fonenumber(line), "callback": callback_document(endpoint)}


def set_cdr_notify(principal: Principal, account_id: str, wanted: WantedCallback) -> dict[str, Any]:
    """Send a record of each call of the account to this address from now on; the vendor's answer.

    Raises ``Refusal``: 404 for an account that is not this person's, 400 naming the field.
    """
    tenant = principal.tenant
    if account_id not in (str(tenant.pk), tenant.slug):
        raise Refusal(404, "not_found", "There is no such account.")
    if not wanted.url:
        webhooks.remove_cdr_callback(tenant)
        return {"account": account_document(tenant, None)}
    try:
        endpoint = webhooks.set_cdr_callback(
            tenant,
            format=FORMATS[wanted.method],
            url=wanted.url,
            username=wanted.username,
            password=wanted.password,
        )
    except ValidationError as error:
        raise _named(error) from error
    return {"account": account_document(tenant, endpoint)}


def _named(error: ValidationError) -> Refusal:
    """The refusal that names the vendor's field."""
    name, messages = next(iter(error.message_dict.items()))
    return bad_field(_FIELD_OF.get(name, "url"), messages[0])

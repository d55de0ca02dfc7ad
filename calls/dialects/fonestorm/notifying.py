"""Having a FoneNumber's calls told to an address, or to nobody any more."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from calls import webhooks
from calls.choices import EndpointKind
from calls.dialects.fonestorm.errors import bad_field
from calls.dialects.fonestorm.numbers import adopt, find
from calls.dialects.fonestorm.reading import FORMATS, WantedCallback
from calls.dialects.fonestorm.writing import callback_document, fonenumber
from tenants.authentication import Principal

KINDS = {"send": EndpointKind.SEND_CALLBACK, "receive": EndpointKind.RECEIVE_CALLBACK}
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
        name, messages = next(iter(error.message_dict.items()))
        raise bad_field(_FIELD_OF.get(name, "url"), messages[0]) from error
    return {"fonenumber": fonenumber(line), "callback": callback_document(endpoint)}

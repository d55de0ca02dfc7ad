"""From the body and query of a request for a call to an order, refused in the vendor's order of errors.

User, extension, duration, source, destination, time to pick up, caller ids, transfer, nonce. Where ``extension`` is left out
the source is looked at first, as its first number stands in for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calls import dialer
from calls.choices import Source
from calls.dialects.voipnow.authentication import actor, tenants_with
from calls.dialects.voipnow.errors import invalid
from calls.dialects.voipnow.vocabulary import BOOLEANS
from calls.drafts import CallOrder, PartyDraft
from calls.models import Line
from contacts.phone import SHORTEST_PUBLIC
from tenants.authentication import CredentialsRefused, Principal, of_user
from tenants.choices import AppLevel
from tenants.oauth import Holder

USUAL_WAIT_S = 25
_NUMBER = re.compile(r"\+?[0-9]{1,32}|[0-9]{1,16}\*[0-9]{1,16}")
_EXTENSION = re.compile(r"[0-9]{1,16}(\*[0-9]{1,16})?")
_CALLER_ID = re.compile(r"(?P<name>[^<>]{0,100}?)\s*<\s*(?P<number>[0-9+*]{1,32})\s*>")
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_LONGEST_NONCE = 255
_FOR_SOURCES, _FOR_DESTINATION = {"callerid"}, {"calleriddestination", "callerdestination"}  # in any letter case


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request for a call: whose token, for which user, body and query. A callback rings one public number, and no other."""

    holder: Holder
    user_id: str
    body: Mapping[str, Any]
    query: Mapping[str, str]
    is_callback: bool = False

    @property
    def view(self) -> Mapping[str, Any]:
        """The first PhoneCallView; clients send it as an object, too."""
        views = self.body.get("phoneCallView")
        first = views[0] if isinstance(views, list) and views else views
        return first if isinstance(first, Mapping) else {}

    def field(self, name: str) -> Any:
        """A member of the view, else of the body."""
        value = self.view.get(name)
        return self.body.get(name) if value is None else value


@dataclass(frozen=True, kw_only=True)
class Read:
    """An order, and on whose behalf it is carried out."""

    principal: Principal
    order: CallOrder


def read_order(asked: Asked) -> Read:
    """The order; raises ``Refusal`` for the first thing that is wrong with it."""
    principal = actor(asked.holder, asked.user_id)
    line, principal = _line(asked, principal)
    duration_s = _whole(asked, "callDuration", "pc_duration_invalid")
    sources = _sources(asked)
    destination = _numbers(asked, "destination", "pc_destination_invalid")[0]
    wait_s = _whole(asked, "waitForPickup", "pc_timeout_invalid") or USUAL_WAIT_S
    to_sources, to_destination = _caller_id(asked, _FOR_SOURCES), _caller_id(asked, _FOR_DESTINATION)
    allows_transfer = _is_local(line, destination) or _allows_transfer(asked)
    order = CallOrder(
        door=Source.VOIPNOW,
        line=line,
        sources=sources,
        destination=destination,
        shown_to_sources=to_sources,
        shown_to_destination=to_destination,
        wait_for_pickup_s=min(wait_s, dialer.LONGEST_WAIT_S),
        max_duration_s=duration_s,
        allows_transfer=allows_transfer,
        nonce=_nonce(asked),
        document=asked.body,
    )
    return Read(principal=principal, order=order)


def extension_of(body: Mapping[str, Any]) -> str:
    """The extension of a request as it was sent; empty where the first source stands in."""
    return _text(body.get("extension")) or ""


def _line(asked: Asked, principal: Principal | None) -> tuple[Line, Principal]:
    """The telephone the call is charged to, and whose it is."""
    text = _text(asked.body.get("extension"))
    if text is None or (not text and asked.is_callback):
        raise _bad_extension()
    text = text or _sources(asked)[0]
    if not _EXTENSION.fullmatch(text) or (_is_short(text) and asked.holder.level == AppLevel.ADMINISTRATOR):
        raise _bad_extension()
    line = dialer.find_line(principal.tenant, text) if principal else _line_of_any(asked.holder, text)
    if line is None or not line.is_phone_terminal:
        raise _bad_extension()
    principal = principal or asked.holder.principal or _owner(line)
    is_elsewhere = principal.center_id is not None and principal.center_id != line.center_id
    if line.agent is None or line.agent.user_id != principal.user.pk or is_elsewhere:
        raise _bad_extension()
    return line, principal


def _line_of_any(holder: Holder, extension: str) -> Line | None:
    """The line with this extension: the application's own tenant's, else the only one below it."""
    lines = [dialer.find_line(tenant, extension) for tenant in tenants_with(holder, extension)]
    found = [line for line in lines if line is not None]
    candidates = [line for line in found if line.tenant_id == holder.tenant.pk] or found
    return candidates[0] if len(candidates) == 1 else None  # several: nothing says which is meant


def _owner(line: Line) -> Principal:
    """Whose telephone it is, in its tenant."""
    try:
        if line.agent and line.agent.user:
            return of_user(line.agent.user, line.tenant)
    except CredentialsRefused:  # no member any more
        pass
    raise _bad_extension()


def _sources(asked: Asked) -> tuple[str, ...]:
    numbers = _numbers(asked, "source", "pc_source_invalid")
    if asked.is_callback and (len(numbers) > 1 or _is_extension(numbers[0])):
        raise invalid("pc_source_invalid", "source: a callback rings one public number.")
    return numbers


def _numbers(asked: Asked, name: str, code: str) -> tuple[str, ...]:
    """One number or several, as a list or bare."""
    value = asked.field(name)
    texts = [_text(item) for item in (value if isinstance(value, list) else [value])]
    is_administrator = asked.holder.level == AppLevel.ADMINISTRATOR
    for text in texts or [None]:
        if text is None or not _NUMBER.fullmatch(text):
            raise invalid(code, f"{name}: must be a list of extended or short extension numbers or public phone numbers.")
        if is_administrator and _is_short(text):
            raise invalid(code, f"{name}: an application of an administrator gives extensions in their extended form.")
    return tuple(text for text in texts if text)


def _whole(asked: Asked, name: str, code: str) -> int | None:
    """A number of seconds of the query; None where it is not given."""
    text = asked.query.get(name, "").strip()
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise invalid(code, f"{name}: must be a whole number of seconds, higher than 0.")
    return int(text)


def _caller_id(asked: Asked, names: set[str]) -> PartyDraft:
    given = [value for part in (asked.view, asked.body) for name, value in part.items() if name.lower() in names]
    value = next((value for value in given if value not in (None, "")), None)
    if value is None:
        return PartyDraft()
    read = _CALLER_ID.fullmatch(value.strip()) if isinstance(value, str) else None
    if read is None or not (read["name"].isprintable() or not read["name"]):
        raise invalid("pc_callerid_invalid", "callerId: must have the format: John Doe <+3334444>.")
    return PartyDraft(name=read["name"].strip(), number=read["number"])


def _is_local(line: Line, destination: str) -> bool:
    """Whether a number is inside the system: ``allowPublicTransfer`` is ignored there."""
    return _is_extension(destination) or dialer.find_line(line.tenant, destination) is not None


def _allows_transfer(asked: Asked) -> bool:
    """Whether a call to a number outside may be transferred to another one outside."""
    text = asked.query.get("allowPublicTransfer", "").strip().lower() or "false"
    if text not in BOOLEANS:
        raise invalid("pc_transfer_invalid", "allowPublicTransfer: must be true or false.")
    return BOOLEANS[text]


def _nonce(asked: Asked) -> str:
    value = asked.body.get("nonce")
    value = asked.view.get("nonce") if value is None else value
    if value is None:
        return ""
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_NONCE or not value.isprintable():
        raise invalid("pc_nonce_invalid", f"nonce: must be text of 1 to {_LONGEST_NONCE} characters.")
    return value


def _text(value: Any) -> str | None:
    """The text of a scalar, empty for none; None for what is no text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _is_extension(number: str) -> bool:
    return "*" in number or _is_short(number)


def _is_short(number: str) -> bool:
    return number.isdigit() and len(number) < SHORTEST_PUBLIC


def _bad_extension() -> Exception:
    message = "extension: must be the number of a phone terminal extension that is owned by the user."
    return invalid("extension_invalid", message)

"""What a client does with a call that is in the system: hold it, take it back, transfer it, hang up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calls import dialer
from calls.dialects.voipnow.errors import invalid, not_offered
from calls.dialects.voipnow.listing import lines_of
from calls.dialects.voipnow.vocabulary import NOT_OFFERED, OFF_HOLD, ON_HOLD, TRANSFER
from calls.models import Call, Origination
from contacts.phone import is_same, read_number


def read_action(body: Mapping[str, Any]) -> str:
    """The action; 400 for one nobody knows, the vendor's 501 for one no exchange here can do."""
    action = body.get("action")
    if not isinstance(action, str) or action not in {ON_HOLD, OFF_HOLD, TRANSFER, *NOT_OFFERED}:
        raise invalid("pc_action_invalid", f"action: must be one of {', '.join(sorted([ON_HOLD, OFF_HOLD, TRANSFER]))}.")
    if action in NOT_OFFERED:
        raise not_offered(f"{action} is not offered here: no exchange of this installation can do it.")
    return action


def act(call: Call, action: str, body: Mapping[str, Any]) -> None:
    """Do it. Raises ``Refusal``, and what the dialer raises."""
    row: Origination = call.origination
    _check_view(call, body.get("phoneCallViewId"))
    if action == TRANSFER:
        to = _number(body, "sendCallTo")
        if not to:
            raise invalid("pc_sendcallto_invalid", "sendCallTo: must be an extension or a public phone number.")
        dialer.transfer(row, to, leaves=_leaving(row, body))
    elif action == ON_HOLD:
        dialer.hold(row)
    else:
        dialer.unhold(row)


def hang_up(calls: Iterable[Call], number: str) -> list[Call]:
    """End these calls, or those of them that ``number`` takes part in; the ones there were to end."""
    ended = [call for call in calls if not number or _takes_part(call, number)]
    for call in ended:
        dialer.hang_up(call.origination)
    return ended


def _check_view(call: Call, view_id: Any) -> None:
    """400 for a view the call does not have; a client that names none means the call."""
    views = {f"{place:02}" for place in range(1 + sum(leg.role == "transfer" for leg in call.legs.all()))}
    if view_id not in (None, "") and str(view_id) not in views:
        raise invalid("pc_phonecallview_invalid", "phoneCallViewId: the call has no such view.")


def _leaving(row: Origination, body: Mapping[str, Any]) -> str:
    """Which party leaves: the one that transfers, else the one that is not transferred; ours where none is named."""
    leaves, stays = _number(body, "transferFromNumber"), _number(body, "transferNumber")
    if leaves:
        side = _side(row, leaves)
    elif stays:
        side = {dialer.FAR: dialer.NEAR, dialer.NEAR: dialer.FAR}.get(_side(row, stays), "")
    else:
        return dialer.NEAR
    if not side:
        raise invalid("pc_transfernumber_invalid", "The party to transfer must be a source or the destination of the call.")
    return side


def _side(row: Origination, number: str) -> str:
    if _is_one_of(row, number, [row.destination]):
        return dialer.FAR
    return dialer.NEAR if _is_one_of(row, number, row.sources) else ""


def _takes_part(call: Call, number: str) -> bool:
    return _is_one_of(call.origination, number, [*call.origination.sources, call.origination.destination])


def _is_one_of(row: Origination, number: str, numbers: Iterable[str]) -> bool:
    """Whether a number is among others, in whatever spelling and form."""
    place = row.tenant.place
    wanted = read_number(number, place)
    lines = lines_of(row.tenant, number) if wanted.is_extension else []
    others = [read_number(other, place) for other in numbers]
    return any(is_same(wanted, other) or (lines and lines_of(row.tenant, other.raw) == lines) for other in others)


def _number(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""

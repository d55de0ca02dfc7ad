"""What a call on its way is told as: why it is not made, how far it has come, how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.choices import Disposition, LegRole, OriginationState
from calls.errors import CallError
from calls.models import CallLeg, DialPlan, Origination
from contacts.phone import read_number, readable

# Code of the refusal → what a person at a desk can make of it. Limits name the tenant's own figures (fields of DialPlan).
_REFUSALS = {
    "line_not_usable": _("This line makes no calls: it is switched off, or its telephone exchange is not set up."),
    "source_invalid": _("The telephone of this line cannot be rung: its number is none that can be called."),
    "destination_invalid": _("This is not a number that can be called."),
    "extension_unknown": _("There is no such extension."),
    "country_not_allowed": _("Calls to this country are not allowed. An owner decides which are, under Settings, Dial plans."),
    "number_type_refused": _("Premium and other special numbers are never called."),
    "high_risk_number": _("Numbers of this range are never called: they are made to cost."),
    "do_not_call": _("This number is on the list of numbers not to call."),
    "caller_id_invalid": _("The caller id of this line is not a number that can be shown. A manager can change it."),
    "caller_id_not_allowed": _("The caller id of this line is not one of your own numbers. A manager can change it."),
    "not_offered": _("The telephone exchange of this call does not offer that."),
    "not_talking": _("The two of you are not talking yet, or not any more."),
    "exchange_refused": _("The telephone exchange refused."),
    "exchange_unavailable": _("The telephone exchange did not answer. Try again in a moment."),
    "too_many_per_second": _("Too many calls begin at this moment. Try again in a second."),
    "too_many_legs": _("All telephones are in use: %(concurrent_legs)s at the same time. Wait until a call ends."),
    "minutes_used_up": _("The %(minutes_per_day)s minutes of this day are used up, or set aside for calls that go on."),
    "destination_calls_used_up": _("This number was called %(calls_per_destination)s times today, which is as often as may be."),
}
# Of the SIP statuses that calls fail with, the ones people can do something about (RFC 3261 §21).
_SIP = {
    "404": _("The number does not exist."),
    "410": _("The number is not in use any more."),
    "413": _("The network would not take the call."),
    "484": _("The number is not complete."),
    "488": _("The two sides have no kind of sound in common."),
    "500": _("The network has a fault."),
    "502": _("The network has a fault."),
    "503": _("The network takes no calls just now."),
    "504": _("The network did not answer in time."),
}
_ENDS = {
    Disposition.ANSWERED: _("The call has ended"),
    Disposition.NO_ANSWER: _("Nobody answered"),
    Disposition.BUSY: _("The number is busy"),
    Disposition.CANCELLED: _("The call was ended before anybody answered"),
    Disposition.REJECTED: _("The call was declined"),
    Disposition.FAILED: _("The call could not be connected"),
    Disposition.VOICEMAIL: _("A voicemail answered"),
    Disposition.UNKNOWN: _("The call is over; how it ended is not known"),
}


def refusal(error: CallError, plan: DialPlan) -> str:
    """Why a call is not made, or something not done with it."""
    words = _REFUSALS.get(error.code)
    return str(words) % vars(plan) if words else error.message


def says(row: Origination, legs: Iterable[CallLeg]) -> str:
    """How far a request to call has come, in one sentence without its full stop."""
    source, destination = _legs_of(legs)
    far = number_of(row.destination, row)
    match row.state:
        case OriginationState.QUEUED | OriginationState.DISPATCHING:
            return gettext("Placing the call")
        case OriginationState.UNKNOWN:
            return gettext("The telephone exchange has not answered yet and is being asked; nothing is dialled twice")
        case OriginationState.RINGING if destination is not None and destination.started_at is None and source is not None:
            return gettext("Ringing your own telephone, %(number)s. Pick it up") % {"number": number_of(source.number_raw, row)}
        case OriginationState.RINGING:
            return gettext("Ringing %(number)s") % {"number": far}
        case OriginationState.IN_PROGRESS if row.is_held:
            return gettext("On hold: %(number)s hears music") % {"number": far}
        case OriginationState.IN_PROGRESS:
            return gettext("Talking with %(number)s") % {"number": far}
    return end_of(row, source, destination)


def end_of(row: Origination, source: CallLeg | None, destination: CallLeg | None) -> str:
    """How it ended; where one's own telephone was the reason, that is said."""
    is_near = destination is not None and destination.started_at is None and source is not None
    if is_near and row.disposition == Disposition.NO_ANSWER:
        return gettext("Your own telephone, %(number)s, was not picked up") % {"number": source.number_raw if source else ""}
    if is_near and row.disposition in (Disposition.BUSY, Disposition.REJECTED, Disposition.FAILED):
        return gettext("Your own telephone, %(number)s, could not be reached") % {"number": source.number_raw if source else ""}
    return str(_ENDS[Disposition(row.disposition)])


def reason_of(row: Origination) -> str:
    """Why it ended as it did, as far as that is known; empty for what needs no reason."""
    detail = row.disposition_detail
    told = str(_SIP.get(detail, "")) if detail else ""
    code = gettext("SIP %(status)s") % {"status": detail} if detail else ""
    return " ".join(filter(None, [row.reason, told, f"({code})" if code else ""]))


def number_of(number: str, row: Any) -> str:
    """A number as people read it; the country is that of the row's tenant."""
    read = read_number(number, row.tenant.place)
    return readable(read.e164, number)


def _legs_of(legs: Iterable[CallLeg]) -> tuple[CallLeg | None, CallLeg | None]:
    """The first source that rang and the destination."""
    by_role: dict[str, CallLeg] = {}
    for leg in legs:
        by_role.setdefault(leg.role, leg)
    return by_role.get(LegRole.SOURCE), by_role.get(LegRole.DESTINATION)

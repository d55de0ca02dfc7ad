"""From what a person wrote to digits that may be dialled: nothing else of it reaches an exchange."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import phonenumbers
from phonenumbers import PhoneNumberType

from calls.dialer.forbidding import is_forbidden
from calls.dialer.lines import find_line
from calls.errors import DialRefused
from calls.models import DialPlan
from calls.telephony.base import CallerId, Endpoint, EndpointKind
from contacts.phone import Number, read_number

REFUSED_TYPES = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)
# Satellites, networks without a country and ranges whose only use is to cost (ITU-T E.164 assignments; GSMA's fraud lists).
HIGH_RISK = (
    "+1500", "+1521", "+1522", "+1533", "+1544", "+1566", "+1577", "+1588", "+1700", "+1900", "+1976",
    "+4470", "+800", "+808", "+870", "+878", "+881", "+882", "+883", "+888", "+979",
)  # fmt: skip
LONGEST_NAME = 60
_EXTENSION = re.compile(r"[0-9]{1,16}(\*[0-9]{1,16})?")
_LOCAL = re.compile(r"[2-9][0-9]{5,7}")  # without its area code; 0 and 1 lead out of the area


@contextmanager
def about(field: str) -> Iterator[None]:
    """Have refusals name the field of the order they are about."""
    try:
        yield
    except DialRefused as refusal:
        refusal.fields = refusal.fields or {field: refusal.message}
        raise


def endpoint_of(plan: DialPlan, text: str, code: str, *, is_simulation: bool) -> Endpoint:
    """The telephone with this number, if the tenant may have it rung. Raises ``DialRefused``, with ``code`` for no number."""
    number = read_number(text, plan.tenant.place)
    if number.is_extension:
        return _extension(plan, number, code, is_simulation=is_simulation)
    if number.e164:
        _check_public(plan, number.e164)
        return Endpoint(kind=EndpointKind.NUMBER, digits=number.e164)
    is_domestic = number.guess.startswith(f"+{phonenumbers.country_code_for_region(plan.tenant.country)}")
    if not number or "+" in text or not (is_domestic or _LOCAL.fullmatch(number.digits)):
        raise DialRefused(f"“{_shown(text)}” is not a number that can be called.", code=code)
    if is_domestic:
        _check_public(plan, number.guess)  # what it may be decides whether it is called; what was written is dialled
    return Endpoint(kind=EndpointKind.NUMBER, digits=number.digits)


def leads_to_sandbox(plan: DialPlan, text: str) -> bool:
    """Whether this is one of the tenant's numbers to try things with."""
    line = find_line(plan.tenant, text, plan=plan) if read_number(text, plan.tenant.place).is_extension else None
    return line is not None and line.is_sandbox


def check_wanted(plan: DialPlan, endpoint: Endpoint) -> None:
    """Raise ``DialRefused`` (do_not_call) for a number on the tenant's list."""
    if is_forbidden(plan.tenant, read_number(endpoint.digits, plan.tenant.place)):
        raise DialRefused("This number is on the list of those not to be called.", code="do_not_call")


def caller_id(plan: DialPlan, number: str, name: str, *, may_be_any: bool, is_simulation: bool) -> CallerId:
    """Who is shown: a line of the tenant's, a proven one where people see it, unless any may be. Raises ``DialRefused``."""
    if not number.strip():
        return CallerId(name=_name(name))
    read = read_number(number, plan.tenant.place)
    digits = _shown_digits(number, read)
    if not digits:
        raise DialRefused("A caller id is a number, with a name or without.", code="caller_id_invalid")
    line = None if may_be_any else find_line(plan.tenant, number, plan=plan)
    if not may_be_any and (line is None or not (line.is_proven or is_simulation)):
        raise DialRefused("Only numbers of your own lines may be shown as the caller.", code="caller_id_not_allowed")
    return CallerId(number=digits, name=_name(name))


def _extension(plan: DialPlan, number: Number, code: str, *, is_simulation: bool) -> Endpoint:
    """Inside the exchange: on a real one, which others share, only the tenant's own proven telephones."""
    line = find_line(plan.tenant, number.raw, plan=plan)
    digits = read_number(line.number, plan.tenant.place).key if line else number.key
    if not _EXTENSION.fullmatch(digits):
        raise DialRefused(f"“{_shown(number.raw)}” is not an extension.", code=code)
    if line is None and not is_simulation:
        raise DialRefused("There is no such extension.", code="extension_unknown")
    if line is not None and not (line.is_proven or is_simulation):
        message = f"An operator has to confirm that extension {digits} is yours before it is rung."
        raise DialRefused(message, code="extension_unknown")
    return Endpoint(kind=EndpointKind.EXTENSION, digits=digits)


def _check_public(plan: DialPlan, e164: str) -> None:
    number = phonenumbers.parse(e164)
    if e164.startswith(HIGH_RISK):
        raise DialRefused("Numbers of this range are not called: they are made to cost.", code="high_risk_number")
    if phonenumbers.number_type(number) in REFUSED_TYPES:
        raise DialRefused("Premium and other special numbers are not called.", code="number_type_refused")
    region = phonenumbers.region_code_for_number(number)
    regions = [region] if region else list(phonenumbers.region_codes_for_country_code(number.country_code or 0))[:1]
    if not set(regions) & set(plan.allowed_countries):
        raise DialRefused("Your tenant does not call this country.", code="country_not_allowed")


def _shown_digits(text: str, number: Number) -> str:
    """The number to show as it was written, without its separators."""
    digits = number.e164 if "+" in text and number.e164 else re.sub(r"[^0-9]", "", text)  # not with a country code nobody wrote
    if number.is_extension:
        return number.key if _EXTENSION.fullmatch(number.key) else ""
    digits = f"+{digits}" if "+" in text and digits and not digits.startswith("+") else digits
    return digits if 2 <= len(digits.lstrip("+")) <= 15 else ""


def _name(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()[:LONGEST_NAME]


def _shown(text: str) -> str:
    return "".join(letter for letter in text[:40] if letter.isprintable())

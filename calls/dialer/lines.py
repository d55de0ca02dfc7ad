"""The lines that make calls: found by any spelling, adopted where the tenant allows it."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from calls.choices import usual_backend
from calls.dialer.limits import plan_of
from calls.models import DialPlan, Line
from calls.telephony.simulator import SimulatorBackend
from contacts.phone import Number, is_same, read_number
from tenants.models import Tenant


def find_line(tenant: Tenant, text: str, *, plan: DialPlan | None = None) -> Line | None:
    """The tenant's active line with this number in any spelling; extensions in their short (210) or extended (0003*210) form."""
    number = read_number(text, tenant.place)
    if not number:
        return None
    keys = {number.key, *(_other_forms(number, plan or plan_of(tenant)) if number.is_extension else ())}
    lines = Line.objects.for_tenant(tenant).filter(is_active=True, match_key__in=keys).select_related("agent")
    found = sorted(lines, key=lambda line: (line.match_key != number.key, line.number))
    for line in found:
        if number.is_extension != line.is_extension:
            continue
        if line.match_key != number.key or is_same(number, Number(e164=line.e164, key=line.match_key)):
            return line
    return None


def adopt_line(tenant: Tenant, text: str) -> Line | None:
    """The tenant's line with this number, made now where nobody has it, the tenant adopts, and only the simulator is there.

    None where there is none and none may be: a real exchange never shows a number that nobody proved to own. Of two tenants
    at the same moment, one gets it.
    """
    if (line := find_line(tenant, text)) is not None:
        return line
    number, plan = read_number(text, tenant.place), plan_of(tenant)
    if not plan.adopts_lines or usual_backend() != SimulatorBackend.name or not number or number.is_extension:
        return None
    if _somebody_has(number):
        return find_line(tenant, text)  # a twin may have been quicker since the first look
    facts = {"e164": number.e164, "match_key": number.key, "backend": SimulatorBackend.name, "is_adopted": True}
    line = Line(tenant=tenant, number=number.raw[:64], **facts)
    try:
        with transaction.atomic():
            line.save(force_insert=True)
    except IntegrityError:  # a twin or another tenant was quicker
        return find_line(tenant, text)
    return line


def extended(line: Line, plan: DialPlan) -> str:
    """An extension with its tenant's prefix; a public number as it is."""
    if not line.is_extension or "*" in line.number or not plan.extension_prefix:
        return line.number
    return f"{plan.extension_prefix}*{line.number}"


def _other_forms(number: Number, plan: DialPlan) -> set[str]:
    if not plan.extension_prefix:
        return set()
    prefix, star, short = number.key.rpartition("*")
    if star:
        return {short} if prefix == plan.extension_prefix else set()
    return {f"{plan.extension_prefix}*{number.key}"}


def _somebody_has(number: Number) -> bool:
    same = {"e164": number.e164} if number.e164 else {"match_key": number.key, "e164": ""}
    return Line.objects.filter(**same).exists()

"""The PhoneCalls: calls we were asked to make and that are in the system now; whatever has ended is found in the CDR."""

from __future__ import annotations

from datetime import UTC

from django.db.models import Prefetch, Q

from calls import dialer
from calls.choices import ORIGINATION_LIVE
from calls.dialects.voipnow.authentication import (
    calls_within_reach,
    originations_within_reach,
    tenants_with,
    whose,
)
from calls.dialects.voipnow.errors import invalid
from calls.dialects.voipnow.filtering import by_id, by_moment
from calls.dialects.voipnow.parameters import Listing
from calls.dialects.voipnow.vocabulary import SELF
from calls.models import Call, CallLeg, Line
from calls.models.call import CallQuerySet
from tenants.models import Tenant, User
from tenants.oauth import Holder

FILTERS = ("id", "published")


def phone_calls(holder: Holder, user_id: str, extension: str) -> CallQuerySet:
    """The calls of this user at this extension, brought up to the present moment. Raises ``Refusal``."""
    principal = whose(holder, user_id)
    calls = _in_the_system(holder)
    if principal is not None:
        calls = calls.filter(of_user(principal.user), tenant=principal.tenant)
    if extension == SELF:
        return calls
    tenants = [principal.tenant] if principal else tenants_with(holder, extension)
    lines = [line for tenant in tenants for line in lines_of(tenant, extension)]
    if not lines:
        raise invalid("extension_invalid", "extension: there is no such extension; @self stands for all of the user's.")
    return calls.filter(line__in=lines)


def phone_call(holder: Holder, extension: str, call_id: str) -> Call | None:
    """The call with this id in the application's reach, whichever user the address names. Raises ``Refusal``."""
    call: Call | None = _in_the_system(holder).by_public_id(call_id)
    if call is None or extension == SELF:
        return call
    return call if call.line in lines_of(call.tenant, extension) else None


def listed(calls: CallQuerySet, listing: Listing) -> CallQuerySet:
    """The calls that answer a list's conditions, in its order."""
    condition = listing.filter
    if condition is not None:
        calls = by_id(calls, condition) if condition.by == "id" else by_moment(calls, "started_at", condition, UTC)
    return calls.order_by("-started_at", "-pk") if listing.is_descending else calls.order_by("started_at", "pk")


def with_everything_shown(calls: CallQuerySet) -> CallQuerySet:
    """The calls with what a PhoneCall shows of them, in two queries however many they are."""
    legs = Prefetch("legs", queryset=CallLeg.objects.order_by("position"))
    shown = calls.select_related("tenant", "line__agent__user", "agent__user", "origination__requester").prefetch_related(legs)
    return shown.defer("document", "given_contact", "match_candidates", "completed_forms", "facts", "notes")


def of_user(user: User) -> Q:
    """Calls of a person's telephones, and those they asked for."""
    return Q(line__agent__user=user) | Q(agent__user=user) | Q(origination__requester=user)


def lines_of(tenant: Tenant, extension: str) -> list[Line]:
    """The line with this number; an extension may be there in its short form and in its extended one, which are the same."""
    plan = dialer.plan_of(tenant)
    line = dialer.find_line(tenant, extension, plan=plan)
    if line is None:
        return []
    full = dialer.extended(line, plan)
    forms = {extension, full, full.rpartition("*")[2]} if line.is_extension else {extension}
    found = {dialer.find_line(tenant, form, plan=plan) for form in forms}
    same = [other for other in found if other is not None and dialer.extended(other, plan) == full]
    return sorted(same, key=lambda other: other.number)


def _in_the_system(holder: Holder) -> CallQuerySet:
    rows = originations_within_reach(holder).live()
    dialer.refresh_all(rows.only("id", "state", "backend"))
    live = {"origination__state__in": ORIGINATION_LIVE, "origination__cancel_requested_at": None}
    return with_everything_shown(calls_within_reach(holder).filter(**live))

"""Whose token it is, and for whom its application may act.

==============  ===================  ========================  =================================
user segment    user's application   organization's            administrator's
==============  ===================  ========================  =================================
``@me``         the user             refused; reads: anybody   refused; reads: anybody
``@owner``      owner of the line    owner of the line         owner of the line, also below it
number or id    the user, else 403   anybody in the tenant     anybody in the tenant or below it
==============  ===================  ========================  =================================

An id is a member's number, or their user name or UUID. People out of reach are answered like people that are not.
"""

from __future__ import annotations

import dataclasses
from uuid import UUID

from django.http import HttpRequest

from calls.dialects.base import bearer_token
from calls.dialects.voipnow.errors import forbidden, invalid
from calls.dialects.voipnow.vocabulary import ME, OWNER
from calls.models import Call, Line, Origination
from calls.models.call import CallQuerySet
from calls.models.origination import OriginationQuerySet
from contacts.phone import read_number
from tenants.authentication import CredentialsRefused, Principal, of_user
from tenants.models import Membership, Tenant
from tenants.oauth import Holder, by_access_token

TOKEN_PARAMETER = "accessRequestToken"  # noqa: S105 - its name
_LONGEST_NAME = 150


def sign_in(request: HttpRequest, query: dict[str, str]) -> Holder:
    """Whose token came, in the header or as ``accessRequestToken=Bearer …``; raises ``CredentialsRefused``."""
    secret = bearer_token(request) if "Authorization" in request.headers else _of_query(query)
    if not secret:
        raise CredentialsRefused
    return by_access_token(secret)


def actor(holder: Holder, user_id: str) -> Principal | None:
    """On whose behalf a call is made; None where the owner of its line decides. Raises ``Refusal``."""
    if user_id == OWNER:
        return None
    if user_id in ME and holder.principal is not None:
        return holder.principal
    if user_id in ME:
        raise invalid("user_invalid", f"An application of this level names the user; {user_id} is nobody.")
    return _named(holder, user_id)


def whose(holder: Holder, user_id: str) -> Principal | None:
    """Whose calls are asked for; None for all that the application sees. Raises ``Refusal``."""
    if user_id == OWNER or user_id in ME:
        return holder.principal
    return _named(holder, user_id)


def tenants_with(holder: Holder, extension: str) -> list[Tenant]:
    """The tenants in an application's reach that may have a line of this number, its own first."""
    tenants = holder.tenants()
    if len(tenants) == 1:
        return tenants
    key = read_number(extension, holder.tenant.place).key
    keys = {key, key.rpartition("*")[2]}
    lines = Line.objects.filter(tenant__in=tenants, is_active=True, match_key__in=keys)
    having = set(lines.values_list("tenant", flat=True))
    return [tenant for tenant in tenants if tenant.pk in having]


def calls_within_reach(holder: Holder) -> CallQuerySet:
    """The calls an application may see."""
    if holder.principal is not None:
        return Call.objects.within_reach_of(holder.principal)
    return Call.objects.filter(tenant__in=holder.tenants())


def originations_within_reach(holder: Holder) -> OriginationQuerySet:
    """The orders an application may see, and end."""
    if holder.principal is not None:
        return Origination.objects.within_reach_of(holder.principal)
    return Origination.objects.filter(tenant__in=holder.tenants())


def require_writer(principal: Principal | None) -> None:
    """403 for people who only look, and tokens that only read."""
    if principal is not None and not principal.may_write:
        raise forbidden("These credentials may only read.")


def _of_query(query: dict[str, str]) -> str:
    scheme, _, secret = query.get(TOKEN_PARAMETER, "").strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _named(holder: Holder, user_id: str) -> Principal:
    member = _member(holder, user_id)
    if member is None:
        raise invalid("user_invalid", "There is no such user.")
    if holder.principal is None:
        return of_user(member.user, member.tenant)
    if member.user != holder.principal.user:
        raise forbidden("An application of a user acts for nobody else.")
    return dataclasses.replace(of_user(member.user, member.tenant), scope=holder.principal.scope)


def _member(holder: Holder, user_id: str) -> Membership | None:
    """The member with this number (of the application's own tenant), user name or UUID."""
    members = Membership.objects.filter(user__is_active=True).select_related("user", "tenant").order_by("created_at")
    if user_id.isascii() and user_id.isdigit() and len(user_id) < 10:
        return members.filter(tenant=holder.tenant, number=int(user_id)).first()
    if len(user_id) > _LONGEST_NAME or not user_id.isprintable():
        return None
    within = members.filter(tenant__in=holder.tenants())
    try:
        return within.filter(user=UUID(user_id)).first()
    except ValueError:
        return within.filter(user__username=user_id).first()

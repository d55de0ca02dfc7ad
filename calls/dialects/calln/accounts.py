"""Resellers: whose call a number makes it, and whose calls may be seen.

A reseller is a tenant that has clients. What its credentials upload belongs to the client whose line is on either side of the
call; where no client's is, or more than one's, it goes to the account set aside for that, or nowhere.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from calls.dialects.base import Refusal
from calls.dialects.calln.errors import NO_CLIENT
from calls.drafts import CallDraft
from calls.models import Call, Line
from calls.models.call import CallQuerySet
from contacts.phone import Number, is_same, read_number
from tenants.authentication import Principal
from tenants.models import Tenant

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Filed:
    """The account a call belongs to, and the rule that found it."""

    tenant: Tenant
    rule: str


def clients_of(tenant: Tenant) -> QuerySet[Tenant]:
    """The accounts below a reseller that are open, by name."""
    return tenant.children.filter(is_active=True).order_by("name", "pk")


def account_for(principal: Principal, draft: CallDraft) -> Filed:
    """Where a call of these credentials is filed: 405 for a reseller's that no client's number claims alone.

    Only lines of the reseller's own clients are asked, so a number that somebody else has as well decides nothing.
    """
    clients = {client.pk: client for client in accounts_within_reach(principal)[1:]}
    if not clients:
        return Filed(tenant=principal.tenant, rule="own")
    owners = _owners(list(clients.values()), [draft.caller.number, draft.callee.number])
    if len(owners) == 1:
        filed = Filed(tenant=clients[owners.pop()], rule="number")
    elif principal.tenant.unmatched_account_id in clients:
        rule = "several" if owners else "unmatched"
        filed = Filed(tenant=clients[principal.tenant.unmatched_account_id], rule=rule)
    else:
        _log.info("CallN: a call of reseller %s fits %d clients and was not filed", principal.tenant.pk, len(owners))
        raise Refusal(405, "no_client", NO_CLIENT)
    _log.info("CallN: a call of reseller %s is filed under %s by rule “%s”", principal.tenant.pk, filed.tenant.pk, filed.rule)
    return filed


def calls_within_reach(principal: Principal) -> CallQuerySet:
    """The calls these credentials may see: their own, and those of a reseller's clients."""
    own = Call.objects.within_reach_of(principal)
    return own if principal.center_id else Call.objects.filter(tenant__in=accounts_within_reach(principal))


def accounts_within_reach(principal: Principal) -> list[Tenant]:
    """The principal's tenant and, unless it is limited to one center, the clients of a reseller."""
    clients = [] if principal.center_id else clients_of(principal.tenant)
    return [principal.tenant, *clients]


def account_named(principal: Principal, name: str) -> Tenant | None:
    """The account within reach that goes by this id or domain name; the principal's own where none is named."""
    if not name:
        return principal.tenant
    accounts = accounts_within_reach(principal)
    return next((account for account in accounts if name in (str(account.pk), account.pk.hex, account.slug)), None)


def _owners(clients: list[Tenant], texts: list[str]) -> set[UUID]:
    """The clients that have a line with one of these numbers, each read as it is dialled in the client's country."""
    numbers = {client.pk: [read_number(text, client.place) for text in texts if text] for client in clients}
    keys = {number.key for read in numbers.values() for number in read if number.key}
    lines = Line.objects.filter(tenant__in=clients, match_key__in=keys) if keys else ()
    return {
        line.tenant_id
        for line in lines
        if any(number.key and is_same(number, Number(e164=line.e164, key=line.match_key)) for number in numbers[line.tenant_id])
    }

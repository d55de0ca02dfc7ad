"""How much may be sent in a minute: to one host, by all tenants together, and by one tenant.

A receiver may log a call here for every message it gets, and leave the loop mark out. That would go round for ever, as fast as
callhub can send. The limits bound it: what is more waits for the next minute, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from django.conf import settings

from calls.models import WebhookEndpoint
from tenants import budget

WINDOW_S = 60


def take(endpoint: WebhookEndpoint, wanted: int) -> tuple[int, list[budget.Share]]:
    """How many requests may be made to this endpoint now, ``wanted`` at most, and the shares of the budgets they are taken from.

    The tenant's budget is asked first: where the host has less, the tenant gets the difference back for its other hosts.
    """
    shares: list[budget.Share] = []
    for name, limit in _budgets(endpoint):
        share = budget.spend_up_to(wanted, f"webhooks:{name}", limit, WINDOW_S)
        give_back(shares, wanted - share.count)
        shares.append(share)
        wanted = share.count
    return wanted, shares


def give_back(shares: Sequence[budget.Share], count: int) -> None:
    """Let others make so many of these requests."""
    for share in shares:
        budget.give_back(share, count)


def _budgets(endpoint: WebhookEndpoint) -> Iterator[tuple[str, int]]:
    """Name and limit of each budget there is. Ports and paths of a host share one."""
    host = (urlsplit(endpoint.url).hostname or "").rstrip(".")
    for name, limit in (
        (f"tenant:{endpoint.tenant_id}", settings.CALLHUB_WEBHOOKS_PER_TENANT_PER_MINUTE),
        (f"host:{host}", settings.CALLHUB_WEBHOOKS_PER_HOST_PER_MINUTE),
    ):
        if limit:
            yield name, limit

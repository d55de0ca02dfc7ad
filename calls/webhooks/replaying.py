"""Sending again: the same id and bytes, a new round of attempts. What is pending already is sent at once instead."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from calls.choices import DeliveryState, EndpointState
from calls.models import Delivery, WebhookEndpoint
from calls.webhooks import bell, clock
from calls.webhooks.errors import EndpointNotActive, NothingToReplay


def replay(delivery: Delivery) -> None:
    """Send one delivery again.

    Raises ``EndpointNotActive`` where its endpoint is disabled, ``NothingToReplay`` where its call was removed.
    """
    if delivery.endpoint.state == EndpointState.DISABLED:
        raise EndpointNotActive(_("Its endpoint is disabled. Resume it first."))
    if not replay_all(Delivery.objects.filter(pk=delivery.pk)):
        raise NothingToReplay(_("The call was removed, and with it what this message told."))


def replay_all(deliveries: QuerySet[Delivery]) -> int:
    """Send a selection again; how many will be. Those of removed calls and of disabled endpoints stay as they are.

    ``deliveries`` is any filtered queryset that is not sliced: a selection, ``made_between``, ``lost``.
    """
    keys = Delivery.objects.filter(pk__in=replayable(deliveries).values("pk"))
    fresh = {"state": DeliveryState.PENDING, "attempts": 0, "reason": "", "due_at": clock.now(), "delivered_at": None}
    count = keys.update(**fresh, is_replayed=True, fence=F("fence") + 1, lease_until=None, holder=None, updated_at=clock.now())
    if count:
        bell.ring_for_deliveries()
    return count


def replayable(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those of a selection that ``replay_all`` would send again."""
    return deliveries.order_by().filter(endpoint__in=WebhookEndpoint.objects.told(), is_erased=False)

"""The mail to a tenant's owners that an endpoint was disabled, and why."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from callhub.kept import in_words
from calls.choices import EndpointState
from calls.models import WebhookEndpoint
from tenants.choices import Role
from tenants.models import Membership


def due() -> list[str]:
    """The endpoints whose owners have not been told yet."""
    rows = WebhookEndpoint.objects.filter(is_notice_due=True, state=EndpointState.DISABLED)
    return [str(key) for key in rows.values_list("pk", flat=True)[:100]]


def tell_disabled(endpoint_id: str) -> bool:
    """Mail the owners, each in their language, once where nothing breaks off; False where there is nothing to tell.

    Raises what the mail server does.
    """
    with transaction.atomic():
        rows = WebhookEndpoint.objects.select_for_update(of=("self",)).filter(pk=endpoint_id, is_notice_due=True)
        endpoint = rows.select_related("tenant").first()
        if endpoint is None or endpoint.state != EndpointState.DISABLED:
            return False
        messages = _messages(endpoint)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_notice_due=False)
    try:
        for message in messages:
            message.send()
    except Exception:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, state=EndpointState.DISABLED).update(is_notice_due=True)
        raise
    return True


def _messages(endpoint: WebhookEndpoint) -> list[EmailMessage]:
    """One for the owners of each language."""
    owners = Membership.objects.filter(tenant=endpoint.tenant_id, role=Role.OWNER, user__is_active=True, mails_warnings=True)
    addresses: dict[str, set[str]] = {}
    for owner in owners.exclude(user__email="").select_related("user"):
        addresses.setdefault(owner.user.spoken or settings.LANGUAGE_CODE, set()).add(owner.user.email)
    return [_message(endpoint, language, sorted(to)) for language, to in sorted(addresses.items())]


def _message(endpoint: WebhookEndpoint, language: str, to: list[str]) -> EmailMessage:
    with translation.override(language):
        subject = _("callhub: %(name)s is not told of calls any more") % {"name": " ".join(str(endpoint).split())[:60]}
        body = _(
            "The endpoint “%(name)s” of %(tenant)s was disabled.\n\n%(reason)s\n\n"
            "What had not arrived is kept for 30 days and can be sent again once the endpoint is resumed."
        ) % {"name": endpoint, "tenant": endpoint.tenant, "reason": in_words(endpoint.state_reason)}
    return EmailMessage(subject=subject, body=body, to=to)

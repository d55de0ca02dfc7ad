"""What a vendor's page is filled in with: this callhub's address, the tenant's names and numbers, moments of just now."""

from __future__ import annotations

from datetime import UTC, timedelta

import phonenumbers
from django.utils import timezone

from calls.admin.settings.asked import Asked
from calls.dialects.guide import Names
from calls.models import Line
from calls.telephony.simulator import SimulatorBackend
from tenants.models import Tenant

_SANDBOX_END = "2000213"  # the simulator answers after a second and hangs up three seconds later


def names_for(asked: Asked, **secrets: str) -> Names:
    """The names of a tenant and of the person who asks; ``secrets`` are those that were made a moment ago."""
    tenant, user = asked.tenant, asked.request.user
    lines = Line.objects.for_tenant(tenant).filter(is_active=True).order_by("is_adopted", "number")
    public = lines.exclude(e164="").first()
    phone = lines.filter(is_phone_terminal=True, agent__user=user.pk).first()
    now = timezone.now().astimezone(UTC).replace(microsecond=0)
    today = timezone.localdate(now, tenant.zone)
    told = {
        "number": public.e164 if public else "",
        "extension": phone.number if phone else "",
        "to": _sandbox_number(tenant) if any(_is_simulated(line) for line in (public, phone)) else "",
        **secrets,
    }
    return Names(
        address=asked.request.build_absolute_uri("/").rstrip("/"),
        tenant=tenant.slug,
        user=user.get_username(),
        starts=_instant(now - timedelta(minutes=2)),
        ends=_instant(now),
        moment=f"{now - timedelta(minutes=2):%Y-%m-%d} {now.hour}:{now:%M:%S}",
        since=f"{today.replace(day=1)}",
        until=f"{today}",
        **{name: value for name, value in told.items() if value},
    )


def _instant(at: object) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def _is_simulated(line: Line | None) -> bool:
    return line is not None and line.backend == SimulatorBackend.name


def _sandbox_number(tenant: Tenant) -> str:
    """A number of the tenant's country that the simulator plays; empty where none of its numbers can end so."""
    example = phonenumbers.example_number_for_type(tenant.country, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return ""
    text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    number = text[: -len(_SANDBOX_END)] + _SANDBOX_END
    return number if phonenumbers.is_valid_number(phonenumbers.parse(number)) else ""

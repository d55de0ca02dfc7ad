"""The numbers that the vendors' pages use in their examples, so that those work as they are printed."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from calls.choices import usual_backend
from calls.models import DialPlan, Line
from calls.telephony.simulator import SimulatorBackend
from contacts.book import save_agent
from contacts.models import Agent
from contacts.phone import read_number
from tenants.models import Tenant, User

FONE_NUMBER = "3215551081"
PREFIX = "0003"
EXTENSIONS = ("210", "0003*210")
SANDBOX = "0003*00"
# Where the examples call. One of VoipNow's has no country code: where its ten digits are no
# number of the tenant's own country, they are one of Belgium's.
COUNTRIES = ("BE", "SE", "US")


@transaction.atomic
def make_sample_lines(tenant: Tenant, owner: User) -> list[Line]:
    """Give a new tenant the examples' lines; the extensions are the telephones of its owner, who becomes an agent.

    On a real exchange they are not proven, and show no other number than their own, until an operator says so.
    """
    agent = save_agent(
        Agent(tenant=tenant, user=owner, name=owner.get_full_name() or owner.get_username()), extensions=EXTENSIONS
    )
    countries = sorted({tenant.country, *COUNTRIES})
    DialPlan.objects.create(tenant=tenant, extension_prefix=PREFIX, countries=countries, adopts_lines=True)
    return [
        _line(tenant, FONE_NUMBER, name="FoneNumber", agent=agent, is_recorded=True),
        *(_line(tenant, number, agent=agent, is_phone_terminal=True, is_recorded=True) for number in EXTENSIONS),
        _line(tenant, SANDBOX, name="Sandbox", is_sandbox=True),
    ]


def _line(tenant: Tenant, number: str, **fields: Any) -> Line:
    read = read_number(number, tenant.place)
    is_played = usual_backend() == SimulatorBackend.name  # nobody is rung by mistake, and nobody deceived
    facts = {"e164": read.e164, "match_key": read.key, "shows_any_caller": is_played, "is_proven": is_played, **fields}
    return Line.objects.create(tenant=tenant, number=number, **facts)

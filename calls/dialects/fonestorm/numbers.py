"""FoneNumbers: the account's active lines that have a public number."""

from __future__ import annotations

from django.db.models import QuerySet

from calls import dialer, webhooks
from calls.choices import EndpointKind
from calls.dialects.fonestorm.errors import no_such_number
from calls.dialects.fonestorm.reading import ROUTINGS, WantedRouting, digits_of, spelled
from calls.models import Line
from tenants.authentication import Principal

MOST_NUMBERS = 5000
KINDS = {"send": EndpointKind.SEND_CALLBACK, "receive": EndpointKind.RECEIVE_CALLBACK}


def fonenumbers(principal: Principal) -> QuerySet[Line]:
    """Those within this person's reach, by number."""
    lines = Line.objects.for_tenant(principal.tenant).filter(is_active=True).exclude(e164="").order_by("e164")
    return (lines.filter(center=principal.center_id) if principal.center_id else lines)[:MOST_NUMBERS]


def find(principal: Principal, text: str) -> Line | None:
    """The one with this number, as FoneStorm reads it or as the tenant's country does."""
    tenant = principal.tenant
    for spelling in dict.fromkeys([spelled(text, tenant.country), digits_of(text)]):
        line = dialer.find_line(tenant, spelling)
        if line is not None and line.e164 and principal.center_id in (None, line.center_id):
            return line
    return None


def route_messages(line: Line, wanted: WantedRouting) -> None:
    """Note where the number's text messages are to go. callhub has none: it is stored and read back."""
    line.message_routing = {"type": ROUTINGS[wanted.kind]}
    if wanted.value:
        line.message_routing |= {wanted.kind: wanted.value, "url_method": wanted.url_method}
    line.save(update_fields=["message_routing", "updated_at"])


def release(line: Line) -> None:
    """Take the number off the account: its line makes no calls any more, and its callbacks end. Its calls stay."""
    for kind in KINDS.values():
        webhooks.remove_callback(line, kind)
    line.is_active = False
    line.save(update_fields=["is_active", "updated_at"])


def adopt(principal: Principal, text: str) -> Line:
    """A number nobody has, from now on this account's. Raises 404 where it is somebody's or the account takes none."""
    may = principal.center_id is None  # it would be out of this person's reach
    line = dialer.adopt_line(principal.tenant, spelled(text, principal.tenant.country)) if may else None
    if line is None:
        raise no_such_number()
    return line

"""What a mail says: in the reader's language and time zone, and only what the reader may see.

A member sees in a mail what they see in the admin; an agent without a log-in is told the last digits of a number only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from calls.choices import CallType, NoticeKind
from calls.models import Call, Notice
from tenants.choices import Role
from tenants.models import Membership

SHOWN_CALLS = 50
SHOWN_DIGITS = 3


class NothingToTell(Exception):
    """By now there is no reason for this mail any more; the message says why."""


def message_of(notice: Notice) -> EmailMessage:
    """The mail. Raises ``NothingToTell``."""
    if not notice.tenant.is_active:
        raise NothingToTell("The tenant was closed.")
    if notice.user is not None and not _membership(notice):
        raise NothingToTell("This person is no member any more.")
    zone = ZoneInfo(notice.user.time_zone) if notice.user and notice.user.time_zone else notice.tenant.zone
    language = (notice.user.spoken if notice.user else "") or settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(zone):
        subject, facts = _SAID[NoticeKind(notice.kind)](notice)
        facts |= {"tenant": notice.tenant, "zone": zone.key, "settings_address": _settings_address(notice)}
        body = render_to_string(f"notices/{notice.kind}.txt", facts)
    return EmailMessage(
        subject=" ".join(subject.split())[:200],
        body=body.strip() + "\n",
        to=[notice.address],
        headers={"Message-ID": f"<{notice.pk}@callhub>", "Auto-Submitted": "auto-generated"},
    )


def _missed_call(notice: Notice) -> tuple[str, dict[str, Any]]:
    call = notice.call
    if call is None or call.type != CallType.MISSED:
        raise NothingToTell("The call is not missed any more.")
    sees = bool(notice.user and Call.objects.visible_to(notice.user).filter(pk=call.pk).exists())
    who = _who(call, sees=sees)
    address = _absolute(call.get_absolute_url()) if sees else ""
    facts = {"who": who, "at": _at(call.started_at), "address": address, "outcome": call.get_disposition_display()}
    return gettext("Missed call from %(who)s") % {"who": who}, facts


def _digest(notice: Notice) -> tuple[str, dict[str, Any]]:
    if notice.user is None:
        raise NothingToTell("It is nobody's: which calls it tells of is decided by whose it is.")
    since, until = (datetime.fromisoformat(notice.facts[name]) for name in ("since", "until"))
    calls = Call.objects.visible_to(notice.user).for_tenant(notice.tenant).missed().between(since, until)
    count = calls.count()
    if not count:
        raise NothingToTell("No call was missed.")
    shown = calls.order_by("started_at").select_related("agent")[:SHOWN_CALLS]
    rows = [(_at(call.started_at), _who(call, sees=True), call.agent.name if call.agent else call.agent_name) for call in shown]
    title = ngettext("%(count)s missed call at %(tenant)s", "%(count)s missed calls at %(tenant)s", count)
    facts = {"count": count, "more": count - len(rows), "rows": rows, "since": _at(since), "until": _at(until)}
    facts["address"] = _absolute(reverse("admin:calls_call_changelist") + "?scope=missed")
    return title % {"count": count, "tenant": notice.tenant}, facts


def _quota(notice: Notice) -> tuple[str, dict[str, Any]]:
    told = notice.facts
    names = {"deposits": gettext("uploads of this month"), "dial_minutes": gettext("minutes dialled today")}
    resets_at = datetime.fromisoformat(told["resets_at"]) if told["resets_at"] else None
    facts = {**told, "what": names[told["limit"]], "resets": _at(resets_at) if resets_at else ""}
    facts["address"] = _absolute(reverse("admin:calls_usageday_changelist"))
    words = {"percent": told["level"], "tenant": notice.tenant, "what": facts["what"]}
    if told["level"] >= 100:
        return gettext("%(tenant)s: the %(what)s are used up") % words, facts
    return gettext("%(tenant)s: %(percent)s %% of the %(what)s are used") % words, facts


def _sign_in(notice: Notice) -> tuple[str, dict[str, Any]]:
    if notice.user is None:
        raise NothingToTell("The account was removed.")
    since = _at(datetime.fromisoformat(notice.facts["since"]))
    facts = {"count": notice.facts["count"], "since": since, "username": notice.user.username}
    facts["address"] = _absolute(reverse("admin:password_change")) if notice.user.is_staff else ""
    return gettext("Many wrong passwords for your callhub account"), facts


_SAID = {
    NoticeKind.MISSED_CALL: _missed_call,
    NoticeKind.DIGEST: _digest,
    NoticeKind.QUOTA: _quota,
    NoticeKind.SIGN_IN: _sign_in,
}


def _membership(notice: Notice) -> bool:
    members = Membership.objects.filter(tenant=notice.tenant_id, user=notice.user, user__is_active=True)
    return (members.filter(role=Role.OWNER) if notice.kind == NoticeKind.QUOTA else members).exists()


def _who(call: Call, *, sees: bool) -> str:
    number = call.remote_e164 or call.remote_raw
    if call.is_withheld or not number:
        return call.remote_name if sees and call.remote_name else gettext("a withheld number")
    if not sees:
        return gettext("a number ending in %(digits)s") % {"digits": number[-SHOWN_DIGITS:]}
    name = call.contact.name if call.contact else call.remote_name
    return f"{name} ({number})" if name else number


def _at(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "WEEKDAY_MOMENT_FORMAT")


def _absolute(path: str) -> str:
    return f"{settings.CALLHUB_PUBLIC_URL.rstrip('/')}{path}" if settings.CALLHUB_PUBLIC_URL else ""


def _settings_address(notice: Notice) -> str:
    """Where the reader switches such mails off; empty for somebody who cannot sign in."""
    if notice.user is None or not notice.user.is_staff:
        return ""
    return _absolute(reverse("admin:tenants_ownmembership_changelist"))

"""The cards of the settings: each says in a line how something stands, and leads to where it is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from calls import dialer
from calls.admin import usage
from calls.admin.settings.asked import Asked
from calls.arrivals import arrivals_of
from calls.choices import EndpointKind, EndpointState
from calls.dialects.urls import GUIDES
from calls.models import DialPlan, DoNotCall, Line, Outcome, RetentionRule, RetentionRun, Tag, TagRule, UsageDay, WebhookEndpoint
from contacts.models import Agent
from tenants.choices import Role
from tenants.models import ApiToken, Center, Membership, OAuthApp, OwnMembership, Tenant, User


@dataclass(frozen=True, kw_only=True)
class Card:
    """Something there is to set. ``says`` is how it stands now; ``more`` are further pages: words and address."""

    title: Any
    icon: str
    says: Any
    address: str
    more: tuple[tuple[Any, str], ...] = ()


def cards_of(asked: Asked) -> list[Card]:
    """The cards of what the person may see."""
    return [card for make in _ALL for card in make(asked)]


def _profile(asked: Asked) -> Iterator[Card]:
    tenant = asked.tenant
    local = timezone.localtime(timezone.now(), tenant.zone)
    told = {"name": tenant.name, "zone": tenant.time_zone, "now": f"{local:%H:%M}", "country": tenant.country}
    yield Card(
        title=_("Profile"),
        icon="apartment",
        says=gettext("%(name)s · %(zone)s, where it is %(now)s now · numbers of %(country)s") % told,
        address=_of_tenant(tenant),
    )


def _open_ingest(asked: Asked) -> Iterator[Card]:
    tenant = asked.tenant
    said = gettext("Open: calls are taken at %(address)s without credentials.")
    shut = gettext("Closed: every call needs credentials.")
    yield Card(
        title=_("Open ingest"),
        icon="door_open",
        says=said % {"address": f"/{tenant.slug}/calls"} if tenant.open_ingest else shut,
        address=_of_tenant(tenant),
        more=((_("The command to copy"), asked.page("settings_connect_vendor", "planhat")),),
    )


def _connections(asked: Asked) -> Iterator[Card]:
    used = [GUIDES[name].vendor for name in arrivals_of(asked.tenant) if name in GUIDES]
    none = gettext("No vendor's program has been here yet.")
    yield Card(
        title=_("Connect your system"),
        icon="cable",
        says=gettext("Have been here: %(vendors)s") % {"vendors": ", ".join(sorted(used))} if used else none,
        address=asked.page("settings_connect"),
    )


def _tokens(asked: Asked) -> Iterator[Card]:
    if asked.sees(ApiToken):
        counts = ApiToken.objects.for_tenant(asked.tenant).aggregate(
            usable=Count("pk", filter=Q(pk__in=ApiToken.objects.usable().filter(tenant=asked.tenant).values("pk"))),
            every=Count("pk"),
        )
        apps = OAuthApp.objects.usable().filter(tenant=asked.tenant).count()
        tokens = ngettext("%(count)s token opens doors", "%(count)s tokens open doors", counts["usable"])
        ended = gettext("%(count)s revoked or expired") % {"count": counts["every"] - counts["usable"]}
        programs = ngettext("%(count)s OAuth application", "%(count)s OAuth applications", apps) % {"count": apps}
        yield Card(
            title=_("Tokens and applications"),
            icon="key",
            says=" · ".join([tokens % {"count": counts["usable"]}, ended, programs]),
            address=asked.list_of(ApiToken),
            more=asked.lists((_("OAuth applications"), OAuthApp)),
        )


def _people(asked: Asked) -> Iterator[Card]:
    if asked.sees(Membership):
        rows = Membership.objects.for_tenant(asked.tenant)
        roles = dict(rows.order_by().values_list("role").annotate(Count("pk")))
        limited = rows.filter(center__isnull=False).count()
        told = [f"{role.label}: {roles[role]}" for role in Role if role in roles]
        if limited:
            told.append(ngettext("%(count)s sees one center only", "%(count)s see one center only", limited) % {"count": limited})
        yield Card(
            title=_("Users and rights"),
            icon="group",
            says=" · ".join(told) or gettext("Nobody yet."),
            address=asked.list_of(Membership),
            more=asked.lists((_("Log-ins"), User)),
        )


def _lines(asked: Asked) -> Iterator[Card]:
    rows = Line.objects.for_tenant(asked.tenant)
    counts = rows.aggregate(
        every=Count("pk"), phones=Count("pk", filter=Q(is_phone_terminal=True)), off=Count("pk", filter=Q(is_active=False))
    )
    lines = ngettext("%(count)s line", "%(count)s lines", counts["every"]) % {"count": counts["every"]}
    phones = ngettext("%(count)s telephone", "%(count)s telephones", counts["phones"]) % {"count": counts["phones"]}
    off = gettext("%(count)s switched off") % {"count": counts["off"]}
    yield Card(
        title=_("Lines"),
        icon="dialpad",
        says=" · ".join([lines, phones, *([off] if counts["off"] else [])]),
        address=asked.list_of(Line),
    )


def _team(asked: Asked) -> Iterator[Card]:
    agents, centers = Agent.objects.for_tenant(asked.tenant).count(), Center.objects.for_tenant(asked.tenant).count()
    told = [
        ngettext("%(count)s agent", "%(count)s agents", agents) % {"count": agents},
        ngettext("%(count)s center", "%(count)s centers", centers) % {"count": centers},
    ]
    yield Card(
        title=_("Your team"),
        icon="support_agent",
        says=" · ".join(told),
        address=asked.list_of(Agent),
        more=asked.lists((_("Centers"), Center)),
    )


def _dialling(asked: Asked) -> Iterator[Card]:
    if asked.sees(DialPlan):
        plan = dialer.plan_of(asked.tenant)
        kept = DoNotCall.objects.for_tenant(asked.tenant).count()
        countries = ", ".join(plan.allowed_countries)
        numbers = ngettext("%(count)s number not to call", "%(count)s numbers not to call", kept) % {"count": kept}
        yield Card(
            title=_("Calling out"),
            icon="rule",
            says=gettext("Calls to %(countries)s · %(numbers)s") % {"countries": countries, "numbers": numbers},
            address=asked.list_of(DialPlan),
            more=asked.lists((_("Numbers not to call"), DoNotCall)),
        )


def _retention(asked: Asked) -> Iterator[Card]:
    if asked.sees(RetentionRule):
        rules = [
            f"{rule.get_kind_display()}: " + (ngettext("%(days)s day", "%(days)s days", rule.days) % {"days": rule.days})
            if rule.days is not None
            else f"{rule.get_kind_display()}: {gettext('until a person removes it')}"
            for rule in RetentionRule.objects.for_tenant(asked.tenant)
        ]
        yield Card(
            title=_("Retention of audio"),
            icon="auto_delete",
            says=" · ".join(rules) or gettext("Audio is kept until a person removes it."),
            address=asked.list_of(RetentionRule),
            more=asked.lists((_("What the next run removes"), RetentionRule), (_("What each night removed"), RetentionRun)),
        )


def _limits(asked: Asked) -> Iterator[Card]:
    if asked.sees(UsageDay):
        told = [f"{row['name']}: {row['used']} / {row['limit']}" for row in usage.rows_of(asked.tenant)]
        yield Card(title=_("Limits and usage"), icon="data_usage", says=" · ".join(told), address=asked.list_of(UsageDay))


def _tags(asked: Asked) -> Iterator[Card]:
    count = Tag.objects.for_tenant(asked.tenant).count()
    none = gettext("None yet: words to put on calls.")
    yield Card(
        title=_("Tags"),
        icon="sell",
        says=ngettext("%(count)s tag", "%(count)s tags", count) % {"count": count} if count else none,
        address=asked.list_of(Tag),
        more=asked.lists((_("Tag rules"), TagRule), (_("Outcomes"), Outcome)),
    )


def _webhooks(asked: Asked) -> Iterator[Card]:
    rows = WebhookEndpoint.objects.for_tenant(asked.tenant).filter(kind=EndpointKind.WEBHOOK)
    states = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    told = [f"{state.label}: {states[state]}" for state in EndpointState if state in states]
    yield Card(
        title=_("Webhooks"),
        icon="webhook",
        says=" · ".join(told) or gettext("None yet: nobody is told of calls."),
        address=asked.list_of(WebhookEndpoint),
        more=((_("Try webhooks out"), f"{reverse('admin:calls_webhookendpoint_try')}?tenant={asked.tenant.pk}"),),
    )


def _mails(asked: Asked) -> Iterator[Card]:
    hour = asked.tenant.digest_hour
    sent = gettext("Missed calls are mailed daily at %(hour)s:00.")
    yield Card(
        title=_("Mails"),
        icon="mail",
        says=gettext("No daily mail of missed calls.") if hour is None else sent % {"hour": hour},
        address=_of_tenant(asked.tenant),
        more=asked.lists((_("Your own notifications"), OwnMembership)),
    )


def _of_tenant(tenant: Tenant) -> str:
    return reverse("admin:tenants_tenant_change", args=[tenant.pk])


_ALL: tuple[Callable[[Asked], Iterator[Card]], ...] = (
    _profile, _open_ingest, _connections, _tokens, _people, _team, _lines, _dialling, _retention, _limits, _tags,
    _webhooks, _mails,
)  # fmt: skip

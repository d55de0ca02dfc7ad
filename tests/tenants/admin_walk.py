"""Walking the admin as a person would: every page there is, with everything on it of one tenant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from callhub.models import ScheduledTask
from calls import ledger, webhooks
from calls.choices import LegRole
from calls.drafts import CallChanges, InteractionDraft, LegDraft, PartyDraft
from calls.models import (
    Call,
    CallExport,
    Delivery,
    DialPlan,
    DoNotCall,
    Line,
    MissedCall,
    Notice,
    Origination,
    Outcome,
    Recording,
    RetentionRule,
    RetentionRun,
    SavedView,
    Tag,
    TagRule,
    UsageDay,
    WebhookEndpoint,
)
from contacts.models import Agent, AgentExtension, Company, Contact
from tenants import oauth
from tenants.models import ApiToken, Center, Membership, OAuthApp, OwnMembership, Tenant, User
from tests.make import (
    make_agent,
    make_call,
    make_center,
    make_company,
    make_contact,
    make_endpoint,
    make_line,
    make_origination,
    make_recording,
    make_tenant,
    make_token,
    make_user,
    noon_zone,
)

PAGES = tuple(admin.site._registry)  # every model that has pages


def staff(tenant: Tenant, role: str, **fields: Any) -> User:
    """A member who may sign in to the admin."""
    return make_user(tenant, role, is_staff=True, **fields)


def signed_in(user: User) -> Client:
    """A browser of this person."""
    client = Client()
    client.force_login(user)
    return client


def furnish(word: str) -> dict[type[Model], Any]:
    """A tenant with one row of everything, each text of which has ``word`` in it; today's date."""
    tenant = make_tenant(word.lower(), name=f"{word} AB", time_zone=noon_zone())
    center = make_center(tenant, name=f"{word} center", external_id=f"{word}-c")
    company = make_company(tenant, name=f"{word} company", external_id=f"{word}-co", notes=word)
    contact = make_contact(tenant, "+46701112233", name=f"{word} contact", company=company, external_id=f"{word}-x")
    owner = staff(tenant, "owner", username=f"{word}-owner", first_name=word, email=f"{word}@example.com")
    agent = make_agent(tenant, name=f"{word} agent", external_id=f"{word}-a", center=center, user=owner)
    AgentExtension.objects.create(tenant=tenant, agent=agent, number="210")
    line = make_line(tenant, "+4640500600", name=f"{word} line", agent=agent, center=center)
    make_token(tenant, owner)
    call = make_call(
        tenant,
        "+46701112233",
        started_at=timezone.now() - timedelta(seconds=90),
        external_id=f"{word}-call",
        notes=f"{word} notes",
        tags=(f"{word} tag",),
        recording_url=f"https://{word}.example.com/a.mp3",
        document={"from": word},
        callee=PartyDraft(number="+4640500600", name=f"{word} line"),
        legs=(LegDraft(role=LegRole.DESTINATION, party=PartyDraft(number="210", name=f"{word} leg")),),
        interactions=(InteractionDraft(happened_at=timezone.now(), summary=f"{word} menu"),),
        agent=_agent_hint(agent),
        center_id=str(center.pk),
    )
    ledger.amend(call, CallChanges(is_flagged=True, flag_notes=f"{word} flagged", note=f"{word} note"), actor=owner)
    recording = make_recording(call, refusal_detail=f"{word} refused", codec=word)
    call.refresh_from_db()
    endpoint = make_endpoint(
        tenant, f"https://{word}.example.com/in", name=f"{word} hook", username=word, last_error=f"{word} down"
    )
    told = {"event_type": "call.ended", "body": word.encode(), "call_id": call.pk, "reason": f"{word} down", "state": "failed"}
    delivery = Delivery.objects.create(tenant=tenant, endpoint=endpoint, due_at=timezone.now(), **told)
    delivery.log.create(fence=1, started_at=timezone.now(), took_ms=5, status=500, answer=word, error=f"{word} down")
    webhooks.take(webhooks.make_address(tenant, f"https://{word}.example.com"), method="PUT", query=word, headers={}, body=b"")
    return {
        Tenant: tenant,
        Center: center,
        Company: company,
        Contact: contact,
        User: owner,
        Agent: agent,
        Line: line,
        ApiToken: ApiToken.objects.get(tenant=tenant),
        OAuthApp: oauth.make_app(tenant, name=f"{word} app", user=owner)[0],
        Membership: Membership.objects.get(tenant=tenant, user=owner),
        Call: call,
        CallExport: CallExport.objects.create(
            tenant=tenant, user=owner, query=f"period=all&q={word}", columns=["started_at"], zone="UTC", language="en"
        ),
        Origination: make_origination(
            call, line, requester=owner, reason=f"{word} reason", message=f"{word} said", document={"from": word}, nonce=word
        ),
        Recording: recording,
        RetentionRule: RetentionRule.objects.create(tenant=tenant, days=30),
        RetentionRun: RetentionRun.objects.create(tenant=tenant, day="2026-03-02", started_at=timezone.now()),
        Tag: Tag.objects.get(tenant=tenant),
        SavedView: SavedView.objects.create(
            tenant=tenant, owner=owner, name=f"{word} view", is_shared=True, filters={"notes": word, "tag": f"{word} tag"}
        ),
        TagRule: TagRule.objects.create(tenant=tenant, tag=Tag.objects.get(tenant=tenant), line=line),
        Outcome: Outcome.objects.create(tenant=tenant, name=f"{word} outcome"),
        DialPlan: DialPlan.objects.create(tenant=tenant),
        DoNotCall: DoNotCall.objects.create(
            tenant=tenant, number="+46701112244", e164="+46701112244", match_key="701112244", reason=word, added_by=owner
        ),
        MissedCall: MissedCall.objects.create(
            tenant=tenant,
            center=center,
            number="+46701112233",
            match_key="701112233",
            first_at=timezone.now(),
            last_at=timezone.now(),
            last_call=call,
            agent=agent,
            assigned_to=owner,
            outcome=f"{word} came of it",
        ),
        UsageDay: UsageDay.objects.create(tenant=tenant, day="2026-03-02", zone="UTC"),
        Notice: Notice.objects.create(
            tenant=tenant, kind="quota", key=word, user=owner, address=owner.email, due_at=timezone.now(), error=f"{word} trouble"
        ),
        OwnMembership: OwnMembership.objects.get(tenant=tenant, user=owner),
        WebhookEndpoint: endpoint,
        Delivery: delivery,
        ScheduledTask: ScheduledTask.objects.get_or_create(id="uploads", defaults={"task": "calls.expire_uploads"})[0],
    }


def _agent_hint(agent: Agent) -> Any:
    from contacts.matching import AgentHint

    return AgentHint(id=str(agent.pk))


def name_of(model: type[Model]) -> str:
    """The start of a model's page names."""
    return f"admin:{model._meta.app_label}_{model._meta.model_name}"


def addresses(rows: dict[type[Model], Any]) -> Iterator[str]:
    """Every page that is there for these rows, with the ways people narrow, sort and look up on it."""
    yield reverse("admin:index")
    for label in ("tenants", "contacts", "calls", "callhub"):
        yield reverse("admin:app_list", args=[label])
    for model in PAGES:
        row = rows[model]
        changelist = reverse(f"{name_of(model)}_changelist")
        queries = ("", "?q=a", "?q=46701112233", "?o=-1", "?period=all", "?_popup=1&_to_field=id")
        yield from (changelist + query for query in queries)
        yield from (f"{changelist}?{key}={value}" for key, value in _filters(model, rows))
        yield reverse(f"{name_of(model)}_add")
        for page in ("change", "delete", "history"):
            yield reverse(f"{name_of(model)}_{page}", args=[row.pk])
    yield reverse("admin:tenants_apitoken_revoke", args=[rows[ApiToken].pk])
    yield reverse("admin:tenants_oauthapp_revoke", args=[rows[OAuthApp].pk])
    yield reverse("admin:callhub_scheduledtask_run_now", args=[rows[ScheduledTask].pk])
    yield from (reverse(f"admin:calls_recording_{page}", args=[rows[Recording].pk]) for page in ("audio", "remove", "hold"))
    yield reverse("admin:calls_call_changelist") + f"?view={rows[SavedView].pk}"
    yield reverse("admin:calls_donotcall_paste")
    yield reverse("admin:calls_tagrule_past", args=[rows[TagRule].pk])
    yield reverse("admin:contacts_contact_merge", args=[rows[Contact].pk])
    pages = ("fire", "again", "pause", "resume", "renew")
    yield from (reverse(f"admin:calls_webhookendpoint_{page}", args=[rows[WebhookEndpoint].pk]) for page in pages)
    yield reverse("admin:calls_webhookendpoint_again", args=[rows[WebhookEndpoint].pk]) + "?what=all"
    yield reverse("admin:calls_webhookendpoint_try")
    yield reverse("admin:calls_webhookendpoint_try") + f"?tenant={rows[Tenant].pk}"
    yield reverse("admin:calls_delivery_replay_one", args=[rows[Delivery].pk])
    yield reverse("admin:calls_call_live")
    yield reverse("admin:calls_call_live_news")
    yield from (
        reverse("admin:calls_call_search") + f"?q={words}" for words in ("a", "contact", "company", "notes", "0701112233")
    )
    yield reverse("admin:calls_call_unmatched") + "?period=all"
    yield reverse("admin:calls_call_unmatched_choose") + f"?tenant={rows[Tenant].pk}&number=%2B46701112233&q=contact"
    for page in (reverse("settings"), reverse("settings_connect"), reverse("settings_connect_vendor", args=["planhat"])):
        yield from (page, f"{page}?tenant={rows[Tenant].pk}")
    yield reverse("admin:calls_call_exports")
    yield from (reverse(f"admin:calls_call_export_{page}", args=[rows[CallExport].pk]) for page in ("page", "news", "file"))
    yield reverse("admin:calls_origination_dial") + f"?tenant={rows[Tenant].pk}&number=%2B46701112233"
    yield reverse("admin:calls_origination_progress", args=[rows[Origination].pk])
    yield from _autocompletes()


def _filters(model: type[Model], rows: dict[type[Model], Any]) -> Iterator[tuple[str, Any]]:
    if model not in (Tenant, User, ScheduledTask):
        yield "tenant", rows[Tenant].pk
    if model is Call:
        for field, related in (("agent", Agent), ("company", Company), ("contact", Contact), ("center", Center), ("tags", Tag)):
            yield f"period=all&{field}__id__exact", rows[related].pk
    if model is Delivery:
        yield "endpoint__id__exact", rows[WebhookEndpoint].pk
        yield "call_id", rows[Call].pk


def _autocompletes() -> Iterator[str]:
    for model, page in admin.site._registry.items():
        fields = [field.name for field in model._meta.get_fields() if field.is_relation and not field.auto_created]
        for field in [*fields, *page.autocomplete_fields]:
            query = f"?term=&app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={field}"
            yield reverse("admin:autocomplete") + query

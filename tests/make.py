"""Rows for tests: each function takes only what matters and fills in the rest believably."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from calls import ledger
from calls.choices import Direction, Disposition, OriginationState, Source
from calls.drafts import CallDraft, PartyDraft
from calls.models import Call, Line, Origination, Recording, WebhookEndpoint
from calls.recordings import storage
from calls.recordings.probing import Probe
from contacts.book import save_agent, save_company, save_contact
from contacts.models import Agent, Company, Contact
from contacts.phone import read_number
from tenants.choices import Role, Scope
from tenants.models import ApiToken, Center, Membership, Tenant, User

_count = itertools.count(1)
STARTED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "a-right-password"


def noon_zone() -> str:
    """A time zone in which it is about noon: what was a minute ago was today there, at whatever hour the tests run."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # these zones have the sign of what is missing to UTC


def make_tenant(slug: str = "", **fields: Any) -> Tenant:
    """A Swedish tenant with open ingest on."""
    slug = slug or f"tenant-{next(_count)}"
    return Tenant.objects.create(slug=slug, **{"name": slug.title(), "country": "SE", "open_ingest": True, **fields})


def make_user(tenant: Tenant | None = None, role: str = Role.OWNER, *, center: Center | None = None, **fields: Any) -> User:
    """A person with ``PASSWORD``, a member of ``tenant`` where one is given."""
    user = User(**{"username": f"user-{next(_count)}", "email": "user@example.com", **fields})
    user.set_password(PASSWORD)
    user.save()
    if tenant is not None:
        Membership.objects.create(tenant=tenant, user=user, role=role, center=center)
    return user


def make_operator(**fields: Any) -> User:
    """A superuser."""
    return make_user(is_staff=True, is_superuser=True, **fields)


def make_token(tenant: Tenant, user: User | None = None, scope: str = Scope.MANAGE, **fields: Any) -> str:
    """A token's secret; its owner is a new owner of the tenant unless given."""
    token = ApiToken(tenant=tenant, user=user or make_user(tenant), name="test", scope=scope, **fields)
    secret = token.renew_secret()
    token.save()
    return secret


def make_contact(tenant: Tenant, *numbers: str, **fields: Any) -> Contact:
    """A contact known by these numbers."""
    return save_contact(Contact(tenant=tenant, **{"name": f"Contact {next(_count)}", **fields}), numbers=numbers)


def make_company(tenant: Tenant, **fields: Any) -> Company:
    """A company."""
    return save_company(Company(tenant=tenant, **{"name": f"Company {next(_count)}", **fields}))


def make_agent(tenant: Tenant, **fields: Any) -> Agent:
    """An agent."""
    return save_agent(Agent(tenant=tenant, **{"name": f"Agent {next(_count)}", **fields}))


def make_center(tenant: Tenant, **fields: Any) -> Center:
    """A center."""
    return Center.objects.create(tenant=tenant, **{"name": f"Center {next(_count)}", **fields})


def make_line(tenant: Tenant, number: str, **fields: Any) -> Line:
    """A line of the tenant."""
    read = read_number(number, tenant.place)
    return Line.objects.create(tenant=tenant, number=number, e164=read.e164, match_key=read.key, **fields)


def make_call(tenant: Tenant, number: str = "+46701234567", *, seconds: int | None = 60, **draft: Any) -> Call:
    """A call of ``seconds`` with ``number``, inbound unless told; goes through the ledger."""
    started_at = draft.pop("started_at", STARTED_AT)
    ended_at = None if seconds is None else started_at + timedelta(seconds=seconds)
    facts = {
        "source": Source.API,
        "direction": Direction.INBOUND,
        "ended_at": ended_at,
        "remote": PartyDraft(number=number),
        **draft,
    }
    return ledger.record(tenant, CallDraft(started_at=started_at, **facts)).call


def make_origination(call: Call, line: Line | None = None, **fields: Any) -> Origination:
    """The request that an ended call was made by."""
    facts = {
        "door": Source.API,
        "backend": "simulator",
        "state": OriginationState.ENDED,
        "disposition": Disposition.ANSWERED,
        "destination": call.remote_raw,
        "sources": [line.number] if line else [],
        "wait_for_pickup_s": 25,
        "max_duration_s": 3600,
        "order": {},
        "ended_at": call.ended_at or call.started_at,
        "due_at": call.started_at,
        "reserved_on": call.started_at.date(),
    }
    return Origination.objects.create(tenant=call.tenant, call=call, line=line, **{**facts, **fields})


def make_recording(call: Call, audio: bytes = b"sound", *, replaces: bool = False, **facts: Any) -> Recording:
    """Audio kept for a call, with its object in the storage; ``facts`` are columns, of the probe or set afterwards."""
    probed = {"container": "wav", "codec": "pcm_s16le", "mime": "audio/wav", "duration_ms": 60_000, "channels": 1}
    probe = {name: facts.pop(name, value) for name, value in {**probed, "sample_rate_hz": 8000}.items()}
    stored = storage.put(io.BytesIO(audio), call.tenant, len(audio))
    announced = ledger.announce(call.tenant, call)
    recording = ledger.add_audio(announced, ledger.Audio(stored=stored, probe=Probe(**probe)), call=call, replaces=replaces)
    Recording.objects.filter(pk=recording.pk).update(**facts)
    recording.refresh_from_db()
    return recording


def make_endpoint(tenant: Tenant, url: str = "https://hooks.example.com/in", **fields: Any) -> WebhookEndpoint:
    """A webhook endpoint that is told of everything from now on."""
    endpoint = WebhookEndpoint(tenant=tenant, url=url, **{"name": f"Endpoint {next(_count)}", **fields})
    endpoint.save()
    return endpoint

"""System checks: a wrong set-up is said at the start, with what to do about it."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from callhub import env
from calls import failpoints
from calls.choices import TELEPHONY_BACKENDS
from calls.outbound import addresses, targets

BROKERS = ("embedded+sqlite://", "amqp://", "amqps://", "redis://", "rediss://", "memory://")


@register
def variables_can_be_read(**_: Any) -> list[CheckMessage]:
    """Every variable that could not be read, all at once."""
    return [Error(f"Cannot read the variable {problem}", hint="See .env.example.", id="callhub.E001") for problem in env.problems]


@register
def broker_is_known(**_: Any) -> list[CheckMessage]:
    """Only brokers that were tried; kombu's filesystem transport loses and breaks messages."""
    scheme = settings.CELERY_BROKER_URL.partition("://")[0] + "://"
    if scheme in BROKERS:
        return []
    hint = f"CALLHUB_BROKER_URL begins with one of {', '.join(BROKERS[:-1])}."
    return [Error(f"{scheme} is not a broker callhub runs on.", hint=hint, id="callhub.E002")]


@register
def files_can_be_written(**_: Any) -> list[CheckMessage]:
    """The directory of callhub's own files."""
    if os.access(settings.VAR_DIR, os.W_OK):
        return []
    hint = "Change its owner, or choose another with CALLHUB_VAR_DIR."
    return [Error(f"{settings.VAR_DIR} cannot be written.", hint=hint, id="callhub.E003")]


@register
def no_failpoint_in_production(**_: Any) -> list[CheckMessage]:
    """Failpoints are for tests; a misspelt one would test nothing."""
    armed = settings.CALLHUB_FAILPOINT
    if not armed:
        return []
    if settings.PRODUCTION:
        return [Error("A failpoint is armed in production.", hint="Unset CALLHUB_FAILPOINT.", id="callhub.E005")]
    if armed.startswith("/") or (armed.removesuffix(":kill") in failpoints.NAMES and armed.endswith(":kill")):
        return []
    hint = f"CALLHUB_FAILPOINT is one of {', '.join(failpoints.NAMES)}, with “:kill” behind it, or a file that says one."
    return [Error(f"There is no failpoint “{armed}”.", hint=hint, id="callhub.E006")]


@register
def exchange_can_be_reached(**_: Any) -> list[CheckMessage]:
    """A real exchange needs an address, and a backend somebody wrote."""
    if settings.CALLHUB_TELEPHONY not in TELEPHONY_BACKENDS:
        hint = f"CALLHUB_TELEPHONY is one of {', '.join(TELEPHONY_BACKENDS)}."
        return [Error(f"There is no exchange “{settings.CALLHUB_TELEPHONY}”.", hint=hint, id="callhub.E007")]
    if settings.CALLHUB_TELEPHONY == "asterisk" and not (settings.CALLHUB_ARI_URL and settings.CALLHUB_ARI_USER):
        hint = "Set CALLHUB_ARI_URL, CALLHUB_ARI_USER and CALLHUB_ARI_PASSWORD."
        return [Error("CALLHUB_TELEPHONY is asterisk, and nothing says where it is.", hint=hint, id="callhub.E008")]
    return []


@register
def outgoing_door_can_be_read(**_: Any) -> list[CheckMessage]:
    """Networks and ports that cannot be read would silently allow nothing."""
    found: list[CheckMessage] = []
    for word in addresses.unreadable(settings.CALLHUB_OUTBOUND_ALLOW):
        hint = "CALLHUB_OUTBOUND_ALLOW is a comma-separated list such as 10.1.0.0/16,fd12::/48."
        found.append(Error(f"“{word}” is not a network.", hint=hint, id="callhub.E020"))
    for word in targets.unreadable_ports(settings.CALLHUB_OUTBOUND_PORTS):
        hint = "CALLHUB_OUTBOUND_PORTS is a comma-separated list such as 80,443,8000-8999."
        found.append(Error(f"“{word}” is neither a port nor a range of them.", hint=hint, id="callhub.E021"))
    ca_file = settings.CALLHUB_OUTBOUND_CA_FILE
    if ca_file and not os.access(ca_file, os.R_OK):
        found.append(Error(f"{ca_file} cannot be read.", hint="CALLHUB_OUTBOUND_CA_FILE is a PEM file.", id="callhub.E022"))
    return found


@register(deploy=True)
def schedule_is_in_order(**_: Any) -> list[CheckMessage]:
    """Every scheduled task is there, and every task that nobody rings is scheduled."""
    from callhub.schedule import problems  # late: it loads every task

    hint = "Mend CELERY_BEAT_SCHEDULE in callhub/settings.py."
    return [Error(problem, hint=hint, id="callhub.E009") for problem in problems()]


@register(Tags.security, deploy=True)
def production_has_production_parts(**_: Any) -> list[CheckMessage]:
    """What the embedded default does well for one machine and badly for several."""
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        hint = "Set DATABASE_URL=postgres://..."
        found.append(checks.Warning("Production runs on SQLite, which serves one machine only.", hint=hint, id="callhub.W001"))
    if settings.CELERY_BROKER_URL.startswith("embedded"):
        hint = "Set CALLHUB_BROKER_URL=amqp://... or redis://..."
        found.append(checks.Warning("Production runs on the embedded broker.", hint=hint, id="callhub.W002"))
    if str(settings.CACHES["default"]["BACKEND"]).endswith("LocMemCache"):
        text = "Production has no shared cache: each web process counts requests by itself, and limits add up."
        hint = "Set CALLHUB_CACHE_URL=redis://...; only a single web process needs none."
        found.append(checks.Warning(text, hint=hint, id="callhub.W003"))
    if not settings.ALLOWED_HOSTS:
        hint = "Set CALLHUB_ALLOWED_HOSTS=callhub.example.com"
        found.append(Error("No host name is allowed.", hint=hint, id="callhub.E004"))
    return found

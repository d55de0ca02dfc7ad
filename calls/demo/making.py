"""Making the demo, all or nothing, and handing out its log-ins."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from calls import ledger, retention
from calls.demo.cast import Cast, make_cast, new_password
from calls.demo.conversations import Storyteller
from calls.demo.plan import PLANS
from calls.demo.recordings import Listening, Scene, cast_scenes, record_scenes
from calls.errors import CallError
from calls.models import RetentionRule
from calls.recordings.errors import StorageTrouble
from calls.recordings.jail import JailTrouble
from tenants.models import Tenant, User

OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What was made, with every password and token; they are known only now."""

    casts: list[Cast]
    operator: User
    operator_password: str
    calls: int

    def as_json(self) -> dict[str, Any]:
        """The log-ins, as ``manage.py up`` prints them."""
        return {
            "tenants": [
                {
                    "slug": cast.tenant.slug,
                    "name": cast.tenant.name,
                    "username": cast.logins[0].user.username,
                    "password": cast.logins[0].password,
                    "token": cast.token,
                    "people": [
                        {"role": login.role, "username": login.user.username, "password": login.password} for login in cast.logins
                    ],
                }
                for cast in self.casts
            ],
            "operator": {"username": self.operator.username, "password": self.operator_password},
        }


def is_there() -> bool:
    """Whether the demo, or part of it, has been made here."""
    return Tenant.objects.filter(slug__in=[plan.slug for plan in PLANS]).exists()


@transaction.atomic
def make(*, seed: int, calls: int, now: datetime, keep_in: Path, say: Callable[[str], None], sound: bool = True) -> Demo:
    """Make both tenants and about ``calls`` calls up to ``now``, and write the log-ins to ``keep_in``; all or nothing.

    With ``sound`` the latest calls have recordings, about 50 MB in all.
    """
    casts, logged, listening = [], 0, Listening() if sound else None
    for plan in PLANS:
        rng = random.Random(f"{seed}:{plan.slug}")  # noqa: S311 - made-up people, no secrets
        cast = make_cast(plan, rng)
        say(f"{plan.name}: {len(cast.desks)} agents, {len(cast.regulars)} contacts")
        if cast.tenant.open_ingest:
            say(f"{plan.name}: calls are accepted at /{plan.slug}/calls without credentials")
        drafts = Storyteller(cast, now, rng).tell(round(calls * plan.share))
        if plan.audio_days:
            retention.save_rule(RetentionRule(tenant=cast.tenant, days=plan.audio_days))
        if listening:
            drafts, chosen = cast_scenes(drafts, now, with_hour=plan is PLANS[0])
        for result in ledger.record_many(cast.tenant, drafts):
            if isinstance(result, CallError):
                raise result
        say(f"{plan.name}: {len(drafts)} calls")
        if listening:
            _give_sound(cast, chosen, listening, say)
        casts.append(cast)
        logged += len(drafts)
    password = new_password()
    operator = User.objects.create_superuser(OPERATOR, f"{OPERATOR}@callhub.example", password)
    demo = Demo(casts=casts, operator=operator, operator_password=password, calls=logged)
    _write(keep_in, demo.as_json())
    return demo


def _give_sound(cast: Cast, chosen: dict[str, Scene], listening: Listening, say: Callable[[str], None]) -> None:
    try:
        say(f"{cast.plan.name}: {record_scenes(cast, chosen, listening)} recordings")
    except (StorageTrouble, JailTrouble) as trouble:  # a full disk or a machine too busy is no reason to have no demo
        say(f"{cast.plan.name}: no more recordings. {trouble}")


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write so that nobody but the owner can read it, not even for a moment."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
    fresh.replace(path)

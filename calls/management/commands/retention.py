"""``manage.py retention``: remove the audio whose time is over, or say what the next night will remove."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from calls import retention
from calls.models import RetentionRun
from tenants.models import Tenant


class Command(BaseCommand):
    """See ``help``."""

    help = "Remove the audio whose time is over, now. With --preview nothing is removed: it says what the next run will remove."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--preview", action="store_true", help="remove nothing and say what the next run will remove")
        parser.add_argument("--tenant", metavar="SLUG", help="of this tenant only")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="how it is said (default: text)")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = retention.tenants_with_rules()
        if options["tenant"] is not None:
            tenants = tenants.filter(slug=options["tenant"])
            if not Tenant.objects.filter(slug=options["tenant"]).exists():
                raise CommandError(f"There is no tenant “{options['tenant']}”.")
        told = [_previewed(tenant) if options["preview"] else _done(retention.run(tenant)) for tenant in tenants]
        if options["format"] == "json":
            self.stdout.write(json.dumps(told, indent=2))
            return
        for line in _lines(told, "will be removed" if options["preview"] else "removed"):
            self.stdout.write(line)


def _previewed(tenant: Tenant) -> dict[str, Any]:
    preview = retention.preview(tenant)
    kinds = [
        {"kind": due.kind.value, "count": due.count, "bytes": due.size_bytes, "oldest": due.oldest.isoformat()}
        for due in preview.due
    ]
    return {"tenant": tenant.slug, "at": preview.at.isoformat(), "kinds": kinds, "held": preview.held, "failures": 0}


def _done(run: RetentionRun) -> dict[str, Any]:
    kinds = [{"kind": kind, **figures} for kind, figures in sorted(run.by_kind.items())]
    finished = run.finished_at.isoformat() if run.finished_at else None
    return {"tenant": run.tenant.slug, "at": finished, "kinds": kinds, "held": run.held, "failures": run.failures}


def _lines(told: list[dict[str, Any]], what: str) -> Iterable[str]:
    if not told:
        yield "No tenant has a rule of retention."
    for one in told:
        yield f"{one['tenant']}, {one['at'] or 'unfinished'}"
        for kind in one["kinds"]:
            oldest = f", the oldest of {kind['oldest'][:10]}" if "oldest" in kind else ""
            size = filesizeformat(kind["bytes"]).replace("\xa0", " ")
            yield f"  {kind['kind']}: {kind['count']} recordings, {size} {what}{oldest}"
        if not one["kinds"]:
            yield f"  nothing {what}"
        if one["held"]:
            yield f"  {one['held']} more are kept by a legal hold"
        if one["failures"]:
            yield f"  {one['failures']} files could not be removed from the storage at once; the sweep tries again"

"""``manage.py create_tenant``: open a tenant and print, once, all that is needed to speak to every door."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from calls.dialer.samples import make_sample_lines
from tenants.models import Tenant
from tenants.onboarding import Opened, open_tenant


class Command(BaseCommand):
    """See ``help``."""

    help = "Make a tenant with an owner and print its user name, password, token and OAuth client. They are shown only once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="names the tenant in addresses: letters, digits, “-” and “_”")
        parser.add_argument("--name", default="", help="shown to people (default: the slug)")
        parser.add_argument("--country", default="SE", type=str.upper, help="how national numbers are read (default: SE)")
        parser.add_argument("--time-zone", default="UTC", help="an IANA zone such as Europe/Stockholm (default: UTC)")
        parser.add_argument("--parent", metavar="SLUG", help="the reseller this tenant is a client of")
        parser.add_argument("--username", default="", help="the owner's user name (default: owner@SLUG)")
        parser.add_argument(
            "--open-ingest",
            action=argparse.BooleanOptionalAction,
            default=not settings.PRODUCTION,
            help="accept calls at Planhat's open address without credentials (default: not in production)",
        )
        parser.add_argument(
            "--sample-lines",
            action="store_true",
            help="add the numbers of the vendors' examples: 3215551081, 210, 0003*210, 0003*00; "
            "on a real exchange an operator has to mark them as proven",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text", help="text for people, json for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                opened = _open(options)
        except ValidationError as error:
            raise CommandError(_in_words(error)) from error
        except IntegrityError as error:  # another command took the slug or user name meanwhile
            raise CommandError("slug: This tenant or its owner has just been made by somebody else.") from error
        credentials = _credentials(opened)
        if options["format"] == "json":
            self.stdout.write(json.dumps(credentials))
        else:
            self.stdout.write("\n".join(f"{name:<13} {value}" for name, value in credentials.items()))
        if opened.tenant.open_ingest:
            self.stderr.write(f"Calls are accepted at /{opened.tenant.slug}/calls without credentials (--no-open-ingest).")


def _open(options: dict[str, Any]) -> Opened:
    opened = open_tenant(
        options["slug"],
        name=options["name"],
        country=options["country"],
        time_zone=options["time_zone"],
        parent=_parent(options["parent"]),
        open_ingest=options["open_ingest"],
        username=options["username"],
    )
    if options["sample_lines"]:
        make_sample_lines(opened.tenant, opened.owner)
    return opened


def _parent(slug: str | None) -> Tenant | None:
    if slug is None:
        return None
    parent = Tenant.objects.filter(slug=slug).first()
    if parent is None:
        raise ValidationError({"parent": f"There is no tenant “{slug}”."})
    return parent


def _credentials(opened: Opened) -> dict[str, str]:
    return {
        "tenant": opened.tenant.slug,
        "name": opened.tenant.name,
        "username": opened.owner.username,
        "password": opened.password,
        "token": opened.token,
        "client_id": opened.client_id,
        "client_secret": opened.client_secret,
    }


def _in_words(error: ValidationError) -> str:
    return "\n".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())

"""``manage.py demo``: two tenants with a month of believable calls, to look around in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError
from django.utils import timezone

from calls import demo
from calls.demo.making import OPERATOR
from tenants.models import User


class Command(BaseCommand):
    """See ``help``."""

    help = "Fill in two demo tenants, their people and a month of calls up to now; the log-ins go to var/demo.json."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do nothing where the demo is there already")
        parser.add_argument("--seed", type=int, default=1, help="another seed makes other people and calls (default: 1)")
        parser.add_argument("--silent", action="store_true", help="make no recordings, which take about 50 MB")
        parser.add_argument("--calls", type=int, default=4000, help="how many calls in all (default: 4000)")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:  # its people and tokens could sign in there, an operator among them
            raise CommandError("The demo is not for production (CALLHUB_ENV=production). Nothing was made.")
        if demo.is_there():
            if options["once"]:
                return
            raise CommandError("The demo is here already. --once makes that no error.")
        if not 100 <= options["calls"] <= 200_000:
            raise CommandError("--calls must be between 100 and 200000.")
        if User.objects.filter(username=OPERATOR).exists():
            raise CommandError(f"There is a user “{OPERATOR}” who is not the demo's: the demo is for a fresh installation.")
        path = settings.VAR_DIR / "demo.json"
        try:
            made = demo.make(
                seed=options["seed"],
                calls=options["calls"],
                now=timezone.now(),
                keep_in=path,
                say=self.stdout.write,
                sound=not options["silent"],
            )
        except IntegrityError as error:
            raise CommandError("Another demo was made at the same time.") from error
        self.stdout.write(f"{made.calls} calls. The log-ins are in {path}.")

"""``manage.py telephony_listen``: hear what Asterisk tells, until told to stop. One per Asterisk; a second one waits."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calls.dialer.listening import ListenerStopped, listen
from calls.errors import DialRefused


class Command(BaseCommand):
    """See ``help``."""

    help = "Listen to Asterisk: carry on the calls that callhub makes, and log those that Asterisk makes or takes on its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("server", nargs="?", default="asterisk", help="a name for it; one listener runs per name")

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())  # calls go on; the next listener takes over
        try:
            listen(options["server"], stopping.is_set)
        except (DialRefused, ListenerStopped) as error:
            raise CommandError(str(error)) from error

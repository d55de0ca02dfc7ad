"""Which exchange makes a call: the backends by their names, set up as the settings say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from calls.dialer.book import DatabaseBook
from calls.errors import DialRefused
from calls.telephony.base import Backend
from calls.telephony.simulator import SimulatorBackend
from calls.telephony.speech import Espeak

if TYPE_CHECKING:
    from calls.telephony.asterisk import Switch

_kept = threading.local()  # a backend may hold a connection, and a connection belongs to one thread


def backend_of(name: str) -> Backend:
    """The backend with this name. Raises ``DialRefused`` (line_not_usable) where it is not set up here."""
    if name not in _MAKERS:
        raise DialRefused("The exchange of this line is not known here.", code="line_not_usable")
    kept: dict[str, Backend] = _kept.__dict__
    if name not in kept:
        kept[name] = _MAKERS[name]()
    return kept[name]


def asterisk_switch() -> Switch:
    """Which Asterisk. Raises ``DialRefused`` (line_not_usable) where none is set up."""
    if not settings.CALLHUB_ARI_URL:
        raise DialRefused("No Asterisk is set up: see CALLHUB_ARI_URL.", code="line_not_usable")
    from calls.telephony.asterisk import Switch  # late: what it needs is large, and most have no Asterisk

    return Switch(
        url=settings.CALLHUB_ARI_URL,
        user=settings.CALLHUB_ARI_USER,
        password=settings.CALLHUB_ARI_PASSWORD,
        app=settings.CALLHUB_ARI_APP,
        number_dial=settings.CALLHUB_ARI_NUMBER_DIAL,
        extension_dial=settings.CALLHUB_ARI_EXTENSION_DIAL,
        dials_plus=settings.CALLHUB_ARI_DIALS_PLUS,
        trunks=tuple(settings.CALLHUB_ARI_TRUNKS),
        sounds=Path(settings.CALLHUB_ARI_SOUNDS) if settings.CALLHUB_ARI_SOUNDS else None,
        sounds_url=settings.CALLHUB_ARI_SOUNDS_URL,
        journal=Path(settings.CALLHUB_ARI_JOURNAL) if settings.CALLHUB_ARI_JOURNAL else None,
    )


def _simulator() -> Backend:
    return SimulatorBackend(DatabaseBook(SimulatorBackend.name))


def _asterisk() -> Backend:
    from calls.telephony.asterisk import AsteriskBackend  # late, for the same reason

    return AsteriskBackend(DatabaseBook("asterisk"), asterisk_switch(), Espeak(settings.CALLHUB_SPEECH_COMMAND))


_MAKERS: dict[str, Callable[[], Backend]] = {"simulator": _simulator, "asterisk": _asterisk}

"""Asterisk over ARI: click-to-call with our own ids, kept by a level-triggered engine.

``backend`` is what the dialer calls; ``engine``, ``reconciling`` and ``listening`` are the listener's; ``watching`` sees the
calls that the exchange makes on its own, and ``missed`` finds in its ``journal`` those that nobody saw. ``events`` and ``names``
are pure, as is ``calls.telephony.flow``.
"""

from calls.telephony.asterisk.backend import AsteriskBackend
from calls.telephony.asterisk.engine import Engine
from calls.telephony.asterisk.journal import Journal
from calls.telephony.asterisk.listening import Listener, OrderHearer
from calls.telephony.asterisk.reconciling import Reconciler
from calls.telephony.asterisk.sightings import Archive, Hold, Place, WatchedCall, WatchedLeg
from calls.telephony.asterisk.switch import Switch
from calls.telephony.asterisk.watching import Watcher

__all__ = [
    "Archive", "AsteriskBackend", "Engine", "Hold", "Journal", "Listener", "OrderHearer", "Place", "Reconciler", "Switch",
    "WatchedCall", "WatchedLeg", "Watcher",
]  # fmt: skip

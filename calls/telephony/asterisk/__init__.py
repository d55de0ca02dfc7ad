"""Asterisk over ARI: click-to-call with our own ids, kept by a level-triggered engine.

``backend`` is what the dialer calls; ``engine``, ``reconciling`` and ``listening`` are the listener's; ``watching`` sees the
calls that the exchange makes on its own. ``events`` and ``names`` are pure, as is ``calls.telephony.flow``.
"""

from calls.telephony.asterisk.backend import AsteriskBackend
from calls.telephony.asterisk.engine import Engine
from calls.telephony.asterisk.journal import Journal
from calls.telephony.asterisk.listening import Listener, OrderHearer
from calls.telephony.asterisk.reconciling import Reconciler
from calls.telephony.asterisk.switch import Switch
from calls.telephony.asterisk.watching import WatchedCall, Watcher

__all__ = ["AsteriskBackend", "Engine", "Journal", "Listener", "OrderHearer", "Reconciler", "Switch", "WatchedCall", "Watcher"]

"""The ledger: the only code that writes calls.

Each verb is one transaction that writes the row, its event and what must happen next. Whatever a door hands in has been
read but not judged; the ledger judges it, and raises ``InvalidCall`` or ``CallConflict`` naming the draft's fields.

``recording`` and ``amending`` hold the verbs, ``relinking`` the one for the background; they share ``judging`` (what is
possible), ``linking`` (who it was) and ``tagging``.
"""

from calls.ledger.amending import amend, remove
from calls.ledger.judging import EARLIEST, LATEST, LONGEST_MS, check
from calls.ledger.recording import Recorded, record, record_many
from calls.ledger.relinking import relink, relink_waiting

__all__ = [
    "EARLIEST", "LATEST", "LONGEST_MS", "Recorded", "amend", "check", "record", "record_many", "relink", "relink_waiting", "remove",
]  # fmt: skip

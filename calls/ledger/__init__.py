"""The ledger: the only code that writes calls.

Each verb is one transaction that writes the row, its event and what must happen next. Whatever a door hands in has been
read but not judged; the ledger judges it, and raises ``InvalidCall`` or ``CallConflict`` naming the draft's fields.

``recording`` and ``amending`` hold the verbs, ``audio``, ``expecting``, ``fetching`` and ``retaining`` those for recordings,
``noting`` those for notes, ``legs`` the one for calls that rang together, ``relinking`` the one for the background; they
share ``judging`` (what is possible), ``linking`` (who it was), ``tagging``.
"""

from calls.ledger.amending import amend, remove
from calls.ledger.audio import (
    Audio,
    add_audio,
    announce,
    file_audio,
    give_up_audio,
    hold_audio,
    link_audio,
    note_analysis,
    note_heard,
    note_uploading,
    refuse_audio,
    remove_audio,
)
from calls.ledger.fetching import (
    fetch_again,
    note_fetch_failed,
    note_fetch_refused,
    note_fetched,
)
from calls.ledger.holding import HELD, RESUMED
from calls.ledger.judging import EARLIEST, LATEST, LONGEST_MS, check
from calls.ledger.legs import settle_legs
from calls.ledger.noting import edit_note, thread_of
from calls.ledger.numbering import number_calls
from calls.ledger.progressing import open_call, progress
from calls.ledger.reaping import give_up, stuck_calls
from calls.ledger.recording import Recorded, check_new, record, record_many
from calls.ledger.relinking import relink, relink_waiting
from calls.ledger.retaining import forget_retention, keep_retention, kind_of, retain_until

__all__ = [
    "EARLIEST", "HELD", "LATEST", "LONGEST_MS", "RESUMED", "Audio", "Recorded", "add_audio", "amend", "announce", "check",
    "check_new", "edit_note", "fetch_again", "file_audio", "forget_retention", "give_up", "give_up_audio", "hold_audio",
    "keep_retention", "kind_of", "link_audio", "note_analysis", "note_fetch_failed", "note_fetch_refused", "note_fetched",
    "note_heard", "note_uploading", "number_calls", "open_call", "progress", "record", "record_many", "refuse_audio", "relink",
    "relink_waiting", "remove", "remove_audio", "retain_until", "settle_legs", "stuck_calls", "thread_of",
]  # fmt: skip

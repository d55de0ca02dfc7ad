"""The call log: calls, their legs and events, the lines they run over and the tags put on them."""

from calls.models.arrival import DialectUse
from calls.models.batch import BatchItem, CallBatch
from calls.models.call import Call
from calls.models.delivery import Attempt, Delivery, WebhookCursor, WebhookLane
from calls.models.dialplan import DialPlan, DialUse, DoNotCall
from calls.models.event import CallEvent
from calls.models.export import CallExport, ExportPart
from calls.models.fetch import RecordingFetch
from calls.models.leg import CallLeg
from calls.models.line import Line
from calls.models.listener import JournalPlace, TelephonyListener
from calls.models.missed import MissedCall, MissedCursor, MissedTry
from calls.models.note import CallNote
from calls.models.notice import Notice
from calls.models.numbering import CallNumbering
from calls.models.origination import Origination
from calls.models.outcome import Outcome
from calls.models.playable import PlayableCopy
from calls.models.recording import Recording
from calls.models.retention import RetentionRule, RetentionRun
from calls.models.rule import TagRule
from calls.models.tag import Tag
from calls.models.trying import TriedRequest, TryAddress
from calls.models.upload import Upload, UploadChunk
from calls.models.usage import UsageCursor, UsageDay
from calls.models.view import ChosenColumns, SavedView
from calls.models.webhook import WebhookEndpoint

__all__ = [
    "Attempt", "BatchItem", "Call", "CallBatch", "CallEvent", "CallExport", "CallLeg",
    "CallNote", "CallNumbering", "ChosenColumns", "Delivery", "DialPlan", "DialUse", "DialectUse",
    "DoNotCall", "ExportPart", "JournalPlace", "Line", "MissedCall", "MissedCursor", "MissedTry", "Notice", "Origination",
    "Outcome", "PlayableCopy", "Recording", "RecordingFetch", "RetentionRule", "RetentionRun",
    "SavedView", "Tag", "TagRule", "TelephonyListener", "TriedRequest", "TryAddress", "Upload",
    "UploadChunk", "UsageCursor", "UsageDay", "WebhookCursor", "WebhookEndpoint", "WebhookLane",
]  # fmt: skip

"""Closed vocabularies of the calls app, in the field's own terms."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Source(models.TextChoices):
    """The door a call came in by."""

    PLANHAT = "planhat", "Planhat"
    CALLN = "calln", "CallN"
    FONESTORM = "fonestorm", "FoneStorm"
    VOIPNOW = "voipnow", "VoipNow"
    HOSTEDSUITE = "hostedsuite", "HostedSuite"
    API = "api", "API"
    ADMIN = "admin", _("Admin")
    PBX = "pbx", _("Telephone exchange")
    IMPORT = "import", _("Import")


class Direction(models.TextChoices):
    """Which way the call went, seen from the tenant."""

    INBOUND = "inbound", _("Inbound")
    OUTBOUND = "outbound", _("Outbound")
    INTERNAL = "internal", _("Internal")
    UNKNOWN = "unknown", _("Unknown")


class State(models.TextChoices):
    """How far the call has come; it only moves forward and never leaves ``ended``."""

    QUEUED = "queued", _("Queued")
    RINGING = "ringing", _("Ringing")
    IN_PROGRESS = "in_progress", _("In progress")
    ENDED = "ended", _("Ended")


class Disposition(models.TextChoices):
    """How the call came out; ``failed`` carries the SIP status or Q.850 cause in ``disposition_detail``."""

    ANSWERED = "answered", _("Answered")
    NO_ANSWER = "no_answer", _("No answer")
    BUSY = "busy", _("Busy")
    CANCELLED = "cancelled", _("Cancelled")
    REJECTED = "rejected", _("Rejected")
    FAILED = "failed", _("Failed")
    VOICEMAIL = "voicemail", _("Voicemail")
    UNKNOWN = "unknown", _("Unknown")


class OriginationState(models.TextChoices):
    """How far a request to call has come; it only moves forward, and ``ended`` is never left."""

    QUEUED = "queued", _("Queued")
    DISPATCHING = "dispatching", _("Being placed")
    UNKNOWN = "unknown", _("Unknown")  # the exchange did not answer: it is asked, never told again
    RINGING = "ringing", _("Ringing")
    IN_PROGRESS = "in_progress", _("In progress")
    ENDED = "ended", _("Ended")


ORIGINATION_LIVE = tuple(state for state in OriginationState if state is not OriginationState.ENDED)


class DialMeter(models.TextChoices):
    """What of calls made for a tenant is counted."""

    SECOND = "second", _("Calls in a second")
    LEGS = "legs", _("Telephones at the same time")
    SECONDS = "seconds", _("Seconds of talk in a day")
    DESTINATION = "destination", _("Calls to one number in a day")


TELEPHONY_BACKENDS = {"simulator": _("Simulator"), "asterisk": "Asterisk"}


def telephony_backends() -> list[tuple[str, Any]]:
    """The backends a line may have; a callable, so that a new one needs no migration."""
    return list(TELEPHONY_BACKENDS.items())


def usual_backend() -> str:
    """The backend of a new line."""
    return str(settings.CALLHUB_TELEPHONY)


class CallType(models.TextChoices):
    """What staff call it at a glance; derived from direction and disposition."""

    INCOMING = "incoming", _("Incoming")
    OUTGOING = "outgoing", _("Outgoing")
    INTERNAL = "internal", _("Internal")
    MISSED = "missed", _("Missed")
    VOICEMAIL = "voicemail", _("Voicemail")
    UNKNOWN = "unknown", _("Unknown")


class MatchState(models.TextChoices):
    """How sure we are of the contact."""

    EXACT = "exact", _("Exact")  # an id, or one contact with the very number
    CHOSEN = "chosen", _("Chosen")  # a person said so; never changed by matching
    GUESS = "guess", _("Guess")  # one contact whose number ends alike
    SEVERAL = "several", _("Several")  # more than one fits: none is taken
    NONE = "none", _("None")


class EventKind(models.TextChoices):
    """What can happen to a call. Interactions a phone system reports are ``interaction``."""

    RECORDED = "call.recorded", pgettext_lazy("in the log", "Recorded")
    AMENDED = "call.amended", _("Amended")
    ORIGINATED = "call.originated", _("Ordered")
    PROGRESSED = "call.progressed", _("Progressed")
    GIVEN_UP = "call.given_up", _("Given up")  # ended by us, because nothing was heard of it for too long
    INTERACTION = "call.interaction", _("Interaction")
    MATCHED = "call.matched", _("Matched")
    REMOVED = "call.removed", _("Removed")
    RECORDING_STORED = "call.recording_stored", _("Recording stored")
    RECORDING_LINKED = "call.recording_linked", _("Recording linked")
    RECORDING_REMOVED = "call.recording_removed", _("Recording removed")
    RECORDING_PLAYED = "call.recording_played", _("Recording played")
    RECORDING_DOWNLOADED = "call.recording_downloaded", _("Recording downloaded")
    RECORDING_HELD = "call.recording_held", _("Legal hold set")
    RECORDING_RELEASED = "call.recording_released", _("Legal hold lifted")


OF_RECORDINGS = frozenset(kind for kind in EventKind if kind.startswith("call.recording_"))  # their data names one


class LegRole(models.TextChoices):
    """Which part of the call a leg is."""

    SOURCE = "source", _("Source")
    DESTINATION = "destination", _("Destination")
    TRANSFER = "transfer", _("Transfer")


# Dispositions of an inbound call that staff call missed.
MISSED = (Disposition.NO_ANSWER, Disposition.BUSY, Disposition.CANCELLED, Disposition.REJECTED, Disposition.FAILED)
STATE_ORDER = [State.QUEUED, State.RINGING, State.IN_PROGRESS, State.ENDED]


class RecordingKind(models.TextChoices):
    """Whose the audio is."""

    AUDIO = "audio", _("Audio")  # kept here
    LINK = "link", _("Link")  # kept elsewhere; we know its address


class RecordingState(models.TextChoices):
    """How far a recording has come; it only moves forward (``RECORDING_MOVES``)."""

    EXPECTED = "expected", _("Expected")  # announced, no bytes yet
    UPLOADING = "uploading", _("Uploading")  # bytes are coming in
    REFUSED = "refused", _("Refused")  # what came was no good; a better file may still come
    STORED = "stored", _("Stored")
    EXPIRED = "expired", _("Expired")  # announced and never sent
    ABSENT = "absent", _("Absent")  # the source has none
    DELETED = "deleted", _("Deleted")  # the audio is gone, the call stays


class AudioRefusal(models.TextChoices):
    """Why audio was not taken; the codes are the same at every door."""

    NOT_AUDIO = "not_audio", _("Not audio")
    EMPTY_AUDIO = "empty_audio", _("No sound in it")
    TOO_LARGE = "too_large", _("Too large")
    TYPE_NOT_ALLOWED = "type_not_allowed", _("Type not allowed")
    CHECKSUM_MISMATCH = "checksum_mismatch", _("Checksum differs")
    TRUNCATED = "truncated", _("Cut off")
    QUOTA = "quota", _("Quota used up")
    UNREACHABLE = "unreachable", _("Could not be fetched")  # of a link whose audio should be kept here
    HOSTILE = "hostile", _("Harmful")  # reading it took more time or memory than any call needs


class RemovalReason(models.TextChoices):
    """Why audio that was stored is not any more."""

    PERSON = "person", _("Removed by a person")
    RETENTION = "retention", _("Retention")
    REPLACED = "replaced", _("Replaced by a newer file")


_GONE = frozenset({RecordingState.DELETED})
_UNSENT_ENDS = frozenset({RecordingState.STORED, RecordingState.EXPIRED, RecordingState.DELETED})
RECORDING_MOVES: dict[RecordingState, frozenset[RecordingState]] = {
    RecordingState.EXPECTED: _UNSENT_ENDS | {RecordingState.UPLOADING, RecordingState.REFUSED, RecordingState.ABSENT},
    RecordingState.UPLOADING: _UNSENT_ENDS | {RecordingState.REFUSED},
    RecordingState.REFUSED: _UNSENT_ENDS,
    RecordingState.STORED: _GONE,
    RecordingState.EXPIRED: _GONE,
    RecordingState.ABSENT: _GONE,
    RecordingState.DELETED: frozenset(),
}


class NoticeKind(models.TextChoices):
    """What people are mailed."""

    MISSED_CALL = "missed_call", _("Missed call")
    DIGEST = "digest", _("Digest of missed calls")
    QUOTA = "quota", _("Limit nearly used up")
    SIGN_IN = "sign_in", _("Many wrong passwords")


class RetentionKind(models.TextChoices):
    """Which calls a rule of retention is for; the one for every call holds where no other does."""

    ALL = "all", _("Every call")
    INBOUND = "inbound", _("Inbound calls")
    OUTBOUND = "outbound", _("Outbound calls")
    INTERNAL = "internal", _("Internal calls")
    VOICEMAIL = "voicemail", _("Voicemail")


class UploadMode(models.TextChoices):
    """What becomes of an upload's audio."""

    CALL = "call", _("New call")  # the call enters the log together with its audio
    ATTACH = "attach", _("Added to a call")
    REPLACE = "replace", _("Replaces a call's audio")


class UploadState(models.TextChoices):
    """How far an upload has come; it only moves forward."""

    OPEN = "open", _("Open")  # bytes may come, also after a refusal
    KEEPING = "keeping", _("Being kept")  # its bytes are settled by their checksum; no others are taken
    COMPLETE = "complete", _("Complete")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")


UPLOAD_UNFINISHED = (UploadState.OPEN, UploadState.KEEPING)


class WebhookEvent(models.TextChoices):
    """What webhooks tell of; ``calls.webhooks.vocabulary`` says which event of the log becomes which."""

    CALL_CREATED = "call.created", _("Call created")
    CALL_RINGING = "call.ringing", _("Call ringing")
    CALL_ANSWERED = "call.answered", _("Call answered")
    CALL_UPDATED = "call.updated", _("Call updated")
    CALL_INTERACTION = "call.interaction", _("Call interaction")
    CALL_ENDED = "call.ended", _("Call ended")
    CALL_DELETED = "call.deleted", _("Call deleted")
    RECORDING_STORED = "recording.stored", _("Recording stored")
    RECORDING_LINKED = "recording.linked", _("Recording linked")
    RECORDING_REMOVED = "recording.removed", _("Recording removed")
    RECORDING_HELD = "recording.held", _("Recording held")
    RECORDING_RELEASED = "recording.released", _("Recording released")
    TEST = "webhook.test", _("Test")  # sent by hand alone


class EndpointKind(models.TextChoices):
    """What an address is told of."""

    WEBHOOK = "webhook", _("Webhook")
    SEND_CALLBACK = "send_callback", _("Callback for calls a number makes")  # FoneStorm's send_notify
    RECEIVE_CALLBACK = "receive_callback", _("Callback for calls a number gets")  # … receive_notify
    CDR_CALLBACK = "cdr_callback", _("Call records of the account")  # … accounts/cdr_notify


class EndpointState(models.TextChoices):
    """Whether an address is told."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")  # what happens meanwhile is kept for it
    DISABLED = "disabled", _("Disabled")  # by its owner or by us; what happens meanwhile is not kept


class PayloadFormat(models.TextChoices):
    """What is sent."""

    NATIVE = "native", _("JSON")
    FONESTORM_GET = "fonestorm_get", _("FoneStorm GET")
    FONESTORM_FORM = "fonestorm_form", _("FoneStorm POST")
    FONESTORM_JSON = "fonestorm_json", _("FoneStorm JSON")


class Verdict(models.TextChoices):
    """Whether a request that came to try things out is signed by who it should be."""

    GOOD = "good", _("Signature verifies")
    BAD = "bad", _("Signature does not verify")
    UNSIGNED = "unsigned", _("Not signed")


class DeliveryState(models.TextChoices):
    """What became of a message to one endpoint; only a replay leads back from an end."""

    PENDING = "pending", _("Pending")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class MissedState(models.TextChoices):
    """What became of somebody who tried to reach us in vain."""

    OPEN = "open", _("Open")
    RETURNED = "returned", _("Returned")  # a later call with the same number was answered
    DONE = "done", _("Done")  # a person said so

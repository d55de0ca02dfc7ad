"""Closed vocabularies of the calls app, in the field's own terms."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


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

    RECORDED = "call.recorded", _("Recorded")
    AMENDED = "call.amended", _("Amended")
    PROGRESSED = "call.progressed", _("Progressed")
    INTERACTION = "call.interaction", _("Interaction")
    MATCHED = "call.matched", _("Matched")
    REMOVED = "call.removed", _("Removed")


class LegRole(models.TextChoices):
    """Which part of the call a leg is."""

    SOURCE = "source", _("Source")
    DESTINATION = "destination", _("Destination")
    TRANSFER = "transfer", _("Transfer")


# Dispositions of an inbound call that staff call missed.
MISSED = (Disposition.NO_ANSWER, Disposition.BUSY, Disposition.CANCELLED, Disposition.REJECTED, Disposition.FAILED)
STATE_ORDER = [State.QUEUED, State.RINGING, State.IN_PROGRESS, State.ENDED]

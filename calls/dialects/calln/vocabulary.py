"""CallN's words, and what they are called here."""

from __future__ import annotations

from calls.choices import Direction, EventKind

DIRECTIONS = {
    "incoming": Direction.INBOUND,
    "outgoing": Direction.OUTBOUND,
    "internal": Direction.INTERNAL,
    "unknown": Direction.UNKNOWN,
}
DIRECTION_WORDS = {direction: word for word, direction in DIRECTIONS.items()}

# The page's list of names has a stray apostrophe; the other two are what the same fields are called when they are read.
FIRST_NAMES = {
    "destinationphone'": "destinationphone",
    "destinationphonenumber": "destinationphone",
    "callerphonenumber": "callerphone",
    "connectdatetimeutc": "connecteddatetimeutc",
}

# What the phone system tells of itself, and the names it is kept under whatever the vendor.
FACTS = {
    "callerdtmf": "caller_dtmf",
    "callermacaddress": "caller_mac",
    "callermediaendpoint": "caller_media_endpoint",
    "destinationdtmf": "callee_dtmf",
    "destinationmacaddress": "callee_mac",
    "destinationmediaendpoint": "callee_media_endpoint",
    "clientoperatingsystem": "operating_system",
    "servername": "server",
    "clientservername": "server",
    "telephonyplatform": "platform",
    "location": "location",
}
# Of each side in the newer generation.
SIDE_FACTS = {"macaddress": "mac", "mediaendpoint": "media_endpoint"}

# What the ledger calls a field, and what CallN does.
VENDOR_NAMES = {
    "started_at": "startdatetimeutc",
    "answered_at": "connecteddatetimeutc",
    "external_id": "callid",
    "caller": "callerphone",
    "callee": "destinationphone",
    "remote": "callerphone",
}

AUDIO_TYPES = frozenset({"audio/mpeg", "audio/mp3", "audio/wav", "audio/x-wav", "audio/wave"})
ACCEPTED = ("audio/mpeg", "audio/wav")  # by content, under whichever of these names it was sent

# What a token may be limited to.
CALL_CREATE, CALL_READ = "CALLCREATE", "CALLREAD"
AUDIO_CREATE, AUDIO_READ = "CALLAUDIOCREATE", "CALLAUDIOREAD"
CLIENT_CREATE, CLIENT_READ = "CLIENTCREATE", "CLIENTREAD"
HANDSET_CREATE, HANDSET_READ = "HANDSETCREATE", "HANDSETREAD"
RIGHTS = frozenset({CALL_CREATE, CALL_READ, AUDIO_CREATE, AUDIO_READ, CLIENT_CREATE, CLIENT_READ, HANDSET_CREATE, HANDSET_READ})

ACTIONS = {
    EventKind.RECORDED: "created",
    EventKind.AMENDED: "updated",
    EventKind.PROGRESSED: "updated",
    EventKind.INTERACTION: "interaction",
    EventKind.MATCHED: "matched",
    EventKind.REMOVED: "deleted",
    EventKind.RECORDING_STORED: "audio stored",
    EventKind.RECORDING_LINKED: "audio linked",
    EventKind.RECORDING_REMOVED: "audio deleted",
    EventKind.RECORDING_PLAYED: "audio played",
    EventKind.RECORDING_DOWNLOADED: "audio downloaded",
}

"""What there is to hear of a call and what can be said of it: players, figures and bars, refusals in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from callhub.kept import in_words
from calls.admin import cells
from calls.choices import RecordingKind, RecordingState
from calls.models import Call, Recording

SHOWN = 50
_TONES = {
    RecordingState.STORED: "good",
    RecordingState.REFUSED: "bad",
    RecordingState.EXPECTED: "info",
    RecordingState.UPLOADING: "info",
    RecordingState.EXPIRED: "warn",
}
_CODECS = {"pcm_mulaw": "µ-law", "pcm_alaw": "A-law", "mp3float": "MP3", "pcm_s16le": "PCM, 16 bit"}


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A share of the time, as a bar with words. ``tone`` is a class of the style sheet."""

    label: Any
    share: float
    tone: str = ""

    @property
    def width(self) -> str:
        """As style sheets read it."""
        return f"{self.share * 100:.1f}%"

    @property
    def percent(self) -> str:
        """As people write it."""
        return f"{self.share * 100:.0f} %" if self.share in (0, 1) or self.share >= 0.01 else "< 1 %"


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A recording, ready to show."""

    recording: Recording
    state: SafeString
    facts: list[tuple[Any, Any]]
    bars: list[Bar]
    note: str
    may_remove: bool
    may_hold: bool
    may_fetch: bool

    @property
    def peaks_id(self) -> str:
        """Where on the page a script finds the waveform."""
        return f"peaks-{self.recording.pk}"

    @property
    def is_shown_as_player(self) -> bool:
        """Whether there is anything to play."""
        return self.recording.is_playable

    @property
    def peaks(self) -> list[list[int]]:
        """The waveform by channel; a flat line where nobody has listened yet."""
        return self.recording.peaks or [[0, 0]]

    @property
    def seconds(self) -> str:
        """Its length, as scripts read it."""
        return f"{(self.recording.duration_ms or 0) / 1000:.3f}"

    @property
    def name(self) -> str:
        """What screen readers call it."""
        return gettext("Recording, %(length)s") % {"length": cells.length(self.recording.duration_ms)}


def context_of(call: Call, may: Any) -> dict[str, list[Sound]]:
    """Everything there is to hear of a call: what it is heard by, and files that were replaced, the newest first."""
    rows = list(call.recordings.select_related("fetch").order_by("-is_current", "-created_at", "-pk")[:SHOWN])
    for row in rows:
        row.call = call
    sounds = [sound_of(row, may) for row in rows if row.is_current or row.replaced_at]
    replaced = [one for one in sounds if not one.recording.is_current]
    return {"sounds": sounds, "replaced_sounds": replaced}


def sound_of(recording: Recording, may: Any) -> Sound:
    """A recording, ready to show; ``may`` answers whether the reader may ``remove`` or ``hold`` it."""
    return Sound(
        recording=recording,
        state=state(recording),
        facts=[(label, value) for label, value in _facts(recording) if value],
        bars=list(_bars(recording)),
        note=_note(recording),
        may_remove=recording.state == RecordingState.STORED and may("remove", recording),
        may_hold=recording.is_playable and may("hold", recording),
        may_fetch=_waits_for_somebody(recording) and may("fetch", recording),
    )


def _waits_for_somebody(recording: Recording) -> bool:
    """Whether audio could not be fetched and is not tried any more by itself."""
    fetch = getattr(recording, "fetch", None)
    return recording.state == RecordingState.REFUSED and fetch is not None and fetch.due_at is None


def state(recording: Recording) -> SafeString:
    """How far it has come, and whether it is held."""
    told = cells.badge(recording.get_state_display(), _TONES.get(RecordingState(recording.state), "plain"))
    held = cells.badge(gettext("Legal hold"), "info", "lock") if recording.is_on_hold else ""
    replaced = cells.badge(gettext("Replaced"), "plain") if not recording.is_current else ""
    return cells.row(told, replaced, held)


def why_refused(recording: Recording) -> str:
    """Why the audio was not taken, in a sentence; before one that has no words in the reader's language, its kind."""
    kept, kind = recording.refusal_detail, recording.get_refusal_display()
    told = in_words(kept)
    if not kept or told != kept or get_language() == settings.LANGUAGE_CODE:
        return told or f"{kind}."
    return f"{kind}. ({kept})"


def audio_address(recording: Recording) -> str:
    """Where the admin's own player gets the bytes; each request is authorised."""
    return reverse("admin:calls_recording_audio", args=[recording.pk])


def mini_player(call: Call, recordings: Iterable[Recording]) -> SafeString | str:
    """A button that plays the call's audio on its row; without scripts it leads to the call's page."""
    recording = next((row for row in recordings if row.is_playable), None)
    if recording is None:
        return ""
    page = reverse("admin:calls_call_change", args=[call.pk])
    length = cells.length(recording.duration_ms)
    return format_html(
        '<a class="ch-mini" href="{}#sound" data-mini="{}" data-seconds="{}" data-pause="{}" aria-label="{}">'
        '<span class="material-symbols-outlined ch-icon" aria-hidden="true">play_arrow</span>'
        "<span data-now>{}</span></a>",
        page,
        audio_address(recording),
        f"{(recording.duration_ms or 0) / 1000:.3f}",
        gettext("Pause"),
        gettext("Play the recording, %(length)s") % {"length": length},
        length,
    )


def _facts(recording: Recording) -> Iterable[tuple[Any, Any]]:
    if recording.kind == RecordingKind.LINK:
        yield _("Kept at"), format_html('<span class="ch-address">{}</span>', recording.url)
        return
    yield from _fetch_facts(recording)
    yield _("Length"), cells.length(recording.duration_ms) if recording.duration_ms is not None else ""
    yield _("Type"), _type(recording)
    yield _("Size"), filesizeformat(recording.size_bytes) if recording.size_bytes else ""
    yield _("Channels"), {1: gettext("Mono"), 2: gettext("Stereo")}.get(recording.channels or 0, recording.channels)
    if recording.loudness_dbfs is not None:
        words = gettext("%(level)s dBFS, without the silence") % {"level": f"{recording.loudness_dbfs:.0f}"}
        yield _("Loudness"), words
    if recording.longest_silence_ms:
        yield _("Longest silence"), gettext("%(seconds)s s") % {"seconds": number_format(recording.longest_silence_ms / 1000, 1)}
    yield _("Stored"), cells.moment(recording.stored_at) if recording.stored_at else ""
    yield _("Replaced"), cells.moment(recording.replaced_at) if recording.replaced_at else ""
    yield _("Kept until"), cells.moment(recording.retain_until) if recording.retain_until and recording.is_playable else ""
    yield _("Removed"), cells.moment(recording.removed_at) if recording.removed_at else ""


def _fetch_facts(recording: Recording) -> Iterable[tuple[Any, Any]]:
    """Where audio comes from that is brought here, and how that goes."""
    fetch = getattr(recording, "fetch", None)
    if fetch is None:
        return
    yield _("Fetched from"), format_html('<span class="ch-address">{}</span>', recording.url)
    if recording.state != RecordingState.STORED:
        yield _("Tries"), str(fetch.attempts)
        yield _("Last try"), cells.moment(fetch.tried_at) if fetch.tried_at else ""
        yield _("Went wrong"), in_words(fetch.detail)
        yield _("Next try"), cells.moment(fetch.due_at) if fetch.due_at else ""


def _type(recording: Recording) -> str:
    codec = _CODECS.get(recording.codec, recording.codec)
    rate = f"{recording.sample_rate_hz / 1000:g} kHz" if recording.sample_rate_hz else ""
    return ", ".join(filter(None, [recording.mime, codec, rate]))


def _bars(recording: Recording) -> Iterable[Bar]:
    told = [
        (_("Left channel talks"), recording.talk_share_left, "left"),
        (_("Right channel talks"), recording.talk_share_right, "right"),
        (_("Both at once"), recording.overtalk_share, "both"),
        (_("Silence"), recording.silence_share, "silent"),
    ]
    return (Bar(label=label, share=share, tone=tone) for label, share, tone in told if share is not None)


def _note(recording: Recording) -> str:
    """What a person should know of it, in words."""
    is_fetched = getattr(recording, "fetch", None) is not None
    if recording.state == RecordingState.REFUSED:
        why = why_refused(recording)
        if is_fetched:
            return gettext("What the link leads to was not taken: %(why)s") % {"why": why}
        return gettext("What was sent was not taken: %(why)s A better file may still come.") % {"why": why}
    if recording.state == RecordingState.DELETED:
        return gettext("The audio is gone: %(why)s.") % {"why": recording.get_removal_reason_display() or gettext("removed")}
    if recording.state != RecordingState.STORED:
        return {
            RecordingState.EXPECTED: gettext("It is being fetched.")
            if is_fetched
            else gettext("Announced; no audio has come yet."),
            RecordingState.UPLOADING: gettext("The audio is coming in."),
            RecordingState.EXPIRED: gettext("Announced, and never sent."),
            RecordingState.ABSENT: gettext("The source has no audio of this call."),
        }.get(RecordingState(recording.state), "")
    if not recording.is_playable:
        return gettext("The audio is kept elsewhere.")
    if recording.analysed_at is None:
        return gettext("The waveform follows in a moment.")
    if recording.is_too_short_to_be_speech:
        return gettext("There is less than a second of sound in it: too short to be speech.")
    return ""

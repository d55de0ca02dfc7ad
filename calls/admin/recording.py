"""Recordings: what audio there is, what is wrong with some of it, playing, holding and removing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls import ledger
from calls.admin import cells, sound
from calls.admin.recording_filters import FILTERS, RecordingList
from calls.choices import EventKind, RecordingState, Source
from calls.errors import CallError
from calls.models import Recording
from calls.recordings import playback, serving
from calls.recordings.errors import StorageTrouble
from tenants.choices import Role
from tenants.reach import Reach, reach_of
from tenants.read_only import ReadOnly
from tenants.scoped_admin import TenantModelAdmin

PLAYER = [
    forms.Script("callhub/vendor/wavesurfer/wavesurfer.min.js", defer=True),
    forms.Script("callhub/player.js", defer=True),
]


def rights_of(reach: Reach) -> Callable[[str, Recording], bool]:
    """What the reader may do with a recording: managers and owners remove and hold."""
    return lambda doing, recording: reach.may(Role.MANAGER, recording.tenant_id)


@admin.register(Recording)
class RecordingAdmin(ReadOnly, TenantModelAdmin):
    """The audio of calls. Nothing is edited here: audio is held or removed, through the ledger, and its row stays."""

    list_display = ["created", "of_call", "status", "heard", "silence", "talk", "loudness", "file", "kept_until"]
    list_display_links = ["created"]
    list_filter = FILTERS
    list_before_template = "admin/calls/recording/scopes.html"
    change_form_template = "admin/calls/recording/change_form.html"
    first_step = _("Audio comes with calls: through CallN's API, callhub's own uploads, or from the telephone exchange.")
    ordering = ["-created_at", "-id"]
    sortable_by = ["created", "heard", "silence", "loudness", "kept_until"]
    actions = None
    fields = ["call", "checksum", "checksum_md5", "container", "codec", "sample_rate_hz", "created_at"]
    readonly_fields = fields

    class Media:
        js = PLAYER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tenant", "call__contact", "fetch")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordingList]:
        return RecordingList

    # The list

    @display(description=_("announced"), ordering="created_at")
    def created(self, recording: Recording) -> Any:
        """When it was announced or stored."""
        return cells.moment(recording.created_at)

    @display(description=_("call"))
    def of_call(self, recording: Recording) -> Any:
        """Whose audio it is."""
        if recording.call is None:
            return gettext("None yet")
        address = reverse("admin:calls_call_change", args=[recording.call_id])
        began = cells.moment(recording.call.started_at)
        return format_html('<a class="ch-link ch-line" href="{}">{}</a>{}', address, began, cells.party(recording.call))

    @display(description=_("state"))
    def status(self, recording: Recording) -> Any:
        """How far it has come; hovering tells why it was refused."""
        why = sound.why_refused(recording) if recording.state == RecordingState.REFUSED else ""
        word = recording.get_refusal_display() if recording.refusal and recording.state == RecordingState.REFUSED else ""
        return format_html('<span title="{}">{} {}</span>', why, sound.state(recording), word)

    @display(description=_("audio"), ordering="duration_ms")
    def heard(self, recording: Recording) -> Any:
        """A small player, or how long what is gone was."""
        player = sound.mini_player(recording.call, [recording]) if recording.call else ""
        return player or cells.length(recording.duration_ms)

    @display(description=_("silence"), ordering="silence_share")
    def silence(self, recording: Recording) -> str:
        """Its share of the time."""
        return _percent(recording.silence_share)

    @display(description=_("talk, left / right"))
    def talk(self, recording: Recording) -> str:
        """How much each channel talks."""
        if recording.talk_share_left is None:
            return cells.NOTHING
        return f"{_percent(recording.talk_share_left)} / {_percent(recording.talk_share_right)}"

    @display(description=_("loudness"), ordering="loudness_dbfs")
    def loudness(self, recording: Recording) -> str:
        """In decibels below full scale."""
        return cells.NOTHING if recording.loudness_dbfs is None else f"{recording.loudness_dbfs:.0f} dBFS"

    @display(description=_("file"))
    def file(self, recording: Recording) -> str:
        """Type and size."""
        told = [recording.mime.removeprefix("audio/"), filesizeformat(recording.size_bytes) if recording.size_bytes else ""]
        return ", ".join(filter(None, told)) or cells.NOTHING

    @display(description=_("kept until"), ordering="retain_until")
    def kept_until(self, recording: Recording) -> Any:
        """When retention removes it."""
        if not recording.is_playable or recording.retain_until is None:
            return cells.NOTHING
        return timezone.localdate(recording.retain_until).isoformat()  # it is always a midnight

    # The page

    @display(description="SHA-256")
    def checksum(self, recording: Recording) -> Any:
        """In hex, broken where the screen ends."""
        return format_html('<code class="ch-text">{}</code>', recording.sha256 or cells.NOTHING)

    @display(description="MD5")
    def checksum_md5(self, recording: Recording) -> Any:
        """The same, for CallN's clients."""
        return format_html('<code class="ch-text">{}</code>', recording.md5 or cells.NOTHING)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        recording = context.get("original")
        if recording is not None:
            context["sound"] = sound.sound_of(recording, rights_of(reach_of(request)))
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[Any]:
        pages = [("audio", self.audio), ("remove", self.remove), ("hold", self.hold), ("fetch", self.fetch)]
        return [
            *(
                path(f"<uuid:pk>/{name}", self.admin_site.admin_view(view, cacheable=True), name=f"calls_recording_{name}")
                for name, view in pages
            ),
            *super().get_urls(),
        ]

    def audio(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        """The bytes, for the player and as a file. Every play and download is told in the call's timeline."""
        recording = self._find(request, pk)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        if not recording.is_playable:
            raise Http404
        wants_file = request.GET.get("download") == "true"
        try:
            answer = _served(request, recording, wants_file)
        except StorageTrouble as trouble:
            return HttpResponse(gettext("The audio cannot be read just now."), status=trouble.status, content_type="text/plain")
        if request.method == "GET" and answer.status_code in (200, 206, 302):
            kind = EventKind.RECORDING_DOWNLOADED if wants_file else EventKind.RECORDING_PLAYED
            is_part = "Range" in request.headers
            ledger.note_heard(recording, actor=reach_of(request).user, kind=kind, is_part=is_part, source=Source.ADMIN)
        return answer

    def remove(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Ask once, then remove the audio and keep the call; a legal hold forbids it."""
        recording = self._find(request, pk, Role.MANAGER)
        if recording.state != RecordingState.STORED:
            raise Http404
        if request.method != "POST" or recording.is_on_hold:
            return self._ask(request, recording, "remove", _("Remove the audio?"))
        try:
            ledger.remove_audio(recording, actor=reach_of(request).user)
            messages.success(request, gettext("The audio is removed. The call stays in the log."))
        except CallError as error:  # held since the page was made
            messages.error(request, error.message)
        return HttpResponseRedirect(_page_of(recording))

    def hold(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Ask once, then set the legal hold, or lift it."""
        recording = self._find(request, pk, Role.MANAGER)
        if not recording.is_playable:
            raise Http404
        if request.method != "POST":
            title = _("Lift the legal hold?") if recording.is_on_hold else _("Set a legal hold?")
            return self._ask(request, recording, "hold", title)
        wanted = request.POST.get("hold") == "set"
        ledger.hold_audio(recording, is_on_hold=wanted, actor=reach_of(request).user)
        said = gettext("A legal hold keeps this audio now.") if wanted else gettext("The legal hold is lifted.")
        if Recording.objects.playable().filter(pk=recording.pk, is_on_hold=wanted).exists():
            messages.success(request, said)
        else:
            messages.error(request, gettext("The audio is gone: somebody removed it just now."))
        return HttpResponseRedirect(_page_of(recording))

    def fetch(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Try anew to fetch what a link leads to."""
        recording = self._find(request, pk, Role.MANAGER)
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        if ledger.fetch_again(recording):
            messages.success(request, gettext("It is fetched now."))
        else:
            messages.info(request, gettext("There is nothing to fetch any more."))
        return HttpResponseRedirect(_page_of(recording))

    def _find(self, request: HttpRequest, pk: Any, role: Role = Role.VIEWER) -> Recording:
        """A recording within reach of somebody who has ``role`` there; everything else is no recording at all."""
        recording = self.get_queryset(request).defer("peaks").filter(pk=pk).first()
        if recording is None or not self._may(request, role, recording):
            raise Http404
        return recording

    def _ask(self, request: HttpRequest, recording: Recording, name: str, title: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "recording": recording,
            "back": _page_of(recording),
        }
        return TemplateResponse(request, f"admin/calls/recording/{name}.html", context)


def _served(request: HttpRequest, recording: Recording, wants_file: bool) -> HttpResponseBase:
    """The stored bytes as a file, or what a browser can play of them."""
    if wants_file:
        return serving.serve(request, recording, serving.ATTACHMENT)
    return serving.serve(request, playback.playable(recording), serving.INLINE)


def _page_of(recording: Recording) -> str:
    if recording.call_id is not None:
        return reverse("admin:calls_call_change", args=[recording.call_id]) + "#sound"
    return reverse("admin:calls_recording_change", args=[recording.pk])


def _percent(share: float | None) -> str:
    return cells.NOTHING if share is None else f"{share * 100:.0f} %"

"""Uploads and recordings as they are told, and what is sent to announce them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls import uploads
from calls.api.fields import ChoiceField, MomentField, RelatedField, SecondsField
from calls.api.serializers.base import Document, Strict
from calls.api.serializers.drafts import CallIn
from calls.choices import AudioRefusal, RecordingKind, RecordingState, RemovalReason, UploadMode, UploadState
from calls.models import Call, Recording, Upload
from calls.uploads import Told

_HEX = {"md5": re.compile("[0-9a-f]{32}"), "sha256": re.compile("[0-9a-f]{64}")}


class AudioIn(Strict):
    """What is known of the audio beforehand; what comes is held to it."""

    size = serializers.IntegerField(required=False, min_value=0, max_value=2**53, help_text="Bytes.")
    type = serializers.CharField(required=False, max_length=100, help_text="Such as audio/wav; the content decides in the end.")
    md5 = serializers.CharField(required=False, max_length=32, help_text="32 hexadecimal digits.")
    sha256 = serializers.CharField(required=False, max_length=64, help_text="64 hexadecimal digits.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name, digits in _HEX.items():
            if name in attrs and not digits.fullmatch(attrs[name].lower()):
                raise serializers.ValidationError({name: ["Write the checksum in hexadecimal digits."]})
        return attrs

    @staticmethod
    def told(values: Mapping[str, Any]) -> Told:
        """The same as uploads take it."""
        return Told(
            size=values.get("size"),
            mime=values.get("type", ""),
            md5=values.get("md5", "").lower(),
            sha256=values.get("sha256", "").lower(),
        )


class UploadIn(CallIn):
    """A call that will enter the log together with its audio. Left out, its length is that of the audio."""

    audio = AudioIn(required=False)


class AttachIn(Strict):
    """Audio for a call that is in the log."""

    call = RelatedField(Call, help_text="The id of the call.")
    mode = ChoiceField(
        choices=[UploadMode.ATTACH.value, UploadMode.REPLACE.value],
        required=False,
        help_text="Beside what the call has (attach, if left out), or in its place (replace).",
    )
    audio = AudioIn(required=False)


class LinkIn(Strict):
    """Audio of a call that is kept elsewhere."""

    url = serializers.CharField(max_length=2000, help_text="http or https. It is kept as it is.")
    fetch = serializers.BooleanField(
        required=False,
        help_text="Whether to bring the audio here, too, in the background. Left out: as the tenant's settings say.",
    )


class SignIn(Strict):
    """What a signed link is for."""

    purpose = ChoiceField(choices=["play", "download"], required=False)


class RefusalDocument(serializers.Serializer[Any]):
    """Why what was sent last was not taken."""

    code = ChoiceField(choices=AudioRefusal.choices)
    detail = serializers.CharField()
    count = serializers.IntegerField(help_text="How often it was refused so far.")


class StoredDocument(serializers.Serializer[Any]):
    """What is kept."""

    size = serializers.IntegerField()
    type = serializers.CharField()
    md5 = serializers.CharField()
    sha256 = serializers.CharField()
    duration = serializers.FloatField(allow_null=True, help_text="Seconds.")


class UploadDocument(Document):
    """A ticket: where to send audio, what may be sent, and how far it has come."""

    id = serializers.UUIDField()
    state = ChoiceField(choices=[UploadState.OPEN.value, UploadState.KEEPING.value, UploadState.COMPLETE.value])
    mode = ChoiceField(choices=UploadMode.choices, help_text="What is done with the audio.")
    expires_at = MomentField()
    limit_bytes = serializers.IntegerField(help_text="How large the audio may be.")
    accepted = serializers.ListField(child=serializers.CharField(), help_text="The types that are taken.")
    received_bytes = serializers.SerializerMethodField(help_text="How many bytes have come and are kept.")
    expected_bytes = serializers.IntegerField(source="declared_bytes", allow_null=True)
    refusal = serializers.SerializerMethodField()
    call = serializers.SerializerMethodField(help_text="The id of the call, once it is in the log.")
    recording = serializers.UUIDField(source="recording_id")
    stored = serializers.SerializerMethodField(help_text="Once the upload is complete.")
    created_at = MomentField()
    updated_at = MomentField()
    ways = serializers.SerializerMethodField(help_text="How to send the audio: any one of them.")

    def get_received_bytes(self, upload: Upload) -> int:
        return uploads.received_bytes(upload)

    @extend_schema_field(RefusalDocument(allow_null=True))
    def get_refusal(self, upload: Upload) -> dict[str, Any] | None:
        if not upload.refusal:
            return None
        return {"code": upload.refusal, "detail": upload.refusal_detail, "count": upload.refusals}

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_call(self, upload: Upload) -> str | None:
        return str(upload.call_id) if upload.call_id else None

    @extend_schema_field(StoredDocument(allow_null=True))
    def get_stored(self, upload: Upload) -> dict[str, Any] | None:
        if upload.state != UploadState.COMPLETE:
            return None
        kept = upload.recording
        duration = None if kept.duration_ms is None else kept.duration_ms / 1000
        return {"size": kept.size_bytes, "type": kept.mime, "md5": kept.md5, "sha256": kept.sha256, "duration": duration}

    @extend_schema_field(
        {
            "type": "object",
            "properties": {
                "put": {"type": "string", "format": "uri", "description": "PUT the whole audio here."},
                "tus": {"type": "string", "format": "uri", "description": "Send it in parts by the tus 1.0 protocol."},
                "complete": {"type": "string", "format": "uri", "description": "POST here when all has been sent."},
                "s3": {
                    "type": "object",
                    "description": "Where recordings are kept in a bucket: POST a form with these fields and `file`, the last.",
                    "properties": {
                        "url": {"type": "string", "format": "uri"},
                        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                },
            },
        }
    )
    def get_ways(self, upload: Upload) -> dict[str, Any]:
        return getattr(upload, "ways", {})  # the view knows its address


class FetchDocument(serializers.Serializer[Any]):
    """How audio is brought here from its link."""

    attempts = serializers.IntegerField(help_text="How often it was tried.")
    tried_at = MomentField(allow_null=True, help_text="The last time.")
    due_at = MomentField(allow_null=True, help_text="The next time; null where there is none.")
    code = serializers.CharField(help_text="What went wrong the last time; empty: nothing.")
    detail = serializers.CharField(help_text="The same in words.")


class RecordingDocument(Document):
    """The audio of a call, kept here or linked to. Shares are of the duration, between 0 and 1."""

    id = serializers.UUIDField()
    call = serializers.SerializerMethodField(help_text="The id of its call; null while that is not in the log.")
    kind = ChoiceField(choices=RecordingKind.choices, help_text="Audio that is stored here, or a link to elsewhere.")
    state = ChoiceField(choices=RecordingState.choices)
    url = serializers.CharField(help_text="Of a link, or where the audio was fetched from.")
    fetch = serializers.SerializerMethodField(help_text="Of audio that is brought here from a link; null for other recordings.")
    type = serializers.CharField(source="mime", help_text="Such as audio/wav.")
    codec = serializers.CharField()
    size = serializers.IntegerField(source="size_bytes", allow_null=True, help_text="Bytes.")
    md5 = serializers.CharField()
    sha256 = serializers.CharField()
    duration = SecondsField(source="duration_ms", allow_null=True)
    channels = serializers.IntegerField(allow_null=True)
    sample_rate = serializers.IntegerField(source="sample_rate_hz", allow_null=True, help_text="Hertz.")
    current = serializers.BooleanField(source="is_current", help_text="False for a file that a newer one replaced.")
    stored_at = MomentField(allow_null=True)
    replaced_at = MomentField(allow_null=True)
    refusal = ChoiceField(choices=AudioRefusal.choices, allow_blank=True, help_text="Why the audio was refused.")
    refusal_detail = serializers.CharField()
    retain_until = MomentField(allow_null=True, help_text="When retention removes the audio.")
    on_hold = serializers.BooleanField(source="is_on_hold", help_text="Whether a legal hold keeps it.")
    removed_at = MomentField(allow_null=True)
    removal_reason = ChoiceField(choices=RemovalReason.choices, allow_blank=True)
    loudness = serializers.FloatField(
        source="loudness_dbfs", allow_null=True, help_text="Level of what is not silence, in decibels below full scale."
    )
    silence_share = serializers.FloatField(allow_null=True)
    longest_silence = SecondsField(source="longest_silence_ms", allow_null=True)
    talk_share_left = serializers.FloatField(allow_null=True)
    talk_share_right = serializers.FloatField(allow_null=True)
    overtalk_share = serializers.FloatField(allow_null=True, help_text="Both channels talk at once.")
    analysed_at = MomentField(allow_null=True)
    created_at = MomentField()
    updated_at = MomentField()
    peaks = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(min_value=-127, max_value=127)),
        allow_null=True,
        help_text="The waveform: up to 1,800 numbers per channel. Only with expand=peaks.",
    )

    on_request = ("peaks",)

    @extend_schema_field(FetchDocument(allow_null=True))
    def get_fetch(self, recording: Recording) -> dict[str, Any] | None:
        fetch = getattr(recording, "fetch", None)
        return None if fetch is None else dict(FetchDocument(fetch).data)

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_call(self, recording: Recording) -> str | None:
        return str(recording.call_id) if recording.call_id else None


class LinkDocument(serializers.Serializer[Any]):
    """A link that needs no other credentials."""

    url = serializers.URLField()
    expires_at = MomentField()

"""Rules of tags, and the past calls they fit."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from rest_framework import serializers

from calls.api.fields import ChoiceField, MomentField, RelatedField, SecondsField
from calls.api.serializers.base import Expansion, RowDocument, Strict
from calls.api.serializers.places import LineDocument
from calls.choices import Direction, Disposition
from calls.models import Line, TagRule
from calls.models.rule import PREFIX_RULE, tidy_prefix

THIRTY_DAYS, ALL_TIME = SPANS = ("30d", "all")


class TagRuleDocument(RowDocument):
    """A call that begins to fit every condition gets the tag. A condition that is left empty fits every call; one is needed."""

    tag = serializers.CharField(
        source="tag.name", max_length=60, help_text="The name of the tag such calls get; made where it is new."
    )
    is_active = serializers.BooleanField(required=False, help_text="False: no call is tagged by it.")
    direction = ChoiceField(choices=Direction.choices, required=False, allow_blank=True)
    disposition = ChoiceField(
        choices=Disposition.choices, required=False, allow_blank=True, help_text="How the call came out, once it is over."
    )
    line = RelatedField(
        Line,
        source="line_id",
        required=False,
        allow_null=True,
        help_text="The id of the line the call went over. The rule goes with its line.",
    )
    number_prefix = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="The beginning of the other party's number with its country's code, in any spelling, such as +46 70.",
    )
    min_duration = SecondsField(
        source="least_ms", required=False, allow_null=True, help_text="Only calls that lasted so many seconds or more."
    )
    max_duration = SecondsField(
        source="most_ms", required=False, allow_null=True, help_text="Only calls that lasted so many seconds or less."
    )
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)
    expansions = {"line": Expansion("line", LineDocument)}

    class Meta:
        model = TagRule
        fields = [
            "id", "tag", "is_active", "direction", "disposition", "line", "number_prefix", "min_duration", "max_duration",
            "created_at", "updated_at",
        ]  # fmt: skip

    def validate_number_prefix(self, text: str) -> str:
        prefix = tidy_prefix(text)
        try:
            if prefix:
                PREFIX_RULE(prefix)
        except ModelValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        return prefix


class PastDocument(serializers.Serializer[Any]):
    """What a rule would have tagged. More than 10,000 are not counted."""

    span = ChoiceField(choices=SPANS)
    fitting = serializers.IntegerField(help_text="Calls that fit.")
    untagged = serializers.IntegerField(help_text="Those of them that are without the tag.")
    is_exact = serializers.BooleanField(help_text="False where there are more than were counted.")


class PastIn(Strict):
    """Which past calls to tag."""

    span = ChoiceField(
        choices=SPANS, required=False, default=THIRTY_DAYS, help_text="30d: the last 30 days, today included; all: of all time."
    )


class TaggingDocument(serializers.Serializer[Any]):
    """The past calls that get the tag."""

    span = ChoiceField(choices=SPANS)
    count = serializers.IntegerField(help_text="How many calls get it; at most 10,000 by one request, the newest first.")

"""What is told of problems, and of many calls logged at once."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from calls.api.problem_codes import TITLES


class FaultDocument(serializers.Serializer[Any]):
    """One thing that is wrong."""

    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField(required=False, help_text="Where in the body (RFC 6901).")
    parameter = serializers.CharField(required=False, help_text="Which parameter of the address.")


class ProblemDocument(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField(help_text="An address that tells what the code means.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text=f"Never changes its meaning: {', '.join(TITLES)}.")
    detail = serializers.CharField()
    errors = FaultDocument(many=True, required=False)


class RowResult(serializers.Serializer[Any]):
    """What became of one row."""

    row = serializers.IntegerField(help_text="Its place in what was sent, from 0.")
    status = serializers.IntegerField(help_text="201 logged, 200 logged before, 4xx refused.")
    id = serializers.UUIDField(required=False)
    problem = ProblemDocument(required=False)


class BulkResult(serializers.Serializer[Any]):
    """What became of all rows."""

    created = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = RowResult(many=True)

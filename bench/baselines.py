"""What our doors are compared with: a bare view with one INSERT, and a ModelSerializer as the tutorial writes it."""

from __future__ import annotations

import json
from datetime import datetime

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import generics, serializers

from bench.models import PlainCall


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """Parse JSON, insert one row, answer with its id."""
    told = json.loads(request.body)
    call = PlainCall.objects.create(
        nr=told["nr"],
        user_ref=told["userId"],
        agent_ref=told["agentId"],
        start=datetime.fromisoformat(told["start"]),
        end=datetime.fromisoformat(told["end"]),
        waiting=told["waiting"],
    )
    return JsonResponse({"_id": call.pk})


class PlainCallSerializer(serializers.ModelSerializer):
    """Every field of the table."""

    class Meta:
        model = PlainCall
        fields = "__all__"


class NaiveCreate(generics.CreateAPIView):
    """A create view with nothing but a serializer: no credentials, no matching, no events."""

    queryset = PlainCall.objects.all()
    serializer_class = PlainCallSerializer
    authentication_classes = ()
    permission_classes = ()

"""The product's own addresses, and the baselines' under ``/bench/``."""

from __future__ import annotations

from django.urls import include, path

from bench import baselines

urlpatterns = [
    path("bench/bare", baselines.bare),
    path("bench/naive", baselines.NaiveCreate.as_view()),
    path("", include("callhub.urls")),
]

"""The shipped settings, with the baselines beside the doors and no limits on requests a minute."""

from __future__ import annotations

from callhub.settings import *  # noqa: F403
from callhub.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench"]
ROOT_URLCONF = "bench.urls"
CALLHUB_CALLS_PER_MINUTE = CALLHUB_API_REQUESTS_PER_MINUTE = 100_000_000

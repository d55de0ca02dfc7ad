"""System checks say what does not fit production."""

import pytest

from callhub.checks import production_has_production_parts

REDIS = {"default": {"BACKEND": "callhub.cache.SharedCache", "LOCATION": "redis://cache/1"}}
LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.mark.parametrize(
    ("is_production", "caches", "is_said"), [(True, LOCAL, True), (True, REDIS, False), (False, LOCAL, False)]
)
def test_production_without_a_shared_cache_is_said(settings, is_production, caches, is_said):
    settings.PRODUCTION, settings.CACHES = is_production, caches
    found = {message.id: message for message in production_has_production_parts()}
    assert ("callhub.W003" in found) == is_said
    assert not is_said or "CALLHUB_CACHE_URL=redis://" in found["callhub.W003"].hint

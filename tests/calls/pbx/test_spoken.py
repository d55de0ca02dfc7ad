"""A message that the exchange fetches from callhub, as it shares no folder with it."""

from __future__ import annotations

import pytest

from calls.telephony.speech import Espeak
from tests.asterisk import fetching, telephones
from tests.calls.telephony.loudness import likeness

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(300)]

MESSAGE = "Hi, Jane. This is a reminder about your appointment scheduled for tomorrow."


def test_called_phone_hears_what_the_exchange_fetched(spare_house, tmp_path):
    before = telephones.heard(spare_house.lab, "202")
    key = spare_house.order("202", [], message=MESSAGE)
    assert spare_house.ended(key)["disposition"] == "answered"
    (tmp_path / "said.wav").write_bytes(Espeak(fetching.tool("espeak-ng") or "").say(MESSAGE, "en"))
    assert likeness(tmp_path / "said.wav", spare_house.heard_since("202", before)) > 0.9
    assert not list(spare_house.lab.sounds.iterdir())

"""Sounds that Asterisk fetches from an address: a hundred plays, ten at a time, of addresses such as callhub gives them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from calls.telephony.ari import Ari
from calls.telephony.web_sounds import LASTS_S, WebSounds, read_token
from tests.asterisk.lab import PASSWORD
from tests.asterisk.tones import write_tone

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow]

CHANNELS, PLAYS = 10, 10


@pytest.fixture
def address(tmp_path) -> Iterator[str]:
    """Where a tone is given to whoever brings a token of ours, as callhub itself does it."""
    write_tone(tmp_path / "tone.wav", 880, seconds=1)
    sound = (tmp_path / "tone.wav").read_bytes()[: 44 + 2 * 800]

    class Giver(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = read_token(self.path.split("/")[-2]) is not None
            self.send_response(200 if is_known else 404)
            self.send_header("Content-Type", "audio/x-wav")
            self.send_header("Cache-Control", f"private, max-age={LASTS_S}")
            self.send_header("Content-Length", str(len(sound)))
            self.end_headers()
            self.wfile.write(sound)

        def log_message(self, *_: object) -> None:
            """Not here."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Giver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_every_play_of_an_address_of_its_own_is_heard(lab, address):
    ari = Ari(lab.ari_url, "callhub", PASSWORD, "sounds")
    channels, ended, waiting = [f"sound{n}" for n in range(CHANNELS)], Counter(), {}
    sounds = WebSounds(address)

    def play(channel: str) -> None:
        playback = uuid4().hex
        waiting[playback] = channel
        ari.play(channel, playback, sounds.media(uuid4()))

    with ari.events() as stream:
        for channel in channels:
            ari.originate(channel, "PJSIP/2000220@carrier", timeout_s=30)
        while sum(ended.values()) < CHANNELS * PLAYS:
            event = stream.next(60)
            assert event, f"nothing came for a minute: {ended}"
            if event["type"] == "StasisStart":
                play(event["channel"]["id"])
            elif event["type"] == "PlaybackFinished" and (channel := waiting.pop(event["playback"]["id"], None)):
                ended[channel, event["playback"]["state"]] += 1
                if sum(count for (of, _), count in ended.items() if of == channel) < PLAYS:
                    play(channel)
        for channel in channels:
            ari.drop(channel)
    assert ended == {(channel, "done"): PLAYS for channel in channels}

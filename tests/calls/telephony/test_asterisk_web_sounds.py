"""Sounds that Asterisk fetches from an address: a hundred plays, ten at a time, of addresses such as callhub gives them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from calls.telephony.ari import Ari
from calls.telephony.speech import Espeak, as_telephone_audio
from calls.telephony.web_sounds import LASTS_S, WebSounds, read_token
from tests.asterisk import fetching, telephones
from tests.asterisk.lab import PASSWORD
from tests.asterisk.tones import write_tone
from tests.calls.telephony.exchange import Exchange
from tests.calls.telephony.loudness import likeness

pytestmark = [pytest.mark.requires("asterisk"), pytest.mark.once, pytest.mark.slow]

CHANNELS, PLAYS = 10, 10
MESSAGE = "Hi, Jane. This is a reminder about your appointment scheduled for tomorrow."


@pytest.fixture
def address(tmp_path) -> Iterator[str]:
    """Where a tenth of a second of a tone is given."""
    write_tone(tmp_path / "tone.wav", 880, seconds=1)
    with giving((tmp_path / "tone.wav").read_bytes()[: 44 + 2 * 800]) as address:
        yield address


@contextmanager
def giving(sound: bytes) -> Iterator[str]:
    """The address at which whoever brings a token of ours gets the sound, as from callhub itself."""

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

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Giver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
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


def test_called_phone_hears_a_message_that_was_fetched(own_exchange, tmp_path):
    telephones.start_phone(own_exchange.lab, "202")
    said = Espeak(fetching.tool("espeak-ng") or "").say(MESSAGE, "en")
    (tmp_path / "said.wav").write_bytes(said)
    with giving(as_telephone_audio(said)) as address:
        switch = replace(own_exchange.switch, sounds=None, sounds_url=address)
        exchange = Exchange(own_exchange.lab, switch)
        before = telephones.heard(exchange.lab, "202")
        with exchange.listening():
            order_id = exchange.place("", "202", text=MESSAGE)
            known = exchange.over(order_id)
    assert str(known.outcome) == "ANSWERED"
    assert likeness(tmp_path / "said.wav", exchange.heard_since("202", before)) > 0.9

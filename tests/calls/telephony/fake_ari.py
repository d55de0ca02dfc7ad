"""An Asterisk of a few lines: keeps channels and bridges, notes every request, queues the events it would send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from calls.telephony.base import Unanswered


class FakeAri:
    """Answers as Asterisk does. ``fail_next`` loses the answer to the next request, which is carried out or not."""

    def __init__(self) -> None:
        self.live: dict[str, dict[str, Any]] = {}
        self.bridged: dict[str, list[str]] = {}
        self.playing: set[str] = set()
        self.recorded: set[str] = set()
        self.asked: list[tuple[str, ...]] = []
        self.queue: list[dict[str, Any]] = []
        self.fail_next: str = ""
        self._now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    # -- what the telephones do

    def ring(self, channel: str) -> None:
        self._set(channel, "Ringing")

    def answer(self, channel: str) -> None:
        self._set(channel, "Up")
        self.live[channel]["dialplan"]["app_name"] = "Stasis"
        self._say("StasisStart", channel)

    def hang_up(self, channel: str, cause: int = 16, sip_status: int | None = None) -> None:
        if channel in self.live:
            self._say("ChannelDestroyed", channel, cause=cause, tech_cause=sip_status)
            del self.live[channel]
            for members in self.bridged.values():
                if channel in members:
                    members.remove(channel)

    def finish_playing(self) -> None:
        for playback in sorted(self.playing):
            self._event("PlaybackFinished", playback={"id": playback, "state": "done"})
        self.playing.clear()

    # -- what is asked of it

    def originate(self, channel: str, endpoint: str, **options: Any) -> bool:
        self._asked("originate", channel, endpoint, options.get("caller_id", ""), options.get("originator", ""))
        self.live[channel] = {
            "id": channel,
            "state": "Down",
            "accountcode": options["variables"]["CHANNEL(accountcode)"],
            "dialplan": {"app_name": "AppDial2"},
            "creationtime": self._tick(),
        }
        self._say("ChannelCreated", channel)
        return not self._fail_after()

    def channels(self) -> list[dict[str, Any]]:
        return [dict(channel) for channel in self.live.values()]

    def drop(self, channel: str) -> bool:
        self._asked("drop", channel)
        found = channel in self.live
        self.hang_up(channel)
        self._fail_after()
        return found

    def play(self, channel: str, playback: str, media: str) -> None:
        self._asked("play", channel, playback, media)
        self.playing.add(playback)
        self._fail_after()

    def is_playing(self, playback: str) -> bool:
        return playback in self.playing

    def make_bridge(self, bridge: str) -> None:
        self._asked("make_bridge", bridge)
        self.bridged.setdefault(bridge, [])

    def bridges(self) -> list[dict[str, Any]]:
        return [{"id": bridge, "name": "callhub", "channels": list(members)} for bridge, members in self.bridged.items()]

    def join(self, bridge: str, *channels: str) -> None:
        self._asked("join", bridge, *channels)
        for channel in channels:
            if channel in self.live and channel not in self.bridged[bridge]:
                self.bridged[bridge].append(channel)
        self._fail_after()

    def recordings(self) -> list[str]:
        return sorted(self.recorded)

    def remove_bridge(self, bridge: str) -> None:
        self._asked("remove_bridge", bridge)
        self.bridged.pop(bridge, None)

    def __getattr__(self, verb: str) -> Any:
        if verb not in (
            "ringback",
            "stop_ringback",
            "set_variable",
            "record_bridge",
            "take_from_bridge",
            "start_music",
            "stop_music",
        ):
            raise AttributeError(verb)
        return lambda *words: self._asked(verb, *words)

    # -- inside

    def _set(self, channel: str, state: str) -> None:
        self.live[channel]["state"] = state
        self._say("ChannelStateChange", channel)

    def _say(self, kind: str, channel: str, **facts: Any) -> None:
        self._event(kind, channel=dict(self.live[channel]), **facts)

    def _event(self, kind: str, **facts: Any) -> None:
        self.queue.append({"type": kind, "timestamp": self._tick(), **facts})

    def _tick(self) -> str:
        self._now += timedelta(milliseconds=10)
        return self._now.isoformat()

    def _asked(self, *words: str) -> None:
        if self.fail_next == "before":
            self.fail_next = ""
            raise Unanswered("the request was lost")
        self.asked.append(words)

    def _fail_after(self) -> bool:
        if self.fail_next == "after":
            self.fail_next = ""
            raise Unanswered("the answer was lost")
        return False

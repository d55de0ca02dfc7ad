"""The part of Asterisk's REST interface (ARI) that callhub needs: some REST calls, one event stream. It knows no orders.

The address is the operator's own, so it may be private; the guards of ``calls.outbound`` are for addresses that users give.
https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Self, cast
from urllib.parse import quote

import requests
from requests import ConnectionError as NotConnected
from requests import ConnectTimeout, RequestException, Response
from urllib3.exceptions import MaxRetryError, NewConnectionError
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

from calls.telephony.base import TelephonyError, Unanswered

TIMEOUT_S = (3, 5)  # to connect, to answer
FETCH_TIMEOUT_S = (3, 60)
LARGEST_EVENT = 4 * 1024 * 1024
KEEPALIVE_S = 10
GONE = 404
TAKEN = 409
BLOCK = 64 * 1024


class Refused(TelephonyError):
    """Asterisk answered, and it was no; ``status`` is the HTTP status. Nothing was done."""


class Unreachable(TelephonyError):
    """No connection came about: nothing was sent, so nothing was done. The same may be asked again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class Disconnected(TelephonyError):
    """The event stream broke, up to ``silent_s`` seconds ago; what happens meanwhile is not told again."""

    def __init__(self, message: str, *, silent_s: float = 0) -> None:
        super().__init__(message, permanent=False)
        self.silent_s = silent_s


class Replaced(TelephonyError):
    """Another listener took over the application: no event comes here any more."""


class Ari:
    """One application at one Asterisk. Ids are chosen by the caller, so a repeated request makes nothing twice.

    Every method raises ``Refused``, ``Unreachable`` or ``Unanswered``. Not to be shared between threads.
    """

    def __init__(self, url: str, user: str, password: str, app: str) -> None:
        self.url, self.app = url.rstrip("/"), app
        self._credentials = (user, password)
        self._session = requests.Session()
        self._session.auth = self._credentials
        self._session.trust_env = False  # no proxy lies between us and our exchange

    # -- channels

    def originate(
        self,
        channel: str,
        endpoint: str,
        *,
        timeout_s: int,
        caller_id: str = "",
        originator: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> bool:
        """Ring a telephone for ``timeout_s`` at most; False when a channel of that id exists already."""
        query: dict[str, str | int] = {"endpoint": endpoint, "app": self.app, "timeout": timeout_s}
        query |= {"callerId": caller_id, "originator": originator}
        answer = self._ask("POST", f"channels/{channel}", query, {"variables": dict(variables or {})}, also=(TAKEN,))
        return answer.status_code != TAKEN

    def channels(self) -> list[dict[str, Any]]:
        """Every channel there is."""
        return cast("list[dict[str, Any]]", self._ask("GET", "channels").json())

    def drop(self, channel: str) -> bool:
        """Hang a channel up; False when it was gone."""
        return self._ask("DELETE", f"channels/{channel}", {"reason": "normal"}, also=(GONE,)).status_code != GONE

    def ringback(self, channel: str) -> None:
        """Let the waiting party hear the tone of ringing."""
        self._ask("POST", f"channels/{channel}/ring", also=(GONE, TAKEN))

    def stop_ringback(self, channel: str) -> None:
        """End the tone."""
        self._ask("DELETE", f"channels/{channel}/ring", also=(GONE, TAKEN))

    def set_variable(self, channel: str, name: str, value: str) -> None:
        """Set a variable or dialplan function of the channel."""
        self._ask("POST", f"channels/{channel}/variable", {"variable": name, "value": value}, also=(GONE, TAKEN))

    def start_music(self, channel: str) -> None:
        """Music on hold."""
        self._ask("POST", f"channels/{channel}/moh", also=(GONE, TAKEN))

    def stop_music(self, channel: str) -> None:
        """No more of it."""
        self._ask("DELETE", f"channels/{channel}/moh", also=(GONE, TAKEN))

    def play(self, channel: str, playback: str, media: str) -> None:
        """Play a sound to the channel, such as ``sound:callhub/hello``; ``PlaybackFinished`` tells its end."""
        self._ask("POST", f"channels/{channel}/play/{playback}", {"media": media}, also=(TAKEN,))

    def is_playing(self, playback: str) -> bool:
        """Whether that playback is not over."""
        return self._ask("GET", f"playbacks/{playback}", also=(GONE,)).status_code != GONE

    # -- bridges

    def make_bridge(self, bridge: str) -> None:
        """Make sure of a mixing bridge of that id, named for the application."""
        try:
            self._ask("POST", f"bridges/{bridge}", {"type": "mixing", "name": self.app}, also=(TAKEN,))
        except Refused as error:  # Asterisk 16 says 500 where 22 says 409
            if "updating a bridge" not in str(error):
                raise

    def bridges(self) -> list[dict[str, Any]]:
        """Every bridge there is."""
        return cast("list[dict[str, Any]]", self._ask("GET", "bridges").json())

    def join(self, bridge: str, *channels: str) -> None:
        """Bring the channels into the bridge, where they are not in it.

        Adding one again would take it out and in: the bridge may be empty for a moment, and that ends a recording.
        """
        present = self._ask("GET", f"bridges/{bridge}").json()["channels"]
        if missing := [channel for channel in channels if channel not in present]:
            self._ask("POST", f"bridges/{bridge}/addChannel", {"channel": ",".join(missing)})

    def take_from_bridge(self, bridge: str, channel: str) -> None:
        """Take one out; not being in it is as good (422)."""
        self._ask("POST", f"bridges/{bridge}/removeChannel", {"channel": channel}, also=(GONE, TAKEN, 422))

    def remove_bridge(self, bridge: str) -> None:
        """Remove it; gone already is as good."""
        self._ask("DELETE", f"bridges/{bridge}", also=(GONE,))

    def record_bridge(self, bridge: str, name: str) -> None:
        """Record what is said in it as WAV; a recording of that name there already is as good."""
        query = {"name": name, "format": "wav", "ifExists": "fail"}
        self._ask("POST", f"bridges/{bridge}/record", query, also=(TAKEN,))

    # -- recordings

    def recordings(self) -> list[str]:
        """The names of all stored recordings."""
        return [row["name"] for row in self._ask("GET", "recordings/stored").json()]

    def fetch_recording(self, name: str, into: IO[bytes]) -> int:
        """Copy a stored recording's bytes into the open file; their number."""
        path, size = f"recordings/stored/{quote(name, safe='')}/file", 0
        with self._ask("GET", path, stream=True) as answer:
            try:
                for block in answer.iter_content(BLOCK):
                    size += into.write(block)
            except RequestException as error:
                raise Unanswered(f"the recording broke off after {size} bytes") from error
        return size

    def delete_recording(self, name: str) -> None:
        """Delete it; gone already is as good."""
        self._ask("DELETE", f"recordings/stored/{quote(name, safe='')}", also=(GONE,))

    # -- the application

    def is_registered(self) -> bool:
        """Whether somebody listens for the application; without, whoever picks up is hung up at once."""
        return self._ask("GET", f"applications/{self.app}", also=(GONE,)).status_code != GONE

    def follow(self, channel: str) -> None:
        """Hear of the channel to its end, also once it leaves the application; one that is gone is as good (422)."""
        self._ask("POST", f"applications/{self.app}/subscription", {"eventSource": f"channel:{channel}"}, also=(GONE, 422))

    def only_events(self, kinds: Sequence[str]) -> None:
        """No other events are sent from now on (``ChannelVarset`` alone is half of all)."""
        allowed = [{"type": kind} for kind in {*kinds, "ApplicationReplaced"}]
        self._ask("PUT", f"applications/{self.app}/eventFilter", json_body={"allowed": allowed})

    def events(self, *, of_all: bool = False) -> EventStream:
        """The application's events, or with ``of_all`` those of every channel; it is registered once this returns."""
        scheme, _, rest = self.url.partition("://")
        address = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ari/events?app={self.app}&subscribeAll={str(of_all).lower()}"
        return EventStream(address, self._credentials)

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None = None,
        json_body: Mapping[str, Any] | None = None,
        *,
        also: Sequence[int] = (),
        stream: bool = False,
    ) -> Response:
        try:
            answer = self._session.request(
                method,
                f"{self.url}/ari/{path}",
                params={name: value for name, value in (query or {}).items() if value != ""},
                json=json_body,
                timeout=FETCH_TIMEOUT_S if stream else TIMEOUT_S,
                allow_redirects=False,
                stream=stream,
            )
        except RequestException as error:
            if _was_never_sent(error):
                raise Unreachable("Asterisk cannot be reached") from error
            raise Unanswered(f"Asterisk did not answer {method} {path.split('/', maxsplit=1)[0]}") from error
        if answer.ok or answer.status_code in also:
            return answer
        raise Refused(_message(answer), permanent=answer.status_code < 500, status=answer.status_code)


class EventStream:
    """An open event stream. Closing it leaves the calls alone."""

    def __init__(self, address: str, credentials: tuple[str, str]) -> None:
        # in a header, as an address with ?api_key= lands in logs
        basic = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
        try:
            self._connection = connect(
                address,
                additional_headers={"Authorization": basic},
                open_timeout=5,
                close_timeout=2,
                ping_interval=KEEPALIVE_S,
                ping_timeout=KEEPALIVE_S,
                max_size=LARGEST_EVENT,
                proxy=None,
            )
        except (OSError, WebSocketException) as error:
            raise Unreachable("the event stream of Asterisk cannot be opened") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; a second time is fine."""
        self._connection.close()

    def next(self, timeout_s: float) -> dict[str, Any] | None:
        """The next event, None when none came in time. Raises ``Disconnected`` and ``Replaced``."""
        try:
            event = cast("dict[str, Any]", json.loads(self._connection.recv(timeout=max(timeout_s, 0))))
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            is_silent = error.sent is not None and "ping timeout" in error.sent.reason  # a cable, not a word of farewell
            raise Disconnected("the event stream of Asterisk broke", silent_s=2 * KEEPALIVE_S if is_silent else 0) from error
        if event["type"] == "ApplicationReplaced":
            raise Replaced(f"another listener took over {event.get('application', '')}")
        return event


def _was_never_sent(error: RequestException) -> bool:
    if isinstance(error, ConnectTimeout):
        return True
    inner = error.args[0] if isinstance(error, NotConnected) and error.args else None
    return isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)


def _message(answer: Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    return str(told.get("message") or told.get("error") or f"HTTP {answer.status_code}")

"""A desk phone with a transfer key, over SIP on UDP: picks up at once, can call somebody else meanwhile, and says nothing."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import uuid
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote

from tests.asterisk.lab import Lab

PATIENCE_S = 30
_SDP = "v=0\r\no=- 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\na={way}\r\n"


@dataclass
class Dialog:
    """A call of the phone's; ``us`` and ``them`` are From and To as the phone writes them."""

    call_id: str
    us: str
    them: str
    target: str
    is_up: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)
    sequence: itertools.count[int] = field(default_factory=lambda: itertools.count(100))

    @property
    def replaces(self) -> str:
        """How another call names this one that takes its place (RFC 3891)."""
        return f"{self.call_id};to-tag={_tag(self.them)};from-tag={_tag(self.us)}"


class DeskPhone:
    """The telephone of ``extension``; ``calls`` has its calls in their order, ``told`` how each transfer came out."""

    def __init__(self, lab: Lab, extension: str = "203") -> None:
        self._extension, self._port, self._exchange = extension, lab.phone_port(extension), ("127.0.0.1", lab.sip_port)
        self.calls: list[Dialog] = []
        self.told: list[str] = []

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self._port))
        self._socket.settimeout(0.1)
        self._is_off = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_off.set()
        self._thread.join()
        self._socket.close()

    # -- keys

    def hold(self, call: Dialog) -> None:
        """Let the other side wait."""
        self._request(call, "INVITE", body=self._sdp("sendonly"), extra=[self._content])

    def dial(self, number: str) -> Dialog:
        """Call somebody by the exchange; returns once they have picked up."""
        address = f"sip:{number}@127.0.0.1:{self._exchange[1]}"
        us = f"<sip:{self._extension}@127.0.0.1>;tag={uuid.uuid4().hex[:8]}"
        call = Dialog(f"{uuid.uuid4().hex}@desk", us, f"<{address}>", address)
        self.calls.append(call)
        self._request(call, "INVITE", body=self._sdp("sendrecv"), extra=[self._content])
        assert call.is_up.wait(PATIENCE_S), "the call is not answered"
        return call

    def transfer(self, call: Dialog, to: str) -> None:
        """Press the transfer key and a number: blind."""
        self._refer(call, f"<sip:{to}@127.0.0.1:{self._exchange[1]}>")

    def connect(self, call: Dialog, other: Dialog) -> None:
        """Press the transfer key while the two of them wait: attended."""
        self._refer(call, f"<{other.target}?Replaces={quote(other.replaces, safe='')}>")

    def hang_up(self, call: Dialog) -> None:
        """Put it down."""
        self._request(call, "BYE")
        call.is_over.set()

    # -- SIP

    @property
    def _contact(self) -> str:
        return f"<sip:{self._extension}@127.0.0.1:{self._port}>"

    _content = "Content-Type: application/sdp"

    def _sdp(self, way: str) -> str:
        return _SDP.format(port=self._port + 60, way=way, version=len(self.told) + 1)

    def _refer(self, call: Dialog, to: str) -> None:
        self._request(call, "REFER", extra=[f"Refer-To: {to}", f"Referred-By: {self._contact}"])

    def _request(self, call: Dialog, method: str, *, body: str = "", extra: list[str] | None = None, number: int = 0) -> None:
        lines = [
            f"{method} {call.target} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch=z9hG4bK{uuid.uuid4().hex}",
            "Max-Forwards: 70",
            f"From: {call.us}",
            f"To: {call.them}",
            f"Call-ID: {call.call_id}",
            f"CSeq: {number or next(call.sequence)} {method}",
            f"Contact: {self._contact}",
            *(extra or []),
            f"Content-Length: {len(body)}",
        ]
        self._send("\r\n".join(lines) + f"\r\n\r\n{body}")

    def _send(self, message: str) -> None:
        self._socket.sendto(message.encode(), self._exchange)

    def _listen(self) -> None:
        while not self._is_off.is_set():
            try:
                message = self._socket.recv(65536).decode("utf-8", "replace")
            except TimeoutError:
                continue
            call = next((call for call in self.calls if call.call_id == _header(message, "Call-ID")), None)
            if message.startswith("SIP/2.0"):
                self._take_answer(message, call)
            else:
                self._take_request(message, call)

    def _take_answer(self, message: str, call: Dialog | None) -> None:
        number, method = _header(message, "CSeq").split()
        if call is None or method != "INVITE" or message[8] == "1":
            return
        if message[8] == "2":
            call.them = _header(message, "To")
            call.target = _address(_header(message, "Contact"))
            call.is_up.set()
        self._request(call, "ACK", number=int(number))

    def _take_request(self, message: str, call: Dialog | None) -> None:
        method = message.split(" ", 1)[0]
        if method == "ACK":
            return
        us, body, extra = _header(message, "To"), "", []
        if method == "INVITE" and call is None:
            us += f";tag={uuid.uuid4().hex[:8]}"
            call = Dialog(_header(message, "Call-ID"), us, _header(message, "From"), _address(_header(message, "Contact")))
            call.is_up.set()
            self.calls.append(call)
        if method == "INVITE":
            body, extra = self._sdp("sendrecv"), [self._content]
            us = call.us if call else us
        if method == "NOTIFY":
            self.told.append(message.rpartition("SIP/2.0 ")[2].strip())
        if method == "BYE" and call:
            call.is_over.set()
        vias = re.findall(r"(?m)^Via: .*?$", message.replace("\r", ""))
        lines = ["SIP/2.0 200 OK", *vias, f"From: {_header(message, 'From')}", f"To: {us}"]
        lines += [f"Call-ID: {_header(message, 'Call-ID')}", f"CSeq: {_header(message, 'CSeq')}", f"Contact: {self._contact}"]
        self._send("\r\n".join([*lines, *extra, f"Content-Length: {len(body)}"]) + f"\r\n\r\n{body}")


def _header(message: str, name: str) -> str:
    found = re.search(rf"(?mi)^{name}: *(.*?)\r?$", message)
    return found[1] if found else ""


def _address(contact: str) -> str:
    found = re.search(r"<([^>]*)>", contact)
    return found[1] if found else contact


def _tag(party: str) -> str:
    return party.rpartition(";tag=")[2].split(";")[0]

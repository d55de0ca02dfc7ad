"""A stream of server-sent events: what each part says, how long it goes on, and who may still hear it."""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connection
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from calls import feed
from calls.api.problems import Problem
from tenants.authentication import CredentialsRefused, Principal
from tenants.models import Tenant

if TYPE_CHECKING:
    from calls.api.views.changes import Following

COME_BACK_MS = 3000
HEARTBEAT_S = 15
LOOK_S = 5  # how often one who waits is looked after: they may have hung up


class LiveStream:
    """The parts of one stream. It holds a thread and no connection, and gives its place back however it ends."""

    def __init__(
        self,
        door: Following,
        request: Request,
        read: Callable[[feed.FeedPosition], feed.Page],
        position: feed.FeedPosition,
        leave: Callable[[], None],
    ) -> None:
        self._door, self._request, self._read, self._position, self._leave = door, request, read, position, leave
        self._parts = self._follow()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._parts)

    def close(self) -> None:
        """Called by the server at the end, also where nothing was sent."""
        self._parts.close()
        self._leave()

    def _follow(self) -> Generator[str, None, None]:
        release_connection()
        yield f"retry: {COME_BACK_MS}\nid: {self._position.token}\n\n"
        ends_at, spoke_at = time.monotonic() + settings.CALLHUB_STREAM_SECONDS, time.monotonic()
        rights = Rights(self._door, self._request)
        with feed.watch(self._door.principal.tenant.pk) as watch:
            while True:
                watch.mark()
                for part in self._news():
                    spoke_at = time.monotonic()
                    yield part
                while True:
                    now = time.monotonic()
                    if now >= ends_at or not feed.is_serving() or is_gone(self._request) or not rights.still_hold():
                        return
                    if now >= spoke_at + HEARTBEAT_S:
                        spoke_at = now
                        yield f": still here\nid: {self._position.token}\n\n"
                    if watch.wait(min(LOOK_S, ends_at - now)):
                        break

    def _news(self) -> Iterator[str]:
        has_more = True
        while has_more:
            try:
                page = self._read(self._position)
            except Tenant.DoesNotExist:  # its rights are over, too
                return
            documents = self._door.documents(page.entries)
            release_connection()
            self._position, has_more = page.next, page.has_more
            if documents:
                yield "".join(
                    f"id: {document['token']}\nevent: change\ndata: {JSONRenderer().render(document).decode()}\n\n"
                    for document in documents
                )


class Rights:
    """Whether the credentials a stream began with are good still, and reach as far."""

    def __init__(self, door: Following, request: Request) -> None:
        self._door, self._request, self._held = door, request, _reach(door.principal)
        self._ask_at = time.monotonic() + settings.CALLHUB_STREAM_CHECK_SECONDS

    def still_hold(self) -> bool:
        """Looks them up anew where it has not for a while."""
        if time.monotonic() < self._ask_at:
            return True
        self._ask_at = time.monotonic() + settings.CALLHUB_STREAM_CHECK_SECONDS
        try:
            principal = self._asked_anew()
        except (CredentialsRefused, Problem, APIException):
            return False
        finally:
            release_connection()
        return isinstance(principal, Principal) and _reach(principal) == self._held

    def _asked_anew(self) -> object:
        raw = self._request._request
        raw.session = type(raw.session)(raw.session.session_key)
        raw.user = get_user(raw)
        return Request(raw, authenticators=self._door.get_authenticators()).auth


def _reach(principal: Principal) -> tuple[object, ...]:
    return principal.tenant.pk, principal.user.pk, principal.center_id


def release_connection() -> None:
    """Give the database connection back; within somebody's transaction it is theirs."""
    if not connection.in_atomic_block:
        connection.close()


def is_gone(request: Request) -> bool:
    """Whether the client has hung up, where the server lets us look at its connection."""
    sock = request.META.get("gunicorn.socket")
    if not isinstance(sock, socket.socket) or isinstance(sock, ssl.SSLSocket):  # TLS cannot be looked at without reading
        return False
    try:
        readable, _, _ = select.select([sock], [], [], 0)
        return bool(readable) and sock.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):  # closed, or no longer a socket
        return True

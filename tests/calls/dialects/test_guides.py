"""Every dialect says how to connect, and what its page prints works as it is printed."""

from __future__ import annotations

import base64
import html
import re
import shlex
from urllib.parse import urlsplit

import pytest

from calls.dialects.guide import Names
from calls.dialects.urls import DIALECTS, GUIDES, door_of
from calls.dialer.samples import make_sample_lines
from calls.models import Call
from contacts.models import Contact
from tenants import oauth
from tests.calls.recordings.audio import tone, wav
from tests.make import make_contact, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
_PRINTED = re.compile(r'<pre class="ch-code" id="(?:base|request-\d+)">(.*?)</pre>', re.DOTALL)
NAMES = Names(
    address="https://calls.example",
    tenant="lund",
    user="o'neil",
    starts="2026-03-02T09:00:00.000Z",
    ends="2026-03-02T09:02:00.000Z",
    moment="2026-03-02 9:00:00",
    since="2026-03-01",
    until="2026-03-02",
)


@pytest.fixture
def lund():
    return make_tenant("lund", open_ingest=True)


@pytest.fixture
def owner(lund):
    owner = staff(lund, "owner", username="ann")
    make_sample_lines(lund, owner)
    return owner


def printed(answer):
    """The base address and the commands of a page."""
    base, *commands = [html.unescape(text) for text in _PRINTED.findall(answer.content.decode())]
    return base, commands


def request_of(command, files):
    """What curl would send: method, address, headers, body."""
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    method, headers, body, address = "GET", {}, b"", ""
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "--user":
                headers["Authorization"] = "Basic " + base64.b64encode(next(words).encode()).decode()
            case "-H":
                name, value = next(words).split(": ", 1)
                headers[name] = value
            case "-d":
                body = next(words).encode()
            case "--data-binary":
                body = files[next(words).removeprefix("@")]
            case _:
                address = word
    return method, address, {"Content-Type": "application/x-www-form-urlencoded", **headers}, body


def send(client, command, files):
    """Send what a command would."""
    method, address, headers, body = request_of(command, files)
    assert address.startswith("http://testserver/"), address
    return client.generic(method, urlsplit(address).path, body, content_type=headers.pop("Content-Type"), headers=headers)


@pytest.mark.parametrize("vendor", sorted(GUIDES))
def test_every_request_that_is_printed_is_answered_as_the_vendor_would(client, lund, owner, vendor):
    reader, guide = signed_in(owner), GUIDES[vendor]
    address = f"/admin/settings/connect/{vendor}/"
    assert "No request of this kind has come" in reader.get(address).content.decode()
    _base, commands = printed(reader.post(address))  # with a token that was just made
    app, secret = oauth.make_app(lund, name="Theirs", user=owner)
    known = {"YOUR_CLIENT_ID": app.client_id, "YOUR_CLIENT_SECRET": secret}
    assert len(commands) == len(guide.examples)
    for example, command in zip(guide.examples, commands, strict=True):
        for placeholder, value in known.items():
            command = command.replace(placeholder, value)  # noqa: PLW2901 - what is left to fill in
        assert "YOUR_" not in command
        answer = send(client, command, {"call.wav": wav(tone(1))})
        assert answer.status_code == example.status, (command, answer.content)
        assert f'"{example.answers}"' in answer.content.decode(), (command, answer.content)
        known |= {name: value for name, value in _told(answer).items() if name in {row.later for row in guide.examples}}
    text = reader.get(address).content.decode()
    assert "The first request came" in text
    assert f"source__exact={vendor}" in text


def _told(answer):
    body = answer.json()
    return body if isinstance(body, dict) else {}


@pytest.mark.parametrize("vendor", sorted(GUIDES))
def test_a_dialect_answers_at_every_address_it_prints(vendor):
    guide = GUIDES[vendor]
    assert guide.vendor.lower() == vendor
    assert guide.examples
    for example in guide.examples:
        path = NAMES.fill(example.path)
        assert door_of(path).name == vendor, path
        assert door_of(f"/{vendor}{path}").name == vendor, path


def test_every_dialect_has_a_page():
    assert list(GUIDES) == [dialect.DIALECT.name for dialect in DIALECTS]


@pytest.mark.parametrize("vendor", sorted(GUIDES))
def test_every_name_is_filled_in_and_a_command_is_one_for_the_shell(vendor):
    for example in GUIDES[vendor].examples:
        command = example.curl(NAMES)
        assert "$" not in command
        method, address, _headers, body = request_of(command, {"call.wav": b"sound"})
        assert method == example.method
        assert address.startswith("https://calls.example/")
        assert bool(body) == bool(example.body or example.file)


def test_what_planhat_and_calln_print_is_logged(client, lund, owner):
    make_contact(lund, "+4670123456", name="Max", external_id="max123")
    for vendor in ("planhat", "calln"):
        _base, commands = printed(signed_in(owner).post(f"/admin/settings/connect/{vendor}/"))
        known = {}
        for command in commands:
            for name, value in known.items():
                command = command.replace(name, value)  # noqa: PLW2901 - what the answer before told
            answer = send(client, command, {"call.wav": wav(tone(1))})
            known |= {name: value for name, value in _told(answer).items() if name == "tempcallid"}
    sources = list(Call.objects.order_by("created_at").values_list("source", flat=True))
    assert sources == ["planhat", "planhat", "calln"]
    assert Call.objects.filter(contact=Contact.objects.get(), source="planhat").count() == 2

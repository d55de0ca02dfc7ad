"""A whole callhub beside a real exchange: what ``manage.py up`` runs, in processes of its own, reached over the network alone.

Nothing here imports the dialer or touches its rows: a test asks the API, and compares with what telephones and exchange kept.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import requests

from callhub import bootstrap
from tests import services
from tests.asterisk import fetching, telephones
from tests.asterisk.lab import PASSWORD, Lab, end_with_parent
from tests.calls.telephony.exchange import running_lab

PATIENCE_S = 100  # for what takes a second or two on an idle machine
STARTS_WITHIN_S = 300  # with a new database, whose migrations are the slowest of all
RECORDING_S = 200  # where the exchange's word that it is complete gets lost, somebody looks once a minute
SLUG = "house"
APPS = {"callhub", "callhub-watch"}
# What ``up`` does once everything is installed; a test never installs anything.
_UP = "import sys; from callhub import supervisor; sys.exit(supervisor.main())"
# The vendors' lines, the lab's telephones as lines, and limits that let a whole suite call at once.
_OPEN = """
from calls.models import DialPlan, Line
from django.core.management import call_command
from tenants.models import Tenant
call_command("create_tenant", "{slug}", "--sample-lines", "--format", "json")
tenant = Tenant.objects.get(slug="{slug}")
Line.objects.update(is_proven=True, shows_any_caller=True)  # an operator says so
DialPlan.objects.update(calls_per_second=500, concurrent_legs=2000, calls_per_destination=2000)
agent = Line.objects.get(number="210").agent
for number in {phones}:
    Line.objects.create(
        tenant=tenant, number=number, match_key=number, backend="asterisk", agent=agent,
        is_phone_terminal=True, is_recorded=True, shows_any_caller=True, is_proven=True,
    )
"""


class House:
    """A tenant's callhub on ``lab``: web, worker, scheduler and listener below one supervisor."""

    def __init__(self, lab: Lab, home: Path, **settings: str) -> None:
        self.lab, self.home, self.var = lab, home, home / "var"
        self.port = services.free_port()
        self.settings = settings
        self._failpoint = home / "failpoint"
        self.http = requests.Session()
        self.http.trust_env = False
        self.credentials: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    # -- the processes

    def start(self) -> None:
        """Start everything and wait until it answers and listens; the first time with a new tenant."""
        if not self.var.exists():
            self.var.mkdir()
            (self.var / "callhub.sqlite3").touch()  # with these two it has its demo already
            (self.var / "demo.json").write_text("{}")
        with (self.home / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _UP],
                cwd=bootstrap.BASE_DIR,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509
            )
        self.until(lambda: "callhub is at" in self.said() or self._is_dead(), STARTS_WITHIN_S)
        if not self.credentials:
            self._open()
        self.until(lambda: self.is_listening() or self._is_dead())
        assert not self._is_dead(), self.said()

    def stop(self) -> int:
        """Stop it as Ctrl-C does; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(timeout=PATIENCE_S)
        finally:
            self._process.kill()  # its children follow it
            self._process.wait()

    def children(self) -> dict[str, int]:
        """The processes below the supervisor: web, worker, beat, listener, as far as they run."""
        assert self._process is not None
        signs = {"web": "gunicorn", "worker": " worker ", "beat": " beat ", "listener": "telephony_listen"}
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError):
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                words = (folder / "cmdline").read_text().replace("\0", " ")
                if state != "Z" and int(parent) == self._process.pid:
                    found |= {name: int(folder.name) for name, sign in signs.items() if sign in words}
        return found

    def kill(self, name: str) -> int:
        """Kill a child as a crash would; its process id. The supervisor starts it again."""
        process = self.children()[name]
        os.kill(process, signal.SIGKILL)
        return process

    def arm(self, failpoint: str) -> None:
        """Have the next process that reaches the failpoint kill itself there, once."""
        self._failpoint.write_text(f"{failpoint}:kill")

    def is_armed(self) -> bool:
        """Whether nobody has been killed yet."""
        return self._failpoint.exists()

    def said(self) -> str:
        """All that its processes have written."""
        return (self.home / "up.log").read_text("utf-8", "replace")

    def manage(self, *arguments: str) -> str:
        """What a management command answers."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=bootstrap.BASE_DIR, env=self.environment(), capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Nothing of the settings of the tests themselves."""
        ours = ("CALLHUB_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            "CALLHUB_VAR_DIR": str(self.var),
            "CALLHUB_PORT": str(self.port),
            "CALLHUB_TELEPHONY": "asterisk",
            "CALLHUB_ARI_URL": self.lab.ari_url,
            "CALLHUB_ARI_USER": "callhub",
            "CALLHUB_ARI_PASSWORD": PASSWORD,
            "CALLHUB_ARI_SOUNDS": str(self.lab.sounds),
            "CALLHUB_ARI_SOUNDS_URL": f"http://127.0.0.1:{self.port}",
            "CALLHUB_ARI_JOURNAL": str(self.lab.journal),
            "CALLHUB_ARI_DIALS_PLUS": "false",
            "CALLHUB_ARI_TENANT": SLUG,
            "CALLHUB_SPEECH_COMMAND": fetching.tool("espeak-ng") or "",
            "CALLHUB_FAILPOINT": str(self._failpoint),
            "CALLHUB_OUTBOUND_ALLOW": "127.0.0.0/8",  # the tests' own receivers of callbacks
            "CALLHUB_OUTBOUND_PORTS": "1-65535",
            **self.settings,
        }

    def is_listening(self) -> bool:
        """Whether the exchange has somebody to tell its events, for our calls and for its own."""
        with suppress(requests.RequestException):
            answer = self.http.get(f"{self.lab.ari_url}/ari/applications", auth=("callhub", PASSWORD), timeout=5)
            return {app["name"] for app in answer.json()} >= APPS
        return False

    # -- what it answers

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """An answer of any of its doors; as the tenant's owner unless ``headers`` say otherwise."""
        headers = options.pop("headers", {"Authorization": f"Bearer {self.credentials['token']}"})
        return self.http.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=PATIENCE_S, **options)

    def get(self, path: str) -> Any:
        """A document of our own API, which must be there."""
        answer = self.send("GET", f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, destination: str, sources: list[str] | None = None, **wanted: Any) -> str:
        """Have a call made over our API; its id."""
        rung = [to("1000200")] if sources is None else sources
        body = {"line": "201", "destination": destination, "sources": rung, "max_duration": 60, **wanted}
        answer = self.send("POST", "/api/v1/originations/", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def origination(self, key: str) -> dict[str, Any]:
        """The request to call, as the API tells it now."""
        return self.get(f"originations/{key}/")

    def act(self, key: str, what: str, method: str = "POST", **body: Any) -> dict[str, Any]:
        """Do something with a call on its way: hangup, hold, transfer."""
        answer = self.send(method, f"/api/v1/originations/{key}/{what}/", json=body or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def call_of(self, key: str) -> dict[str, Any]:
        """The call in the log that a request made."""
        return self.get(f"calls/{self.origination(key)['call']}/")

    def reached(self, key: str, *states: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """The request once it is in one of these states."""
        return self.until(lambda: (row := self.origination(key))["state"] in states and row, seconds)

    def talking(self, key: str) -> dict[str, Any]:
        """The request once both parties talk."""
        return self.reached(key, "in_progress")

    def ended(self, key: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """The request once it is over."""
        return self.reached(key, "ended", seconds=seconds)

    def until(self, found: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
        """What it finds, as soon as it finds anything."""
        deadline = time.monotonic() + seconds
        while not (value := found()):
            assert time.monotonic() < deadline, f"waited in vain; {self.said()[-3000:]}"
            time.sleep(0.1)
        return value

    # -- what is kept, here and at the exchange

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the database, read beside the running processes; ids are 32 hexadecimal digits there."""
        with closing(sqlite3.connect(f"file:{self.var}/callhub.sqlite3?mode=ro", uri=True, timeout=30)) as file:
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(query, values)]

    def invitations(self, digits: str) -> list[str]:
        """One line per INVITE the phone network got for this number, with whom it was shown as the caller."""
        return [line for line in telephones.invitations(self.lab) if f"<sip:{digits}@" in line.split(" from")[0]]

    def journal(self, key: str) -> dict[str, dict[str, float]]:
        """What the exchange itself noted of a request's telephones: leg -> what happened -> when, in seconds."""
        beginning = f"ch{UUID(key).hex}."
        found: dict[str, dict[str, float]] = {}
        with self.lab.journal.open(newline="", encoding="utf-8", errors="replace") as file:
            for row in csv.reader(file):
                if len(row) > 2 and row[2].startswith(beginning):
                    found.setdefault(row[2].removeprefix(beginning), {}).setdefault(row[0], float(row[1]))
        return found

    def dials(self, key: str) -> dict[str, int]:
        """How often the exchange began to ring each telephone of a request, by its own journal."""
        beginning = f"ch{UUID(key).hex}."
        with self.lab.journal.open(newline="", encoding="utf-8", errors="replace") as file:
            started = [row[2] for row in csv.reader(file) if len(row) > 2 and row[0] == "CHAN_START"]
        return dict(Counter(name.removeprefix(beginning) for name in started if name.startswith(beginning)))

    def left_over(self) -> list[str]:
        """Channels and bridges of ours at the exchange."""
        answers = [
            self.http.get(f"{self.lab.ari_url}/ari/{what}", auth=("callhub", PASSWORD), timeout=10).json()
            for what in ("channels", "bridges")
        ]
        return [row["id"] for rows in answers for row in rows if row["id"].startswith("ch")]

    def channels(self, key: str) -> set[str]:
        """The legs of a request that ring or talk at the exchange now."""
        beginning = f"ch{UUID(key).hex}."
        answer = self.http.get(f"{self.lab.ari_url}/ari/channels", auth=("callhub", PASSWORD), timeout=10)
        return {row["id"].removeprefix(beginning) for row in answer.json() if row["id"].startswith(beginning)}

    def recording_of(self, key: str, into: Path) -> Path:
        """The audio we keep of a call, once it is here, as a client gets it."""
        path = f"calls/{self.origination(key)['call']}/recordings/"
        found = self.until(lambda: [row for row in self.get(path)["results"] if row["state"] == "stored"], RECORDING_S)
        [row] = found
        answer = self.send("GET", f"/api/v1/recordings/{row['id']}/audio")
        assert answer.status_code == 200, answer.text
        into.write_bytes(answer.content)
        return into

    def heard_since(self, extension: str, before: list[Path]) -> Path:
        """What a soft phone heard in the one call it has had since ``before`` (``telephones.heard``), once it is complete."""
        new = self.until(lambda: [path for path in telephones.heard(self.lab, extension) if path not in before])
        assert len(new) == 1
        size = -1
        while size != (size := new[0].stat().st_size) or not size:
            time.sleep(0.3)
        return new[0]

    # -- the inside

    def _open(self) -> None:
        """Make the tenant."""
        script = _OPEN.format(slug=SLUG, phones=tuple(telephones.SAYS))
        self.credentials = json.loads(self.manage("shell", "--no-imports", "-c", script).splitlines()[-1])

    def _is_dead(self) -> bool:
        return self._process is not None and self._process.poll() is not None


def to(number: str) -> str:
    """The lab's number as one that may be called; those that begin with 1 say 440 Hz, all others 880."""
    return f"+1100{number}" if number.startswith("1") else f"+46{number}"


@contextmanager
def open_house(**settings: str) -> Iterator[House]:
    """An exchange with its telephones on, and a callhub that runs on it; both are gone afterwards."""
    with ExitStack() as stack:
        lab = stack.enter_context(running_lab())
        for extension in telephones.SAYS:
            telephones.start_phone(lab, extension)
        home = Path(tempfile.mkdtemp(prefix="callhub-house-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        house = House(lab, home, **settings)
        house.start()
        try:
            yield house
        finally:
            house.stop()

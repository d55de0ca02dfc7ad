"""One exchange on its own ports and folder; any number may run side by side from the same unpacked programs."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk import fetching
from tests.asterisk.tones import write_tone

CONF = Path(__file__).with_name("conf")
PASSWORD = "callhub-lab"
FOLDERS = "etc db/keys run log/cel-custom log/cdr-custom spool/recording data/music data/sounds/callhub".split()
NEEDED_BUT_EMPTY = ["acl", "ccss", "features", "pjproject", "udptl", "sorcery", "websocket_client"]


@dataclass(frozen=True, kw_only=True)
class Lab:
    """An exchange in ``run``. Its ports are ``base`` to ``base + 2199``, all on loopback."""

    run: Path
    base: int = 30_000
    ends_with_us: bool = False  # its processes end when this one does, however that ends

    @property
    def ari_port(self) -> int:
        return self.base + 8

    @property
    def sip_port(self) -> int:
        return self.base + 10

    @property
    def carrier_port(self) -> int:
        return self.base + 11

    @property
    def ari_url(self) -> str:
        return f"http://127.0.0.1:{self.ari_port}"

    @property
    def sounds(self) -> Path:
        """Where a message's audio goes; Asterisk calls it ``sound:callhub/<name>``."""
        return self.run / "data/sounds/callhub"

    @property
    def journal(self) -> Path:
        """The CEL file: each channel's start, answer and end."""
        return self.run / "log/cel-custom/callhub.csv"

    def phone_port(self, extension: str) -> int:
        """Where the soft phone listens."""
        return self.base + 12 + int(extension) % 100

    def start(self) -> None:
        """Start the exchange, unless it runs, and wait until it answers. Raises ``RuntimeError`` with its last words."""
        if self.pid("asterisk"):
            return
        self._render()
        self.launch("asterisk", "-f", "-C", f"{self.run}/etc/asterisk.conf")
        self._await("asterisk", self._is_up)

    def stop(self) -> None:
        """End its calls and stop, properly."""
        if self.pid("asterisk"):
            self.console("core stop now")
        self.end("asterisk")

    def kill(self) -> None:
        """As if the power failed."""
        self.end("asterisk", signal.SIGKILL)

    def console(self, command: str) -> str:
        """What Asterisk's console answers."""
        tool = fetching.tool("asterisk")
        if tool is None:
            raise RuntimeError("not set up: make asterisk-setup")
        shell = [tool, "-C", f"{self.run}/etc/asterisk.conf", "-rx", command]
        return subprocess.run(shell, capture_output=True, text=True, check=False, timeout=30).stdout

    # -- processes, by pid file

    def launch(self, program: str, *arguments: str, name: str = "", folder: Path | None = None) -> None:
        """Start a program of the suite in the background; it is known as ``name`` from then on."""
        tool = fetching.tool(program)
        if tool is None:
            raise RuntimeError("not set up: make asterisk-setup")
        name, folder = name or program, folder or self.run
        folder.mkdir(parents=True, exist_ok=True)
        with (self.run / f"{name}.out").open("wb") as output:
            process = subprocess.Popen(
                [tool, *arguments],
                cwd=folder,
                env={**os.environ, "TERM": "dumb"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=not self.ends_with_us,
                preexec_fn=end_with_parent if self.ends_with_us else None,  # noqa: PLW1509
            )
        _children[process.pid] = process
        (self.run / f"{name}.pid").write_text(str(process.pid))

    def pid(self, name: str) -> int | None:
        """The process known by that name, if it runs."""
        try:
            pid = int((self.run / f"{name}.pid").read_text())
        except (OSError, ValueError):
            return None
        if pid in _children and _children[pid].poll() is not None:
            return None
        return pid if _is_of(pid, self.run) else None

    def end(self, name: str, by: signal.Signals = signal.SIGTERM) -> None:
        """End the process of that name; by force if it does not listen for ten seconds."""
        deadline = time.monotonic() + 10
        if pid := self.pid(name):
            os.kill(pid, by)
        while (pid := self.pid(name)) and time.monotonic() < deadline:
            time.sleep(0.02)
        if pid := self.pid(name):
            os.kill(pid, signal.SIGKILL)
        (self.run / f"{name}.pid").unlink(missing_ok=True)

    def _await(self, name: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and self.pid(name):
            if is_ready():
                return
            time.sleep(0.05)
        raise RuntimeError(f"{name} did not start:\n{self._last_words(name)}")

    def _last_words(self, name: str) -> str:
        logs = [self.run / f"{name}.out", self.run / "log/messages.log"]
        return "\n".join(path.read_text("utf-8", "replace")[-1500:] for path in logs if path.exists())

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ari_port), timeout=1):
            return "fully booted" in self.console("core waitfullybooted")
        return False

    # -- configuration

    def _render(self) -> None:
        for folder in FOLDERS:
            (self.run / folder).mkdir(parents=True, exist_ok=True)
        shared = fetching.PREFIX / "usr/share/asterisk"
        for source in shared.iterdir():
            if source.name != "sounds":
                _link(self.run / "data" / source.name, source)
        _link(self.run / "data/sounds/en", shared / "sounds/en_US_f_Allison")
        write_tone(self.run / "data/music/hold.wav", 660)
        modules = next(path for path in fetching.PREFIX.glob("usr/lib/**/asterisk/modules") if path.is_dir())
        values = {
            "PREFIX": fetching.PREFIX,
            "RUN": self.run,
            "MODULES": modules,
            "ARI_PORT": self.ari_port,
            "SIP_PORT": self.sip_port,
            "CARRIER_PORT": self.carrier_port,
            "PHONE_201_PORT": self.phone_port("201"),
            "PHONE_202_PORT": self.phone_port("202"),
            "PHONE_203_PORT": self.phone_port("203"),
            "RTP_START": self.base + 100,
            "RTP_END": self.base + 999,
        }
        for template in CONF.glob("*.conf"):
            text = re.sub(r"@(\w+)@", lambda found: str(values[found[1]]), template.read_text())
            if template.name == "modules.conf":  # written for 22: leave out what an older one has not
                text = re.sub(r"(?m)^load = (\S+)\n", lambda found: found[0] if (modules / found[1]).exists() else "", text)
            (self.run / "etc" / template.name).write_text(text)
        for name in NEEDED_BUT_EMPTY:
            (self.run / "etc" / f"{name}.conf").write_text("; empty\n")


_children: dict[int, subprocess.Popen[bytes]] = {}
_libc = ctypes.CDLL(None)


def end_with_parent() -> None:
    """Have the kernel end this process together with the one that started it."""
    if sys.platform == "linux":
        _libc.prctl(1, signal.SIGKILL)


def _is_of(pid: int, run: Path) -> bool:
    """Whether the process is one of ``run``'s: a pid file may be older than the machine's last start."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return str(run).encode() in command or Path(f"/proc/{pid}/cwd").resolve().is_relative_to(run)
    except OSError:
        return False


def _link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)

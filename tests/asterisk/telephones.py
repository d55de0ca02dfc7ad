"""Telephones around a lab: the simulated network (sipp), soft phones (baresip), callers from the outside (sipp)."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from tests.asterisk import fetching
from tests.asterisk.carrier import scenario
from tests.asterisk.lab import Lab
from tests.asterisk.tones import write_alaw, write_tone

CALLERS = Path(__file__).with_name("uas")
SAYS = {"201": 520, "202": 620}  # hertz of each soft phone's voice


def start_carrier(lab: Lab) -> None:
    """The phone network behind the trunk ``carrier``; see ``carrier`` for the numbers it knows."""
    if lab.pid("carrier"):
        return
    media = lab.run / "media"
    media.mkdir(parents=True, exist_ok=True)
    for hertz in (440, 880):
        write_alaw(media / f"tone{hertz}.pcma", hertz)
    (lab.run / "carrier.xml").write_text(scenario(media))
    lab.launch(
        *["sipp", "-sf", f"{lab.run}/carrier.xml", "-i", "127.0.0.1", "-p", str(lab.carrier_port), "-nostdin"],
        *["-trace_err", "-error_file", f"{lab.run}/carrier-errors.log", "-trace_logs", "-log_file", f"{lab.run}/carrier.log"],
        *["-min_rtp_port", str(lab.base + 1000), "-max_rtp_port", str(lab.base + 1999), "-max_socket", "5000", "-l", "2000"],
        name="carrier",
    )
    _settle(lab, "carrier")


def invitations(lab: Lab) -> list[str]:
    """One line per INVITE the phone network got: whom it was for, and who was shown as the caller."""
    log = lab.run / "carrier.log"
    return [line for line in log.read_text().splitlines() if line.startswith("INVITE")] if log.exists() else []


def start_phone(lab: Lab, extension: str) -> None:
    """A soft phone that answers at once, says its tone and keeps what it hears as WAV."""
    name = f"phone{extension}"
    if lab.pid(name):
        return
    folder = lab.run / name
    (folder / "heard").mkdir(parents=True, exist_ok=True)
    (folder / "contacts").write_text("")
    write_tone(folder / "voice.wav", SAYS[extension], seconds=600)
    modules = next(fetching.PREFIX.glob("usr/lib/**/baresip/modules"))
    first_rtp_port = lab.base + 2000 + 100 * (int(extension) - 201)
    (folder / "config").write_text(f"""sip_listen 127.0.0.1:{lab.phone_port(extension)}
call_local_timeout 120
call_max_calls 50
audio_player aubridge,nil
audio_source aufile,{folder}/voice.wav
audio_alert aubridge,nil
rtp_ports {first_rtp_port}-{first_rtp_port + 99}
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module menu.so
module_app account.so
snd_path {folder}/heard
""")
    account = f"<sip:{extension}@127.0.0.1>;regint=0;answermode=auto;audio_codecs=PCMA/8000/1"
    (folder / "accounts").write_text(account + "\n")
    lab.launch("baresip", "-f", str(folder), name=name, folder=folder)
    _settle(lab, name, "is ready")


def heard(lab: Lab, extension: str) -> list[Path]:
    """What the soft phone heard: a WAV file per call, oldest first."""
    folder = lab.run / f"phone{extension}/heard"
    return sorted(folder.glob("*dec.wav"), key=lambda path: path.stat().st_mtime_ns)


def call_from_outside(
    lab: Lab, number: str, caller: str, *, port: int, gives_up: bool = False, holds_ms: int = 0, talks_ms: int = 2000
) -> subprocess.Popen[bytes]:
    """Somebody rings the exchange, says 440 Hz, and hangs up ``talks_ms`` after the answer or, if told, after 1.5 s of ringing.

    A ``caller`` with the name of a soft phone is taken for it. With ``holds_ms`` they put the other side on hold for that long.
    """
    tool = fetching.tool("sipp")
    assert tool is not None
    file = CALLERS / "inbound-cancel.xml" if gives_up else _caller_scenario(lab, port, holds_ms, talks_ms)
    rtp_port = lab.base + 50 + 4 * port
    command = [tool, "-sf", str(file), "-s", number, "-key", "caller", caller, "-m", "1", "-i", "127.0.0.1"]
    command += ["-p", str(lab.base + 20 + port), "-mp", str(rtp_port), "-nostdin", "-timeout", "120s"]
    command += ["-min_rtp_port", str(rtp_port), "-max_rtp_port", str(rtp_port + 3)]
    log = (lab.run / f"caller{port}.out").open("wb")
    with log:
        return subprocess.Popen(
            [*command, f"127.0.0.1:{lab.sip_port}"], cwd=lab.run, env={"TERM": "dumb"}, stdout=log, stderr=log
        )


def _caller_scenario(lab: Lab, port: int, holds_ms: int, talks_ms: int) -> Path:
    text = (CALLERS / "inbound.xml").read_text().replace("@MEDIA@", str(lab.run / "media"))
    text = text.replace("@TALKS@", str(talks_ms))
    if holds_ms:
        hold = (CALLERS / "hold.xml").read_text()
        requests = [("sendonly", 2, 500), ("sendrecv", 3, holds_ms)]
        parts = [
            hold.replace("@WAY@", way).replace("@NUMBER@", str(number)).replace("@AFTER@", str(after))
            for way, number, after in requests
        ]
        text = text.replace("<!-- HOLD -->", "\n".join(parts))
    file = lab.run / f"caller{port}.xml"
    file.write_text(text)
    return file


def stop_all(lab: Lab) -> None:
    """Switch off all telephones; by force, as baresip waits for calls that are over."""
    for name in ("carrier", *(f"phone{extension}" for extension in SAYS)):
        lab.end(name, signal.SIGKILL)


def _settle(lab: Lab, name: str, sign: str = "") -> None:
    """Wait until the program has shown the sign, or for half a second if it gives none; ``RuntimeError`` when it died."""
    output = lab.run / f"{name}.out"
    deadline = time.monotonic() + (60 if sign else 0.5)
    while lab.pid(name) and time.monotonic() < deadline:
        if sign and sign in output.read_text("utf-8", "replace"):
            return
        time.sleep(0.05)
    if not lab.pid(name):
        raise RuntimeError(f"{name} did not start:\n{output.read_text('utf-8', 'replace')[-1500:]}")

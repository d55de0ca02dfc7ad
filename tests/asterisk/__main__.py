"""``python3 -m tests.asterisk start|stop|status|cli <command>|env``: an exchange for a person."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from tests.asterisk import fetching, telephones
from tests.asterisk.lab import PASSWORD, Lab

RUN = Path(os.environ.get("CALLHUB_ASTERISK_DIR") or fetching.CACHE / "run").resolve()
LAB = Lab(run=RUN, base=int(os.environ.get("CALLHUB_ASTERISK_PORTS") or 30_000))

TENANT = "lab"  # gets the calls that the telephones make among themselves

WORDS = """
Asterisk answers at {url} (user callhub, password {password}), SIP at 127.0.0.1:{sip}.

Telephones:
  201            a soft phone that answers at once and says {one} Hz; 210 and 0003*210 are the same one
  202            another, saying {two} Hz
  any number     the phone network; its last three digits choose what happens:
                   201   answers after 1 s (200, 202, 203, 205: after 0, 2, 3, 5 s), talks until you hang up
                   212   answers after 1 s, hangs up 2 s later
                   180   rings until you give up
                   486 busy, 603 refuses, 404, 480, 503 … fails with that status
                 those that begin with 1 say 440 Hz, the others 880 Hz

Have callhub use it:
  python3 -m tests.asterisk env >> .env              what callhub needs to know of it; take it out again when you are done
  python3 manage.py up                               runs a listener as well; in another terminal:
  python3 manage.py create_tenant {tenant} --sample-lines   prints a token, for the next line
  python3 manage.py shell -c "from calls.models import Line; Line.objects.update(is_proven=True)"
                                                     an operator marks lines as proven in the admin; this marks all there are
  curl -X POST localhost:8000/api/v1/originations/ -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' \\
    -d '{{"line": "210", "destination": "+46 530 20 02 01"}}'
                                                     rings 210, then the network; hang up with DELETE …/originations/ID/

Try Asterisk alone:
  python3 -m tests.asterisk cli "core show channels"
  python3 -m tests.asterisk cli "channel originate PJSIP/201 extension 202@from-users"    201 calls 202
  ls {run}/phone202/heard                            what the second phone heard
  tail -f {run}/log/messages.log

Stop it with: make asterisk-stop
"""


def start() -> None:
    """Exchange, network and soft phones."""
    LAB.start()
    telephones.start_carrier(LAB)
    for extension in telephones.SAYS:
        telephones.start_phone(LAB, extension)
    one, two = telephones.SAYS.values()
    print(WORDS.format(url=LAB.ari_url, password=PASSWORD, sip=LAB.sip_port, one=one, two=two, run=RUN, tenant=TENANT))


def stop() -> None:
    """All of it."""
    telephones.stop_all(LAB)
    LAB.stop()


def status() -> None:
    """What runs."""
    for name in ("asterisk", "carrier", *(f"phone{extension}" for extension in telephones.SAYS)):
        pid = LAB.pid(name)
        print(f"{name}: {f'process {pid}' if pid else 'down'}")


def env() -> None:
    """The settings that make callhub use it, for a shell or a ``.env`` file."""
    values = {
        "CALLHUB_TELEPHONY": "asterisk",
        "CALLHUB_ARI_URL": LAB.ari_url,
        "CALLHUB_ARI_USER": "callhub",
        "CALLHUB_ARI_PASSWORD": PASSWORD,
        "CALLHUB_ARI_SOUNDS": LAB.sounds,
        "CALLHUB_ARI_JOURNAL": LAB.journal,
        "CALLHUB_ARI_TENANT": TENANT,
        "CALLHUB_SPEECH_COMMAND": fetching.tool("espeak-ng") or "",
    }
    for name, value in values.items():
        print(f"{name}={shlex.quote(str(value))}")


def main(arguments: list[str]) -> int:
    """Run one command; 2 for one that is not known."""
    commands = {"start": start, "stop": stop, "status": status, "env": env}
    match arguments:
        case ["cli", *words]:
            print(LAB.console(" ".join(words)), end="")
        case [name] if name in commands:
            commands[name]()
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (fetching.SetupError, RuntimeError) as error:
        sys.exit(f"asterisk: {error}")

"""Debian's Asterisk, sipp, baresip, espeak-ng and sox, unpacked into a folder and run through the folder's own loader.

Neither root nor a container is needed, and the host's own packages are left alone. What was downloaded and unpacked is kept
in ``CALLHUB_ASTERISK_CACHE`` (``~/.cache/callhub/asterisk``).
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

CACHE = Path(os.environ.get("CALLHUB_ASTERISK_CACHE") or "~/.cache/callhub/asterisk").expanduser()
SUITE = os.environ.get("CALLHUB_ASTERISK_SUITE") or "forky"  # Debian 12 and 13 have no Asterisk
PREFIX = CACHE / SUITE
PACKAGES = ["asterisk", "asterisk-modules", "sip-tester", "baresip-core", "espeak-ng", "sox"]
PROGRAMS = ["asterisk", "sipp", "baresip", "espeak-ng", "sox"]

# What only maintainer scripts or features unused here want; with it the folder would be twice as large.
UNWANTED = re.compile(
    r"(adduser|base-passwd|debconf|dirmngr|gnupg.*|gpg.*|perl-.*|libperl.*|passwd|login\.defs|libpam.*|pinentry.*"
    r"|readline-common|libsemanage.*|libsepol.*|libc-gconv.*|asterisk-config|libasound2-data|gcc-.*-base|libksba.*|tzdata"
    r"|pci\.ids|libdebconf.*|dpkg|tar|init-system-helpers|.*python3.*|libx11-data|media-types|netbase)"
)
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}


class SetupError(Exception):
    """Asterisk cannot be had here; the message says why."""


def tool(name: str) -> str | None:
    """Where the program of the unpacked suite is, or None before ``set_up``."""
    path = PREFIX / "tools" / name
    return str(path) if path.exists() else None


def set_up(*, refresh: bool = False) -> Path:
    """Download and unpack what is not here yet; the folder it is in. Raises ``SetupError``."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second set-up waits, and finds it done
        if refresh or tool("asterisk") is None:
            _unpack(_download())
    return PREFIX


def _download() -> list[Path]:
    """The packages and all they need, libc and loader included, as if on an empty machine."""
    home = CACHE / f"apt-{SUITE}"
    for folder in ("etc", "state/lists/partial", "archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "state/status").write_text("")
    (home / "etc/sources.list").write_text(f"deb [signed-by={_keyring()}] {_mirror()} {SUITE} main\n")
    if os.environ.get("OFFLINE") != "1":
        _apt_get(home, "update")
    _apt_get(home, "-y", "--download-only", "install", *PACKAGES)
    # the versions of this very resolution, should the cache hold older ones beside them
    listed = _apt_get(home, "-y", "--print-uris", "-o", f"Dir::Cache::archives={home}/none", "install", *PACKAGES)
    names = re.findall(r"^'[^']+' (\S+\.deb) ", listed, re.MULTILINE)
    if not names:
        raise SetupError(f"apt found nothing to install in {SUITE}")
    return [home / "archives" / name for name in names]


def _apt_get(home: Path, *arguments: str) -> str:
    options = {
        "Dir::Etc": f"{home}/etc",
        "Dir::Etc::sourcelist": f"{home}/etc/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": f"{home}/state",
        "Dir::State::status": f"{home}/state/status",
        "Dir::Cache": str(home),
        "Dir::Cache::archives": f"{home}/archives",
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "Acquire::Check-Valid-Until": "false",  # mirrors that lag serve testing past its date; signatures are checked still
        "Acquire::Languages": "none",
        "Acquire::GzipIndexes": "true",
        "Acquire::Retries": "3",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "APT::Install-Recommends": "false",
        "APT::Keep-Downloaded-Packages": "true",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "1",
    }
    command = ["apt-get", "-q", *(word for name, value in options.items() for word in ("-o", f"{name}={value}")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"apt-get {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def _mirror() -> str:
    """The Debian mirror this machine uses already."""
    found = os.environ.get("DEBIAN_MIRROR") or next(_mirrors(), None)
    if not found:
        raise SetupError("no Debian mirror in the sources of apt: set DEBIAN_MIRROR")
    return found.rstrip("/")


def _mirrors() -> Iterator[str]:
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for uris in re.findall(r"^URIs:\s*(.+)$", path.read_text(), re.MULTILINE | re.IGNORECASE):
            yield from (uri for uri in uris.split() if "security" not in uri)
    for path in (Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))):
        lines = path.read_text() if path.exists() else ""
        for uri in re.findall(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)", lines, re.MULTILINE):
            if "security" not in uri:
                yield uri


def _keyring() -> str:
    path = os.environ.get("DEBIAN_KEYRING") or "/usr/share/keyrings/debian-archive-keyring.gpg"
    if not os.access(path, os.R_OK):
        raise SetupError(f"no {path}: apt-get install debian-archive-keyring")
    return path


def _unpack(packages: list[Path]) -> None:
    new = PREFIX.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for package in packages:
        if not UNWANTED.fullmatch(package.name.split("_")[0]):
            _unpack_one(package, new)
    for name in ("bin", "sbin", "lib", "lib64"):  # folded into usr
        folder = new / name
        if folder.is_dir() and not folder.is_symlink():
            folder.rmdir()
    (new / "packages.txt").write_text("".join(f"{package.stem}\n" for package in packages))
    shutil.rmtree(PREFIX, ignore_errors=True)
    new.rename(PREFIX)
    _write_tools()


def _unpack_one(package: Path, into: Path) -> None:
    left_out = ["doc", "man", "locale", "lintian"]
    tar = ["tar", "-C", str(into), "-x", "--no-same-owner", "--no-same-permissions"]
    # suites before forky ship /bin, /lib, /lib64 and /sbin apart: fold them into /usr as merged systems do
    tar += [r"--transform=flags=r;s#^\./\(bin\|sbin\|lib\|lib64\)/#./usr/\1/#"]
    tar += [*(f"--exclude=./usr/share/{name}" for name in left_out), "--exclude=./usr/lib/*/gconv"]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as source:
        unpacked = subprocess.run(tar, stdin=source.stdout, check=False)
    if source.returncode or unpacked.returncode:
        raise SetupError(f"cannot unpack {package}")


def _write_tools() -> None:
    """One small script per program that runs it with the suite's own loader and libraries."""
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    if architecture not in TRIPLETS:
        raise SetupError(f"not tried on {architecture}")
    libraries = PREFIX / "usr/lib" / TRIPLETS[architecture]
    loader = _first("usr/lib64/ld-linux-*.so.2", "usr/lib/ld-linux-*.so.1", f"usr/lib/{TRIPLETS[architecture]}/ld-linux-*.so.*")
    search = f"{libraries}:{PREFIX}/usr/lib:{libraries}/pulseaudio"
    (PREFIX / "tools").mkdir(exist_ok=True)
    for name in PROGRAMS:
        program = _first(f"usr/sbin/{name}", f"usr/bin/{name}")
        data = f' --path="{libraries}"' if name == "espeak-ng" else ""
        script = PREFIX / "tools" / name
        script.write_text(f'#!/bin/sh\nexec "{loader}" --library-path "{search}" "{program}"{data} "$@"\n')
        script.chmod(0o755)


def _first(*patterns: str) -> Path:
    found = next((path for pattern in patterns for path in sorted(PREFIX.glob(pattern))), None)
    if found is None:
        raise SetupError(f"{SUITE} has none of {', '.join(patterns)}")
    return found


if __name__ == "__main__":
    try:
        print(set_up(refresh="--refresh" in sys.argv))
    except SetupError as error:
        sys.exit(f"asterisk: {error}")

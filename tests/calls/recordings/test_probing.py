"""Audio is what its bytes say; what is broken or hostile is refused quickly, by name, and nothing else happens."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import subprocess
import sys

import pytest

from calls.recordings import jail
from calls.recordings.errors import AudioRefused
from calls.recordings.probing import Probe, probe
from tests.calls.recordings import audio
from tests.calls.recordings.audio import ENCODED, encoded, tone, wav, wav_header
from tests.calls.recordings.conftest import peak_mib

pytestmark = pytest.mark.once
HOSTILE = list(audio.hostile())


@pytest.fixture
def file_of(tmp_path):
    def write(data: bytes, name: str = "recording.bin"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


FACTS = {
    "pcm.wav": ("wav", "pcm_s16le", "audio/wav", 2, 8000),
    "mulaw.wav": ("wav", "pcm_mulaw", "audio/wav", 1, 8000),
    "alaw.wav": ("wav", "pcm_alaw", "audio/wav", 1, 8000),
    "pcm24.wav": ("wav", "pcm_s24le", "audio/wav", 2, 44100),
    "float.wav": ("wav", "pcm_f32le", "audio/wav", 2, 48000),
    "mp3": ("mp3", "mp3", "audio/mpeg", 2, 16000),
    "opus.ogg": ("ogg", "opus", "audio/ogg", 2, 48000),
    "vorbis.ogg": ("ogg", "vorbis", "audio/ogg", 2, 44100),
    "flac": ("flac", "flac", "audio/flac", 1, 8000),
    "m4a": ("mp4", "aac", "audio/mp4", 2, 44100),
    "aac": ("aac", "aac", "audio/aac", 1, 44100),
    "amr": ("amr", "amr_nb", "audio/amr", 1, 8000),
    "ima.wav": ("wav", "adpcm_ima_wav", "audio/wav", 1, 8000),
    "ms.wav": ("wav", "adpcm_ms", "audio/wav", 1, 8000),
    "g722.wav": ("wav", "adpcm_g722", "audio/wav", 1, 16000),
    "g726.wav": ("wav", "adpcm_g726", "audio/wav", 1, 8000),
    "mp3.wav": ("wav", "mp3", "audio/wav", 1, 16000),
    "pcm.aiff": ("aiff", "pcm_s16be", "audio/aiff", 2, 8000),
    "mulaw.au": ("au", "pcm_mulaw", "audio/basic", 1, 8000),
    "pcm.caf": ("caf", "pcm_s16le", "audio/x-caf", 1, 8000),
    "alac.caf": ("caf", "alac", "audio/x-caf", 2, 44100),
    "opus.webm": ("webm", "opus", "audio/webm", 2, 48000),
    "vorbis.mka": ("webm", "vorbis", "audio/webm", 2, 44100),
    "amr.3gp": ("mp4", "amr_nb", "audio/3gpp", 1, 8000),
    "aac.3gp": ("mp4", "aac", "audio/3gpp", 1, 44100),
    "opus.mp4": ("mp4", "opus", "audio/mp4", 2, 48000),
    "alac.m4a": ("mp4", "alac", "audio/mp4", 2, 44100),
}


def facts(found: Probe) -> tuple[str, str, str, int, int]:
    return found.container, found.codec, found.mime, found.channels, found.sample_rate_hz


@pytest.mark.parametrize("name", ENCODED)
def test_reads_each_accepted_format_whatever_its_name(file_of, name):
    found = probe(file_of(encoded(name), "holiday.exe"))
    assert facts(found) == FACTS[name]
    assert found.duration_ms == pytest.approx(3000, abs=100)  # encoders pad to whole frames


def test_reads_gsm_and_wide_band_amr(file_of):
    found = probe(file_of(audio.gsm_wav(50)))
    assert (found.codec, found.duration_ms) == ("gsm_ms", 2000)
    found = probe(file_of(audio.amr_wideband(100)))
    assert (found.codec, found.mime, found.duration_ms, found.sample_rate_hz) == ("amr_wb", "audio/amr-wb", 2000, 16000)


LARGEST = (0x7FFFFFFF, 0x7FFFF000, 0x7FFFFFDB, 0x80000000, 0xFFFFFFDB, 0xFFFFFFF0, 0xFFFFFFFF)


@pytest.mark.parametrize("length", [0, *LARGEST])
def test_a_wav_of_a_killed_recorder_lasts_as_long_as_its_bytes(file_of, length):
    assert probe(file_of(wav_header(length) + bytes(16_000))).duration_ms == 1000


@pytest.mark.parametrize(("missing", "taken"), [(0, True), (150, True), (200, False), (8000, False)])
def test_a_wav_may_lack_one_percent(file_of, missing, taken):
    data = wav(tone(1.0))
    path = file_of(data[: len(data) - missing])
    if taken:
        assert probe(path).duration_ms == pytest.approx(1000, abs=10)
    else:
        with pytest.raises(AudioRefused, match="cut off"):
            probe(path)


def test_chunks_before_and_after_the_sound_are_skipped(file_of):
    junk = b"LIST" + (5).to_bytes(4, "little") + b"hello\0"
    assert probe(file_of(wav_header(16_000, before=junk) + bytes(16_000) + junk)).duration_ms == 1000


@pytest.mark.parametrize("tag", [6, 7])
@pytest.mark.parametrize(("bits", "block"), [(8, 1), (16, 2), (16, 4), (0, 0)])
def test_g711_is_one_byte_a_sample_whatever_its_header_says(file_of, tag, bits, block):
    header = wav_header(8000, tag=tag, bits=bits, block=block)
    assert probe(file_of(header + b"\x7e" * 8000)).duration_ms == 1000


def test_amr_of_a_phone_that_sends_little_while_its_owner_is_silent(file_of):
    speech, silence, nothing = b"\x3c" + bytes(31), b"\x44" + bytes(5), b"\x7c"
    found = probe(file_of(b"#!AMR\n" + (speech + silence + nothing * 7) * 20))
    assert (found.codec, found.duration_ms) == ("amr_nb", 20 * 9 * 20)


def test_gsm_without_a_container(file_of):
    frame = bytes.fromhex("d20a5a1e3b8c00e0924924") + bytes(22)
    found = probe(file_of(frame * 100))
    assert (found.container, found.mime, found.duration_ms) == ("gsm", "audio/gsm", 2000)


def test_g722_without_a_container_is_what_its_sender_says(file_of):
    path = file_of(encoded("g722"))
    assert probe(path, declared_mime="audio/g722").duration_ms == 3000
    with pytest.raises(AudioRefused, match="like no audio format"):
        probe(path)
    with pytest.raises(AudioRefused, match="it is text"):
        probe(file_of(audio.HTML * 20), declared_mime="audio/g722")


@pytest.mark.parametrize(
    "before", [bytes(5000), encoded("mp3")[300:], b"RIFF\0\0\0\0RMP3data\0\0\0\0"], ids=["zeros", "cut", "riff"]
)
def test_mp3_is_found_behind_zeros_a_cut_frame_or_a_riff_header(file_of, before):
    whole = encoded("mp3")
    data = before if before == whole[300:] else before + whole
    assert probe(file_of(data)).mime == "audio/mpeg"


@pytest.mark.parametrize("name", ["pcm.aiff", "mulaw.au", "pcm.caf", "alac.m4a", "amr.3gp"])
def test_what_is_cut_off_is_refused(file_of, name):
    whole = encoded(name)
    with pytest.raises(AudioRefused) as refused:
        probe(file_of(whole[: len(whole) // 2]))
    assert refused.value.code in ("truncated", "not_audio")


COMPRESSED = ("mp3", "flac", "aac", "m4a", "alac.m4a", "aac.3gp", "opus.webm", "vorbis.ogg", "vorbis.mka")


@pytest.mark.parametrize("name", COMPRESSED)
@pytest.mark.parametrize("seed", range(3))
def test_a_true_head_on_noise_is_not_audio(file_of, name, seed):
    """What a header promises is not enough: what follows must decode."""
    whole, dice = encoded(name), random.Random(seed)
    kept = whole.index(b"mdat") + 4 if b"mdat" in whole else min(700, len(whole) // 4)
    after = whole[whole.index(b"moov") - 4 :] if b"mdat" in whole and whole.index(b"moov") > kept else b""
    noise = dice.randbytes(len(whole) - kept - len(after))
    with pytest.raises(AudioRefused):
        probe(file_of(whole[:kept] + noise + after))


def test_cover_art_does_not_make_a_film(file_of):
    picture = b"APIC" + (60).to_bytes(4, "big") + b"\0\0" + b"\0image/png\0\3\0" + audio.PNG[:46]
    assert probe(file_of(audio.id3(picture) + encoded("mp3"))).mime == "audio/mpeg"


def test_only_the_accepted_types_are_taken(file_of):
    path = file_of(encoded("mp3"))
    assert probe(path, accepted=["audio/wav", "audio/mpeg"]).container == "mp3"
    with pytest.raises(AudioRefused) as refused:
        probe(path, accepted=["audio/wav"])
    assert refused.value.code == "type_not_allowed"


@pytest.mark.parametrize(("name", "data", "codes"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_s9_refuses_hostile_files(file_of, name, data, codes):
    before = _processor_seconds()
    with pytest.raises(AudioRefused) as refused:
        probe(file_of(data, f"{name}.wav"))
    assert refused.value.code in codes
    assert _processor_seconds() - before < 1.3  # a second in the jail, and starting it


_PROBE_ALL = """
from pathlib import Path
from calls.recordings.errors import AudioRefused
from calls.recordings.probing import probe
for path in Path(sys.argv[1]).iterdir():
    try:
        probe(path)
    except AudioRefused:
        pass
"""


def test_s9_hostile_files_take_little_memory(tmp_path):
    """Those that are large or get past the first look; the limit of the jail holds for all others as well."""
    for name, data, _ in HOSTILE:
        if len(data) > 100_000 or name.startswith(("ogg-", "flac-", "mp4-", "mp3-", "wav-")):
            (tmp_path / name).write_bytes(data)
    for name in ENCODED:
        (tmp_path / name).write_bytes(encoded(name))
    assert 40 < peak_mib(_PROBE_ALL, tmp_path) < 200


def test_s9_the_corpus_is_large_enough():
    assert len({name for name, _, _ in HOSTILE}) == len(HOSTILE) >= 200


@pytest.mark.parametrize("name", ENCODED)
def test_s9_damaged_files_are_refused_or_still_what_they_were(file_of, name):
    dice = random.Random(name)
    for _ in range(8):
        data = bytearray(encoded(name))
        for _ in range(dice.choice([1, 10, 200])):
            data[dice.randrange(min(len(data), dice.choice([64, 4096, 10**9])))] = dice.randrange(256)
        try:
            found = probe(file_of(bytes(data)))
        except AudioRefused:
            continue
        assert found.container == FACTS[name][0] or {found.container, FACTS[name][0]} <= {"mp3", "aac", "wav"}


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def test_is_quick(file_of):
    path = file_of(encoded("opus.ogg"))
    probe(path)
    before = _processor_seconds()
    for _ in range(5):
        probe(path)
    assert (_processor_seconds() - before) / 5 < 0.3


def test_the_web_process_loads_no_decoder():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; import django; django.setup();"
        "import calls.recordings.probing, calls.recordings.analysis; print(sorted({'av', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("deed", "outcome"),
    [
        ("open('/etc/passwd')", "OSError"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", "OSError"),
        ("os.pipe()", "OSError"),
        ("__import__('subprocess').run(['true'])", "OSError"),
        ("bytearray(200 * 1024 * 1024)", "hostile"),
        ("sum(iter(int, 1))", "hostile"),
        ("os.kill(os.getpid(), 11)", "hostile"),
        ("__import__('time').sleep(30)", "did not finish"),
        (
            "dict(os.environ).keys() - {'LANG', 'LC_CTYPE', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MALLOC_ARENA_MAX'}",
            "answer=set()",
        ),
    ],
)
def test_row_48_the_jail_lets_nothing_out(tmp_path, monkeypatch, file_of, deed, outcome):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "__main__.py").write_bytes((jail._INSIDE / "__main__.py").read_bytes())
    (inside / "deed.py").write_text(
        "import os, socket, subprocess, time, encodings.idna\ndef prepare(): pass\n"
        f"def run(file, options): return {{'trouble': 'answer=' + str({deed})}}\n"
    )
    monkeypatch.setattr(jail, "_INSIDE", inside)
    with file_of(b"x").open("rb") as file, pytest.raises((AudioRefused, jail.JailTrouble)) as caught:
        jail.run("deed", file, cpu_seconds=0.5, memory_bytes=64 * 1024 * 1024, wall_seconds=5 if "sleep" in deed else 60)
    assert outcome in f"{getattr(caught.value, 'code', '')} {caught.value}"


def test_a_busy_machine_is_trouble_and_no_refusal(file_of):
    with file_of(wav(tone(1.0))).open("rb") as file, pytest.raises(jail.JailTrouble, match="did not finish"):
        jail.run("probe", file, cpu_seconds=1, memory_bytes=1 << 27, wall_seconds=0.001)


def test_a_broken_jail_is_trouble_and_no_refusal(file_of, tmp_path, monkeypatch):
    monkeypatch.setattr(jail, "_INSIDE", tmp_path)
    file_of(b"raise SystemExit(3)", "__main__.py")
    with file_of(b"x").open("rb") as file, pytest.raises(jail.JailTrouble, match="ended with 3"):
        jail.run("probe", file, cpu_seconds=1, memory_bytes=1 << 27, wall_seconds=60)


def test_probing_in_parallel(file_of):
    from concurrent.futures import ThreadPoolExecutor

    path = file_of(encoded("mp3"))
    with ThreadPoolExecutor(4) as pool:
        assert len({json.dumps(facts(found)) for found in pool.map(probe, [path] * 8)}) == 1


@pytest.mark.parametrize("name", ENCODED)
def test_bytes_that_were_put_in_or_lost_are_never_trouble_of_ours(file_of, name):
    dice, whole = random.Random(name), encoded(name)
    for _ in range(4):
        place, extra = dice.randrange(len(whole)), dice.randbytes(dice.choice([0, 3000]))
        left = whole[place + dice.choice([0, 1, 500]) :]
        with contextlib.suppress(AudioRefused):
            assert probe(file_of(whole[:place] + extra + left)).duration_ms > 0

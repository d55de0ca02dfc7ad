"""The player in a real browser: an hour-long recording plays at once, from its middle, by keyboard, told once."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from itertools import chain, repeat

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from calls.choices import EventKind
from calls.demo import voices
from calls.models import CallEvent
from calls.recordings.probing import probe
from calls.recordings.storage import files
from tests.browser.conftest import SCREENSHOTS, profile
from tests.browser.test_admin import sign_in
from tests.calls.recordings.audio import ENCODED, encoded, gsm_wav, silence, tone, wav
from tests.calls.recordings.conftest import use_disk
from tests.make import make_call, make_recording
from tests.tenants.admin_walk import staff

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True), pytest.mark.requires("chromium")]
HOUR_MS = 3_600_000
SIZE = 44 + HOUR_MS * 16  # of the copy that is played: 16-bit PCM at 8 kHz


@pytest.fixture(autouse=True)
def on_disk(settings, tmp_path):
    use_disk(settings, tmp_path)


@pytest.fixture
def hour(tenant):
    """An hour of somebody talking."""
    minute = voices.mulaw(voices.conversation(60, 6).sum(axis=0, keepdims=True))
    audio = b"".join(chain(voices.wav([minute] * 60, 1)))
    peaks = [[value for value, _ in zip(chain.from_iterable(repeat([20, -60, 90, -35, 5])), range(1800), strict=False)]]
    call = make_call(tenant, started_at=timezone.now() - timedelta(hours=2), seconds=3600)
    facts = {"duration_ms": HOUR_MS, "codec": "pcm_mulaw", "peaks": peaks, "analysed_at": timezone.now()}
    return make_recording(call, audio, silence_share=0.1, loudness_dbfs=-23.0, **facts)


@pytest.fixture
def parts(page):
    """The ranges that came over the network, as (status, first byte, last byte, size)."""
    seen = []

    def note(answer):
        if answer.url.endswith("/audio"):
            span = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("content-range", ""))
            seen.append((answer.status, *map(int, span.groups() if span else ())))

    page.on("response", note)
    return seen


def open_call(page, recording):
    sign_in(page, staff(recording.tenant, "agent", username="astrid"))
    page.goto(reverse("admin:calls_call_change", args=[recording.call_id]))


def now(page):
    return page.locator("audio").evaluate("audio => audio.currentTime")


def wait_for(page, condition):
    page.wait_for_function(f"() => {{ const audio = document.querySelector('audio'); return {condition} }}")


def test_an_hour_plays_at_once_and_from_its_middle(page, shot, hour, parts):
    open_call(page, hour)
    expect(page.locator("[data-total]")).to_have_text("1:00:00")
    assert parts == []  # nothing is fetched before somebody wants to hear it
    page.get_by_role("button", name="Play", exact=True).click()
    wait_for(page, "audio.currentTime > 0.3")
    assert parts[0] == (206, 0, SIZE - 1, SIZE)

    wave = page.locator("[data-wave]")
    box = wave.bounding_box()
    wave.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    wait_for(page, "audio.currentTime > 1790 && !audio.seeking")
    began = now(page)
    assert abs(began - 1800) < 60  # it plays on meanwhile
    wait_for(page, f"audio.currentTime > {began + 0.5}")
    status, first, last, size = parts[-1]
    assert (status, last, size) == (206, SIZE - 1, SIZE)
    assert abs(first - SIZE / 2) < SIZE / 50
    expect(page.locator("[data-now]")).to_have_text(re.compile(r"30:\d\d"))
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    shot("browser-player")
    page.get_by_role("button", name="Pause").click()
    wait_for(page, "audio.paused")
    [played] = CallEvent.objects.filter(call=hour.call_id, kind=EventKind.RECORDING_PLAYED)
    assert played.actor.username == "astrid"


def test_a_seek_before_the_first_play_counts(page, hour, parts):
    open_call(page, hour)
    page.locator("[data-wave]").click(position={"x": 400, "y": 20})
    page.get_by_role("button", name="Play", exact=True).click()
    wait_for(page, "audio.currentTime > 600 && !audio.paused && !audio.seeking")
    assert parts[-1][0] == 206
    assert parts[-1][1] > 600 * 8000 * 0.9


def test_keys_work_where_nobody_types(page, hour):
    open_call(page, hour)
    page.keyboard.press("Space")
    wait_for(page, "audio.currentTime > 0.1 && !audio.paused")
    began, clock = now(page), time.monotonic()
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "ArrowRight", "ArrowLeft", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.press("Space")
    latest = began + 11 + time.monotonic() - clock  # it plays on between the keys
    wait_for(
        page, f"audio.paused && audio.currentTime >= {began + 9} && audio.currentTime < {latest}"
    )  # each seek ends by itself
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.keyboard.press("[")
    assert page.locator("audio").evaluate("audio => audio.playbackRate") == 1.25
    expect(page.get_by_label("Speed")).to_have_value("1.25")
    page.get_by_label("Add a note").fill("")
    page.get_by_label("Add a note").press_sequentially("a [b] c")
    expect(page.get_by_label("Add a note")).to_have_value("a [b] c")
    assert page.locator("audio").evaluate("audio => [audio.paused, audio.playbackRate]") == [True, 1.25]


def test_buttons_and_slider_say_what_they_are(page, hour):
    open_call(page, hour)
    slider = page.get_by_role("slider", name="Position")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "5")
    expect(slider).to_have_attribute("aria-valuetext", "0:05")
    page.get_by_role("button", name="On 10 seconds").click()
    expect(slider).to_have_attribute("aria-valuenow", "15")
    page.get_by_role("button", name="Back 10 seconds").click()
    expect(slider).to_have_attribute("aria-valuenow", "5")
    page.get_by_label("Speed").select_option("2")
    assert page.locator("audio").evaluate("audio => audio.playbackRate") == 2


def test_a_row_of_the_list_plays_one_at_a_time(page, shot, tenant, parts):
    audio = wav(tone(99, level=0.1), silence(99))
    calls = [make_call(tenant, f"+4670123456{n}", started_at=timezone.now() - timedelta(minutes=2 + n)) for n in range(2)]
    rows = [make_recording(call, audio, duration_ms=99_000, channels=2) for call in calls]
    sign_in(page, staff(tenant, "agent", username="astrid"))
    page.goto(f"{reverse('admin:calls_call_changelist')}?period=all")
    first, second = (page.locator(f"a[data-mini*='{row.pk}']") for row in rows)
    first.click()
    expect(first).to_have_text(re.compile(r"pause\s*\d:\d\d / 1:39"))
    shot("browser-row-player")
    second.click()
    expect(second).to_have_text(re.compile(r"pause\s*\d:\d\d / 1:39"))  # it is heard, not only asked for
    expect(first).to_have_text(re.compile("play_arrow"))
    second.focus()
    page.keyboard.press("Space")
    expect(second).to_have_text(re.compile("play_arrow"))
    assert {status for status, *_ in parts} == {206}
    assert CallEvent.objects.filter(kind=EventKind.RECORDING_PLAYED).count() == 2


@pytest.mark.parametrize("script", ["player.js", "wavesurfer.min.js"])
def test_where_a_script_does_not_load_the_browsers_own_player_is_there(chromium, live_server, hour, script):
    with profile(chromium, live_server) as context:
        page = context.new_page()
        page.route(f"**/{script}", lambda route: route.abort())
        open_call(page, hour)
        expect(page.locator("audio[controls]")).to_be_visible()
        expect(page.locator("[data-controls]")).to_be_hidden()


PLAYED = [*ENCODED, "gsm"]


@pytest.mark.parametrize("name", PLAYED)
def test_plays_every_type_that_is_taken(page, tenant, name):
    audio = gsm_wav(50) if name == "gsm" else encoded(name)
    path = files.settings.CALLHUB_SPOOL_DIR.parent / "audio"
    path.write_bytes(audio)
    recording = make_recording(make_call(tenant), audio, **vars(probe(path)))
    open_call(page, recording)
    page.keyboard.press("Space")
    wait_for(page, "audio.currentTime > 0.2")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(f".{recording.extension}")
    with open(download.value.path(), "rb") as file:
        assert file.read() == audio


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_player_fits_the_screen(chromium, live_server, hour, width, scheme):
    stereo = {"channels": 2, "talk_share_left": 0.4, "talk_share_right": 0.41, "overtalk_share": 0.03}
    peaks = [[90 if n % 40 < 18 else 1 for n in range(600)], [80 if n % 40 >= 22 else 1 for n in range(600)]]
    make_recording(hour.call, wav(tone(2), tone(2)), duration_ms=2000, peaks=peaks, analysed_at=timezone.now(), **stereo)
    with profile(chromium, live_server, viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        open_call(page, hour)
        expect(page.locator("[data-player]")).to_have_count(2)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"player-{scheme}-{width}.png")

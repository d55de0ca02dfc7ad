"""The demo: believable, deterministic, safe to ask for twice."""

from __future__ import annotations

import json
import stat
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from calls import demo
from calls.choices import Direction, Disposition, MatchState, State
from calls.models import Call, CallEvent, CallLeg
from contacts.matching import find_contact
from contacts.models import Contact
from contacts.phone import read_number
from tenants.authentication import by_password, by_token
from tenants.choices import Role
from tenants.models import Tenant, User
from tests.make import make_tenant

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "demo.json"


def make_demo(place: Path, calls: int = 600, seed: int = 1, *, sound: bool = False) -> demo.Demo:
    return demo.make(seed=seed, calls=calls, now=NOW, keep_in=place, say=lambda line: None, sound=sound)


def test_there_is_one_of_everything(place: Path) -> None:
    made = make_demo(place, 1500)
    calls = Call.objects.all()
    assert calls.count() == made.calls == 1500
    assert set(calls.values_list("direction", flat=True)) == set(Direction)
    assert set(calls.values_list("disposition", flat=True)) == set(Disposition)
    assert {MatchState.EXACT, MatchState.SEVERAL, MatchState.NONE} <= set(calls.values_list("match_state", flat=True))
    for tenant in Tenant.objects.all():
        own = calls.for_tenant(tenant)
        assert own.live().filter(started_at__lt=NOW - timedelta(hours=12)).count() == 1  # the stuck one
        assert own.live().filter(started_at__gte=NOW - timedelta(minutes=10)).count() == 3
        assert own.filter(is_withheld=True).exists()
        assert own.filter(is_flagged=True).exclude(flag_notes="").exists()
        assert own.exclude(notes="").exclude(outcome="").exists()
        assert own.filter(tags__isnull=False).exists()
        assert own.filter(agent=None).count() == 0
        assert Counter(own.unmatched().exclude(remote_e164="").values_list("remote_e164", flat=True)).most_common(1)[0][1] > 5
    assert CallLeg.objects.filter(role="transfer").exists()
    assert CallEvent.objects.filter(summary="Ringing").exists()


def test_no_call_is_of_the_future_or_older_than_a_month(place: Path) -> None:
    make_demo(place)
    assert not Call.objects.filter(started_at__gt=NOW).exists()
    assert not Call.objects.filter(ended_at__gt=NOW).exists()
    assert not Call.objects.filter(started_at__lt=NOW - timedelta(days=31)).exists()


def test_people_call_in_office_hours_less_at_lunch_and_hardly_at_weekends(place: Path) -> None:
    make_demo(place, 1500)
    tenant = Tenant.objects.get(slug="demo")
    local = [moment.astimezone(tenant.zone) for moment in Call.objects.for_tenant(tenant).values_list("started_at", flat=True)]
    hours = Counter(moment.hour for moment in local)
    assert hours[9] > hours[12] < hours[14]
    assert sum(hours[hour] for hour in range(8, 17)) > 0.85 * len(local)
    assert sum(moment.weekday() >= 5 for moment in local) < 0.1 * len(local)


def test_the_same_seed_and_moment_make_the_same_rows(place: Path) -> None:
    def rows() -> list[Any]:
        of_calls = ("tenant__slug", "source", "external_id", "direction", "disposition", "started_at", "ended_at", "talk_ms")
        of_links = ("caller_raw", "callee_raw", "remote_e164", "contact__name", "agent__name", "center__name", "match_state")
        found = [
            list(Call.objects.order_by("tenant__slug", "external_id").values_list(*of_calls, *of_links, "notes", "outcome")),
            list(Contact.objects.order_by("tenant__slug", "name").values_list("name", "email", "external_id", "numbers__raw")),
        ]
        Tenant.objects.all().delete()
        User.objects.all().delete()
        return found

    make_demo(place, 300)
    first = rows()
    make_demo(place, 300)
    assert rows() == first
    make_demo(place, 300, seed=2)
    assert rows() != first


def test_a_number_two_people_share_is_nobodys(place: Path) -> None:
    made = make_demo(place)
    for cast in made.casts:
        match = find_contact(cast.tenant, read_number(cast.twins, cast.tenant.country))
        assert len(match.candidates) == 2


def test_the_vendor_pages_own_example_finds_its_contact_and_agent(place: Path) -> None:
    tenant = make_demo(place).casts[0].tenant
    max_ = Contact.objects.for_tenant(tenant).get(external_id="max123")
    assert find_contact(tenant, read_number("+4670123456", "SE")).contact == max_


def test_everybody_can_sign_in_with_what_was_written_down(place: Path) -> None:
    make_demo(place)
    told = json.loads(place.read_text("utf-8"))
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [tenant["slug"] for tenant in told["tenants"]] == ["demo", "lakeside"]
    for tenant in told["tenants"]:
        assert by_token(tenant["token"]).tenant.slug == tenant["slug"]
        assert by_password(tenant["username"], tenant["password"]).role == Role.OWNER
        roles = {person["role"]: by_password(person["username"], person["password"]) for person in tenant["people"]}
        assert {role: principal.role for role, principal in roles.items()} == {role: role for role in Role}
        assert roles["agent"].center_id
        assert not roles["manager"].center_id
    operator = User.objects.get(username=told["operator"]["username"])
    assert operator.is_operator
    assert operator.check_password(told["operator"]["password"])


def test_passwords_differ_from_one_installation_to_the_next(place: Path) -> None:
    passwords = {demo.cast.new_password() for _ in range(50)}
    assert len(passwords) > 45


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_demo(tmp_path / "nowhere" / "demo.json", 100)
    assert not Tenant.objects.exists()
    assert not User.objects.exists()


def test_the_command_says_how_far_it_is_and_asks_nothing_twice(place: Path) -> None:
    out = StringIO()
    call_command("demo", "--calls", "200", "--silent", stdout=out)
    assert "Lakeside Property Group: 12 agents" in out.getvalue()
    written, calls = place.read_text("utf-8"), Call.objects.count()

    call_command("demo", "--once", stdout=out)
    with pytest.raises(CommandError, match="here already"):
        call_command("demo", stdout=out)

    assert (place.read_text("utf-8"), Call.objects.count()) == (written, calls)


def test_the_command_leaves_a_stranger_alone(place: Path) -> None:
    User.objects.create(username="operator")
    with pytest.raises(CommandError, match="operator"):
        call_command("demo", "--calls", "200", stdout=StringIO())
    assert not Tenant.objects.exists()
    make_tenant("lakeside")
    with pytest.raises(CommandError, match="here already"):
        call_command("demo", stdout=StringIO())


def test_calls_that_go_on_have_no_end(place: Path) -> None:
    make_demo(place)
    assert set(Call.objects.live().values_list("state", "ended_at", "talk_ms")) == {(State.IN_PROGRESS, None, None)}


@pytest.mark.parametrize("words", [[], ["--once"]])
def test_is_refused_in_production(place: Path, settings: Any, words: list[str]) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        call_command("demo", "--silent", *words)
    assert not place.exists()
    assert not User.objects.exists()

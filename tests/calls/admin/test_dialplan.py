"""What a tenant may dial: owners choose countries and keep the list of numbers not to call, operators set the limits."""

from __future__ import annotations

import re

import pytest

from calls import dialer
from calls.choices import LegRole
from calls.errors import DialRefused
from calls.models import DialPlan, DoNotCall
from calls.telephony.base import Endpoint, EndpointKind
from calls.telephony.simulator import script_of
from tests.calls.dialer.ordering import ORDINARY, order
from tests.make import make_line, make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

PLANS, LIST, PASTE = "/admin/calls/dialplan/", "/admin/calls/donotcall/", "/admin/calls/donotcall/paste"
LIMITS = {
    "concurrent_legs": "7", "minutes_per_day": "70", "calls_per_destination": "4", "calls_per_second": "3",
    "longest_call_s": "60", "extension_prefix": "0003",
}  # fmt: skip


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB")


@pytest.fixture
def user(tenant):
    return staff(tenant, "owner", first_name="Eva", last_name="Ek")


@pytest.fixture
def owner(user):
    return signed_in(user)


# Dial plans


def test_an_owner_chooses_countries_and_no_limits(owner, tenant):
    assert owner.post(f"{PLANS}add/", {"countries": ["SE", "NO"], **LIMITS}).status_code == 302
    plan = DialPlan.objects.get()
    assert (plan.tenant, plan.countries) == (tenant, ["SE", "NO"])
    assert plan.minutes_per_day == DialPlan().minutes_per_day
    assert owner.post(f"{PLANS}{plan.pk}/change/", {"countries": [], **LIMITS}).status_code == 302
    plan.refresh_from_db()
    assert (plan.countries, plan.concurrent_legs) == ([], DialPlan().concurrent_legs)
    assert owner.post(f"{PLANS}{plan.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_operator_sets_the_limits_of_any_tenant(tenant):
    operator = signed_in(make_operator())
    assert operator.post(f"{PLANS}add/", {"tenant": str(tenant.pk), "countries": ["SE"], **LIMITS}).status_code == 302
    plan = DialPlan.objects.get()
    assert (plan.concurrent_legs, plan.minutes_per_day, plan.extension_prefix) == (7, 70, "0003")
    assert operator.post(f"{PLANS}{plan.pk}/delete/", {"post": "yes"}).status_code == 302


@pytest.mark.parametrize("countries", [["XX"], ["SE", "sverige"], ["\0"], ["SE'--"]])
def test_what_is_no_country_is_refused(owner, countries):
    assert owner.post(f"{PLANS}add/", {"countries": countries}).status_code == 200
    assert not DialPlan.objects.exists()


def test_a_second_plan_is_refused_in_words(owner, tenant):
    DialPlan.objects.create(tenant=tenant)
    answer = owner.post(f"{PLANS}add/", {"countries": ["SE"]})
    assert answer.status_code == 200
    assert "has a dial plan already" in answer.content.decode()


@pytest.mark.parametrize(("role", "sees"), [("manager", 200), ("agent", 403), ("viewer", 403)])
def test_others_change_nothing(tenant, role, sees):
    plan = DialPlan.objects.create(tenant=tenant)
    row = DoNotCall.objects.create(tenant=tenant, number="210", match_key="210")
    client = signed_in(staff(tenant, role))
    assert client.get(PLANS).status_code == client.get(LIST).status_code == sees
    changes = [(f"{PLANS}{plan.pk}/change/", {}), (f"{LIST}add/", {"number": "211"}), (PASTE, {"numbers": "211"})]
    for address, form in [*changes, (f"{LIST}{row.pk}/delete/", {"post": "yes"})]:
        assert client.post(address, form).status_code == 403, address
    assert list(DoNotCall.objects.values_list("number", flat=True)) == ["210"]


def test_todays_use_stands_beside_each_limit(owner, tenant):
    dialer.place(tenant, order(make_line(tenant, "210")))
    text = owner.get(PLANS).content.decode()
    for words in ("Telephones at the same time", "Minutes dialled today", "Calls today to one number (+46 70 123 45 67)"):
        assert words in text, words
    plan = DialPlan.objects.create(tenant=tenant)
    assert "Telephones at the same time: 2 / 60" in owner.get(f"{PLANS}{plan.pk}/change/").content.decode()


# Numbers not to call


def test_a_number_added_in_any_spelling_is_not_called_and_says_who_added_it(owner, user, tenant):
    assert owner.post(f"{LIST}add/", {"number": "070-123 45 67", "reason": "asked"}).status_code == 302
    row = DoNotCall.objects.get()
    assert (row.e164, row.added_by, row.reason) == (ORDINARY, user, "asked")
    with pytest.raises(DialRefused, match="not to be called"):
        dialer.place(tenant, order(make_line(tenant, "210")))
    text = owner.get(LIST).content.decode()
    assert "+46 70 123 45 67" in text
    assert "Eva Ek" in text


@pytest.mark.parametrize(
    ("number", "words"), [("+46 70 123 45 67", "on the list already"), ("abc", "not a number"), ("", "required")]
)
def test_what_cannot_be_added_is_refused_in_words(owner, tenant, number, words):
    dialer.forbid(tenant, [(ORDINARY, "")])
    answer = owner.post(f"{LIST}add/", {"number": number})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert DoNotCall.objects.count() == 1


@pytest.mark.parametrize(("asked", "count"), [("0701234567", 1), ("+46 70-123 45 67", 1), ("rude", 1), ("0709", 0), ("", 2)])
def test_is_found_by_any_spelling_and_by_its_reason(owner, tenant, asked, count):
    dialer.forbid(tenant, [(ORDINARY, "asked"), ("08-555 666 77", "rude words")])
    assert len(owner.get(LIST, {"q": asked}).context["cl"].result_list) == count


def test_many_are_pasted_at_once_and_every_line_is_accounted_for(owner, user, tenant):
    dialer.forbid(tenant, [(ORDINARY, "")])
    text = "070-123 45 67\n\n08-555 666 77; moved\n+46 8 555 666 77\nhello <b>\n+47 22 22 22 22\tasked\r\n"
    answer = owner.post(PASTE, {"numbers": text, "reason": "old list"}, follow=True)
    told = answer.content.decode()
    assert "2 numbers were added, 2 were there already." in told
    assert "1 line is no number: “hello &lt;b&gt;”" in told
    rows = DoNotCall.objects.exclude(e164=ORDINARY).order_by("e164").values_list("e164", "reason", "added_by")
    assert list(rows) == [("+46855566677", "moved", user.pk), ("+4722222222", "asked", user.pk)] or list(rows) == [
        ("+4722222222", "asked", user.pk),
        ("+46855566677", "moved", user.pk),
    ]


def test_too_many_lines_are_refused_in_words(owner, monkeypatch):
    monkeypatch.setattr("calls.admin.donotcall.MOST_LINES", 2)
    answer = owner.post(PASTE, {"numbers": "1\n2\n3"})
    assert "At most 2 lines at once." in answer.content.decode()
    assert "required" in owner.post(PASTE, {"numbers": " "}).content.decode()


def test_pasting_costs_the_same_for_two_and_for_two_hundred(tenant, django_assert_max_num_queries):
    for count in (2, 200):
        with django_assert_max_num_queries(4):
            told = dialer.forbid(tenant, [(f"+4670{count:03}{number:04}", "") for number in range(count)])
        assert told.added == count


def test_an_operator_says_for_whom_they_paste(tenant):
    operator = signed_in(make_operator())
    assert "required" in operator.post(PASTE, {"numbers": ORDINARY}).content.decode()
    assert operator.post(PASTE, {"numbers": ORDINARY, "tenant": str(tenant.pk)}).status_code == 302
    assert DoNotCall.objects.get().tenant == tenant


def test_an_owner_of_one_tenant_pastes_for_no_other(owner, tenant):
    other = make_tenant()
    owner.post(PASTE, {"numbers": ORDINARY, "tenant": str(other.pk)})
    assert DoNotCall.objects.get().tenant == tenant


# Lines, and numbers to try things with


def test_the_numbers_to_try_things_with_do_what_is_said_of_them(owner):
    from calls.admin.sandbox import NUMBERS

    done = {number: script_of(Endpoint(kind=EndpointKind.EXTENSION, digits=number), LegRole.DESTINATION) for number, _ in NUMBERS}
    told = {
        number: (play.rings_s, play.answers_s, play.hangs_up_after_s, play.refuses_s, play.sip_status)
        for number, play in done.items()
    }
    assert told == {
        "00202": (0, 2, None, None, 0), "00213": (0, 1, 3, None, 0), "00222": (0, 2, None, None, 0),
        "00486": (None, None, None, 0, 486), "00603": (None, None, None, 0, 603), "00233": (0, None, None, 3, 486),
        "00243": (0, None, None, 3, 603), "00180": (0, None, None, None, 0), "00100": (None, None, None, None, 0),
        "00404": (None, None, None, 0, 404), "00503": (None, None, None, 0, 503),
    }  # fmt: skip
    assert done["00222"].is_silent


def test_they_stand_with_the_lines_and_can_be_called(owner, tenant):
    line = make_line(tenant, "210")
    for address in ("/admin/calls/line/", f"/admin/calls/line/{line.pk}/change/"):
        text = owner.get(address).content.decode()
        assert "Numbers to try things with" in text
        assert "number=00486" in text
    viewer = signed_in(staff(tenant, "viewer"))
    assert "data-dial=" not in viewer.get("/admin/calls/line/").content.decode()


def test_they_are_not_shown_where_a_real_exchange_is(owner, tenant, settings):
    settings.CALLHUB_TELEPHONY = "asterisk"
    real = make_line(tenant, "211", backend="asterisk")
    assert "Numbers to try things with" not in owner.get("/admin/calls/line/").content.decode()
    assert "Numbers to try things with" not in owner.get(f"/admin/calls/line/{real.pk}/change/").content.decode()


def test_what_is_wrong_is_said_where_screen_readers_look_for_it(owner):
    text = owner.post(PASTE, {"numbers": ""}).content.decode()
    described = [key for keys in re.findall(r'aria-describedby="([^"]+)"', text) for key in keys.split()]
    assert {"id_numbers_helptext", "id_numbers_error"} <= set(described)
    assert [key for key in described if f'id="{key}"' not in text] == []


@pytest.mark.parametrize(("is_operator", "stays"), [(False, False), (True, True)])
def test_only_an_operators_new_number_stays_proven(tenant, is_operator, stays):
    client = signed_in(make_operator() if is_operator else staff(tenant, "manager"))
    line = make_line(tenant, "211", backend="asterisk", is_proven=True)
    fields = {"tenant": tenant.pk, "number": "212", "backend": "asterisk", "is_proven": "on", "is_active": "on"}
    assert client.post(f"/admin/calls/line/{line.pk}/change/", fields).status_code == 302
    line.refresh_from_db()
    assert (line.match_key, line.is_proven) == ("212", stays)

"""In which order things are refused, and what the dialer's refusals become."""

from __future__ import annotations

import pytest

from calls.choices import DialMeter
from calls.dialects.voipnow.errors import refused_dial
from calls.errors import DIAL_CODES, DialRefused
from calls.models import Call, DialPlan, DialUse, DoNotCall, Line
from tests.calls.dialects.voipnow.asking import CREATE, TALKS_ON, order, refusal

pytestmark = pytest.mark.django_db(transaction=True)

# What may be wrong, in the vendor's order; each is mended in turn and the next shows.
WRONG = [
    ("user_invalid", "path", ("nobody", "@me")),
    ("extension_invalid", "extension", ("@self", "0003*210")),
    ("pc_duration_invalid", "callDuration", ("ten", "600")),
    ("pc_source_invalid", "source", ([], ["0003*210"])),
    ("pc_destination_invalid", "destination", (["x"], [TALKS_ON])),
    ("pc_timeout_invalid", "waitForPickup", ("0", "40")),
    ("pc_callerid_invalid", "callerId", ("John", "John <5550100>")),
    ("pc_transfer_invalid", "allowPublicTransfer", ("maybe", "true")),
    ("pc_nonce_invalid", "nonce", (5, "n")),
    ("fields_invalid", "fields", ("secret", "id")),
]
QUERY = {"callDuration", "waitForPickup", "allowPublicTransfer", "fields"}


@pytest.mark.parametrize("mended", range(len(WRONG)), ids=[code for code, _, _ in WRONG])
def test_the_first_error_in_the_vendors_order_is_told(api, mended):
    values = {name: values[place < mended] for place, (_, name, values) in enumerate(WRONG)}
    query = "&".join(f"{name}={values[name]}" for name in QUERY)
    body = order(**{name: value for name, value in values.items() if name not in QUERY and name != "path"})
    response = api.post(body, f"/uapi/phoneCalls/{values['path']}/simple?{query}")
    refusal(response, WRONG[mended][0])
    assert not Call.objects.exists()


def test_a_token_is_looked_at_before_everything(client):
    response = client.post("/uapi/phoneCalls/nobody/simple?callDuration=x", "{", content_type="application/json")
    refusal(response, "access_denied", 401)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+4790012345", "country"),
        ("+88216123456", "made to cost"),
        ("+469001234567", "Premium"),
        ("+46709999999", "not to be called"),
    ],
)
def test_numbers_that_are_not_called_get_the_code_of_their_field(api, acme, number, said):
    DoNotCall.objects.create(tenant=acme, number="+46709999999", e164="+46709999999", match_key="709999999")
    assert said in refusal(api.post(order(destination=number)), "pc_destination_invalid")
    assert said in refusal(api.post(order(source=["0003*210", number])), "pc_source_invalid")


def test_too_many_sources(api):
    refusal(api.post(order(source=[f"55501{n:02}" for n in range(11)])), "pc_source_invalid")


def test_a_line_that_is_switched_off(api):
    Line.objects.update(is_active=False)
    refusal(api.post(order()), "extension_invalid")


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"calls_per_second": 1}, "too_many_per_second"),
        ({"concurrent_legs": 3}, "too_many_legs"),
        ({"minutes_per_day": 1, "longest_call_s": 60}, "minutes_used_up"),
        ({"calls_per_destination": 1}, "destination_calls_used_up"),
    ],
)
def test_limits_are_429(api, acme, clock, limit, code):
    DialPlan.objects.filter(tenant=acme).update(**limit)
    api.created()
    refusal(api.post(order()), code, 429)
    assert Call.objects.count() == 1
    assert DialUse.objects.filter(meter=DialMeter.LEGS).get().used == 2


def test_where_it_may_work_soon_it_says_when(api, acme, clock):
    DialPlan.objects.filter(tenant=acme).update(calls_per_second=1)
    api.created()
    assert api.post(order())["Retry-After"] == "1"


@pytest.mark.parametrize("code", DIAL_CODES)
def test_every_refusal_of_the_dialer_has_an_answer(code):
    refused = refused_dial(DialRefused("No.", code=code))
    assert refused.status in (400, 429, 501, 503)
    assert refused.message == "No."


def test_the_tenants_requests_are_counted(api, settings):
    settings.CALLHUB_CALLS_PER_MINUTE = 1
    assert api.get("/uapi/phoneCalls/@me/@self").status_code == 200
    response = api.post(order(), CREATE)
    refusal(response, "too_many_requests", 429)
    assert 1 <= int(response["Retry-After"]) <= 60

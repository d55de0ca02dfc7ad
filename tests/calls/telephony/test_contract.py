"""What may go to an exchange: proven digits, bounded lengths, names that stay within their quotes."""

from __future__ import annotations

import pytest

from calls.telephony.asterisk.switch import Switch, shown
from calls.telephony.base import Backend, CallerId, Endpoint, EndpointKind, Message, NotPossible
from tests.calls.telephony.memory import MemoryBook, make_order, telephone

pytestmark = pytest.mark.once

SWITCH = Switch(url="http://pbx", user="u", password="p")


@pytest.mark.parametrize(
    "digits", ["", "1", "+", "46 70", "4670@evil", "4670&PJSIP/1", "070-1", "١٢٣", "4" * 16, "12\n", "+46,,1"]
)
def test_refuses_what_is_no_number(digits):
    with pytest.raises(ValueError, match="no number"):
        Endpoint(kind=EndpointKind.NUMBER, digits=digits)


@pytest.mark.parametrize("digits", ["", "*210", "210*", "2*1*0", "a", "210)", "+210", "21\n"])
def test_refuses_what_is_no_extension(digits):
    with pytest.raises(ValueError, match="no extension"):
        Endpoint(kind=EndpointKind.EXTENSION, digits=digits)


@pytest.mark.parametrize("digits", ["210", "0003*210"])
def test_takes_short_and_extended_extensions(digits):
    assert SWITCH.dial_string(Endpoint(kind=EndpointKind.EXTENSION, digits=digits)) == f"PJSIP/{digits}"


@pytest.mark.parametrize(("dials_plus", "dialled"), [(True, "PJSIP/+46701@carrier"), (False, "PJSIP/46701@carrier")])
def test_trunk_gets_its_numbers_with_or_without_plus(dials_plus, dialled):
    switch = Switch(url="http://pbx", user="u", password="p", dials_plus=dials_plus)
    assert switch.dial_string(telephone("+46701")) == dialled


def test_a_callers_name_cannot_leave_its_quotes():
    assert shown(CallerId(number="4242", name='Eve" <911>\r\n\\')) == '"Eve 911" <4242>'


def test_nobody_is_shown_without_a_number():
    assert shown(CallerId(name="Eve")) == ""


def test_refuses_a_caller_that_is_no_number():
    with pytest.raises(ValueError, match="can be shown"):
        CallerId(number="42> <911")


@pytest.mark.parametrize(
    "fields", [{"wait_for_pickup_s": 0}, {"wait_for_pickup_s": 301}, {"max_duration_s": 0}, {"max_duration_s": 86401}]
)
def test_refuses_lengths_out_of_range(fields):
    with pytest.raises(ValueError, match="out of range"):
        make_order(**fields)


def test_refuses_a_call_of_nobody_and_a_crowd():
    with pytest.raises(ValueError, match="source or a message"):
        make_order("")
    with pytest.raises(ValueError, match="10 sources"):
        make_order(" ".join(["1000200"] * 11))


@pytest.mark.parametrize("fields", [{}, {"text": "  "}])
def test_refuses_a_message_of_nothing(fields):
    with pytest.raises(ValueError, match="either text or a file"):
        Message(**fields)


def test_a_backend_that_can_nothing_says_so():
    class Mute(Backend):
        name = "mute"

    backend, order = Mute(MemoryBook()), make_order()
    verbs = {
        "place": (order,),
        "ask": (order.id,),
        "hang_up": (order.id,),
        "hold": (order.id,),
        "resume": (order.id,),
        "recordings": (),
        "delete_recording": ("x",),
        "fetch_recording": ("x", None),
    }
    for verb, arguments in verbs.items():
        with pytest.raises(NotPossible, match="mute cannot"):
            getattr(backend, verb)(*arguments)
    with pytest.raises(NotPossible):
        backend.transfer(order.id, telephone("2000200"), instead_of="d")

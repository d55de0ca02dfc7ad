"""How legs and calls come out, by the tables seen on Asterisk 22 and 16 and that of RFC 3398."""

from __future__ import annotations

import pytest

from calls.telephony.disposition import (
    ANSWERED,
    CANCELLED,
    NO_ANSWER,
    SIP_STATUS_OF_CAUSE,
    Outcome,
    of_leg,
    of_several,
    of_sip_status,
)

pytestmark = pytest.mark.once

# cause, SIP status as Asterisk 22 gives them → outcome
SEEN = [
    (17, 486, "BUSY"),
    (17, 600, "BUSY"),
    (21, 603, "REJECTED"),
    (21, 403, "REJECTED"),
    (1, 404, "FAILED:404"),
    (34, 503, "FAILED:503"),
    (38, 500, "FAILED:500"),
    (58, 488, "FAILED:488"),
    (19, 480, "NO_ANSWER"),
    (18, 408, "NO_ANSWER"),
]


@pytest.mark.parametrize(("cause", "sip_status", "outcome"), SEEN)
def test_the_telephones_own_status_decides(cause, sip_status, outcome):
    assert str(of_leg(answered=False, cause=cause, sip_status=sip_status)) == outcome


@pytest.mark.parametrize(("cause", "sip_status", "outcome"), [case for case in SEEN if case[0] != 38])
def test_without_a_status_the_cause_says_the_same(cause, sip_status, outcome):
    assert str(of_leg(answered=False, cause=cause)) == outcome


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (2, "FAILED:404"),
        (3, "FAILED:404"),
        (20, "NO_ANSWER"),
        (22, "FAILED:410"),
        (27, "FAILED:502"),
        (28, "FAILED:484"),
        (29, "FAILED:501"),
        (31, "NO_ANSWER"),
        (38, "FAILED:503"),
        (41, "FAILED:503"),
        (57, "REJECTED"),
        (65, "FAILED:488"),
        (102, "FAILED:504"),
        (127, "FAILED:500"),
        (99, "FAILED:500"),
        (None, "FAILED:500"),
    ],
)
def test_causes_map_as_rfc_3398_says(cause, outcome):
    assert str(of_leg(answered=False, cause=cause)) == outcome


def test_every_mapped_cause_has_a_final_status():
    assert all(400 <= status < 700 for status in SIP_STATUS_OF_CAUSE.values())


@pytest.mark.parametrize("cause", [0, 16, 17, None])
def test_answered_is_answered_however_it_ends(cause):
    assert of_leg(answered=True, cause=cause, dropped=True) == ANSWERED


@pytest.mark.parametrize(("cause", "sip_status"), [(0, None), (None, None), (19, 480), (18, 408)])
def test_ringing_to_the_end_of_the_wait_is_no_answer(cause, sip_status):
    assert of_leg(answered=False, cause=cause, sip_status=sip_status, waited_out=True) == NO_ANSWER


@pytest.mark.parametrize(("cause", "sip_status"), [(16, None), (0, None), (127, 487), (26, 487)])
def test_dropped_before_the_answer_is_cancelled(cause, sip_status):
    assert of_leg(answered=False, cause=cause, sip_status=sip_status, dropped=True) == CANCELLED


def test_a_refusal_that_crosses_our_drop_stays_a_refusal():
    assert str(of_leg(answered=False, cause=17, sip_status=486, dropped=True)) == "BUSY"


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([486, 480], "NO_ANSWER"),
        ([603, 486], "BUSY"),
        ([503, 603], "REJECTED"),
        ([404, 503], "FAILED:404"),
        ([503, 404], "FAILED:503"),
        ([], "CANCELLED"),
    ],
)
def test_of_several_sources_the_most_telling_end_counts(outcomes, expected):
    assert str(of_several(of_sip_status(status) for status in outcomes)) == expected


def test_an_outcome_reads_as_the_vendors_write_it():
    assert str(Outcome(of_sip_status(503).disposition, "503")) == "FAILED:503"

"""Planhat keeps every dialect's promises, at both doors."""

from __future__ import annotations

from calls.dialects.planhat import DIALECT
from tests.calls.dialects.contract import DialectContract, Good
from tests.calls.dialects.planhat.samples import PAGE_EXAMPLE


class _PlanhatContract(DialectContract):
    dialect = DIALECT
    date_field = "start"
    text_field = "nr"

    def check_envelope(self, answer, status):
        assert {"error", "message"} <= answer.keys() <= {"error", "message", "fields"}
        assert all(isinstance(answer[name], str) for name in ("error", "message"))

    def send(self, client, *arguments, **more):
        response = super().send(client, *arguments, **more)
        assert int(response["X-Rate-Limit-Remaining"]) < int(response["X-Rate-Limit-Limit"]) or response.status_code == 429
        return response


class TestTokenDoor(_PlanhatContract):
    def good(self):
        return Good(path="/calls", body=PAGE_EXAMPLE, headers={"Authorization": f"Bearer {self.token}"})


class TestUpserts(_PlanhatContract):
    """The same promises for the people calls are matched with."""

    text_field = "phone"

    def good(self):
        body = {"name": "Max", "phone": "+4670123456"}
        return Good(path="/endusers", body=body, headers={"Authorization": f"Bearer {self.token}"})

    # No field of an end user is a date.
    test_refuses_dates_outside_the_calendar = None
    test_refuses_dates_that_are_none = None


class TestOpenDoor(_PlanhatContract):
    """Open: there are no credentials to be wrong, and those that come are not looked at."""

    def good(self):
        return Good(path="/acme/calls", body=PAGE_EXAMPLE)

    def test_refuses_a_request_without_credentials(self, client):
        assert self.send(client, self.without_credentials()).status_code == 200

    def test_refuses_wrong_and_undecodable_credentials(self, client):
        assert [self.send(client, wrong).status_code for wrong in self.with_wrong_credentials()] == [200, 200, 200]

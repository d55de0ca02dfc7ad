"""HostedSuite keeps what every dialect promises."""

from __future__ import annotations

from calls.dialects.hostedsuite import DIALECT
from tenants.models import ApiToken
from tests.calls.dialects.contract import DialectContract, Good, basic
from tests.calls.dialects.hostedsuite.asking import (
    CREDENTIALS,
)


class TestContract(DialectContract):
    dialect = DIALECT
    date_field = "StartDate"
    text_field = "ClientId"
    wants_credentials = False

    def good(self):
        token = ApiToken.objects.get()
        credentials = {"CustomerName": "acme", "UserName": token.user.username, "Password": self.token}
        return Good(path="/api/calls", body={**credentials, "StartDate": "2024-01-31", "ClientId": "5d81eb28aeeafc7a74d8f999"})

    def without_credentials(self):
        return Good(path="/api/calls", body={"StartDate": "2024-01-31"})

    def with_wrong_credentials(self):
        good = self.good()
        wrong = [{**good.body, name: "wrong"} for name in CREDENTIALS]
        header = Good(path=good.path, body={}, headers=basic(good.body["UserName"], self.token))
        return [*(Good(path=good.path, body=body) for body in wrong), header]

    def check_envelope(self, answer, status):
        assert set(answer) == {"ResponseStatus"}
        assert answer["ResponseStatus"]["ErrorCode"]
        assert answer["ResponseStatus"]["Message"]
        assert isinstance(answer["ResponseStatus"]["Errors"], list)

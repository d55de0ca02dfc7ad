"""VoipNow keeps every dialect's promises, at the door of calls and at that of tokens."""

from __future__ import annotations

import pytest

from calls.dialects.voipnow import DIALECT
from calls.dialer.samples import make_sample_lines
from tenants import oauth
from tenants.models import AccessToken, ApiToken, OAuthApp
from tests.calls.dialects.contract import DialectContract, Good
from tests.calls.dialects.voipnow.asking import CREATE, sample


class TestContract(DialectContract):
    dialect = DIALECT
    text_field = "nonce"

    @pytest.fixture(autouse=True)
    def _lines(self, _a_tenant):
        make_sample_lines(self.tenant, ApiToken.objects.get().user)

    def good(self):
        return Good(path=CREATE, body=sample("public_numbers"), headers={"Authorization": f"Bearer {self.token}"})

    def check_envelope(self, answer, status):
        assert set(answer) == {"error"}
        assert set(answer["error"]) == {"code", "message"}
        assert all(isinstance(text, str) and text for text in answer["error"].values())

    # No field of a request for a call is a date.
    test_refuses_dates_outside_the_calendar = None
    test_refuses_dates_that_are_none = None


class TestTokenDoor(DialectContract):
    """Credentials are part of the body; the envelope is that of RFC 6749, except for addresses that are not there."""

    dialect = DIALECT
    text_field = "client_secret"
    wants_credentials = False

    @pytest.fixture(autouse=True)
    def _app(self, _a_tenant):
        app, self.secret = oauth.make_app(self.tenant, name="CRM", level="organization")
        self.client_id = app.client_id

    def good(self):
        body = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret}
        return Good(path="/oauth/token.php", body=body)

    def without_credentials(self):
        return Good(path="/oauth/token.php", body={"grant_type": "client_credentials"})

    def with_wrong_credentials(self):
        wrong = [{**self.good().body, name: "wrong"} for name in ("client_id", "client_secret")]
        return [*(Good(path="/oauth/token.php", body=body) for body in wrong), *super().with_wrong_credentials()[2:]]

    def rows(self):
        return [*super().rows(), AccessToken.objects.count(), OAuthApp.objects.count()]

    def check_envelope(self, answer, status):
        if status == 404:
            TestContract.check_envelope(self, answer, status)
        else:
            assert isinstance(answer["error"], str)
            assert set(answer) <= {"error", "error_description"}

    test_refuses_dates_outside_the_calendar = None
    test_refuses_dates_that_are_none = None

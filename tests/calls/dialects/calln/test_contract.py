"""CallN keeps every dialect's promises."""

from __future__ import annotations

import pytest

from calls.dialects.calln import DIALECT
from calls.models import Recording, Upload
from tenants.models import ApiToken, DepositMonth
from tests.calls.dialects.contract import DialectContract, Good, basic


class TestContract(DialectContract):
    dialect = DIALECT
    date_field = "startdatetimeutc"
    text_field = "callerphone"

    @pytest.fixture(autouse=True)
    def _on_a_disk_of_its_own(self, on_disk, _a_tenant):
        """Tickets look at the room that is left."""

    def good(self):
        user = ApiToken.objects.get().user.username
        body = {"startdatetimeutc": "2013-10-09 15:23:54", "callername": "fred", "callerphone": "0409123456"}
        return Good(path="/api/call", body=body, headers=basic(user, self.token))

    def rows(self):
        return [*super().rows(), *(model.objects.count() for model in (Upload, Recording, DepositMonth))]

    def use_up_the_budget(self, settings):
        settings.CALLHUB_CALLS_PER_MINUTE = 0

    def check_envelope(self, answer, status):
        assert set(answer) == {"message"}
        assert isinstance(answer["message"], str)
        assert answer["message"]

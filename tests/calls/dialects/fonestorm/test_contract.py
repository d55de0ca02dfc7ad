"""FoneStorm keeps every dialect's promises."""

from __future__ import annotations

import pytest
import time_machine

from calls.dialects.fonestorm import DIALECT
from calls.dialects.fonestorm.views import REQUESTS_PER_SECOND
from calls.models import DialPlan, DialUse, Line, Origination
from tenants.budget import spend
from tests.calls.dialects.contract import DialectContract, Good, basic
from tests.calls.dialects.fonestorm.asking import FONENUMBER, TO


class TestContract(DialectContract):
    dialect = DIALECT
    date_field = "to"  # the page has no dates: what is none of a date is none of a number either
    text_field = "tts"

    @pytest.fixture(autouse=True)
    def _in_florida(self, _a_tenant):
        self.tenant.country = "US"
        self.tenant.save()
        DialPlan.objects.create(tenant=self.tenant, adopts_lines=True)

    def good(self):
        body = {"fonenumber": FONENUMBER, "to": TO, "tts": "Reminder: 12:30 tomorrow"}
        return Good(path="/v2/calls", body=body, headers={"token": self.token})

    def with_wrong_credentials(self):
        good = self.good()
        headers = [{"token": wrong} for wrong in ("nobody", "a.b.c", "chub_nobody", "\xff\xfe", f"Bearer {self.token}")]
        headers += [basic("nobody", "wrong"), {"Authorization": f"Bearer {self.token}"}]
        return [Good(path=good.path, body=good.body, headers=wrong) for wrong in headers]

    def rows(self):
        return [*super().rows(), *(model.objects.count() for model in (Line, Origination, DialUse))]

    def use_up_the_budget(self, settings):
        for _ in range(REQUESTS_PER_SECOND):
            spend(f"fonestorm:{self.tenant.pk}", REQUESTS_PER_SECOND, 1)

    @time_machine.travel("2026-03-02T09:00:00Z", tick=False)
    def test_says_in_its_own_envelope_that_it_was_too_many(self, client, settings):
        super().test_says_in_its_own_envelope_that_it_was_too_many(client, settings)

    def check_envelope(self, answer, status):
        assert set(answer) == {"error", "message", "status_code"}
        assert answer["status_code"] == status
        assert answer["error"]
        assert answer["message"]

"""Who may call as whom, who sees what, and what stays out of sight."""

from __future__ import annotations

import logging

import pytest

from callhub.logs import WithoutQueries
from calls.dialer.samples import make_sample_lines
from calls.models import Call, Line, Origination
from tenants.choices import AppLevel, Role, Scope
from tests.calls.dialects.voipnow.asking import Client, order, refusal, token_of
from tests.make import make_agent, make_center, make_line, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db(transaction=True)

ALL = "/uapi/phoneCalls/@me/@self"


@pytest.fixture
def bo(acme, ann):
    bo = make_user(acme, username="bo")
    make_line(acme, "211", agent=make_agent(acme, user=bo), is_phone_terminal=True, shows_any_caller=True)
    return bo


def ids(api, path=ALL):
    return {entry["id"] for entry in api.entry(path)}


class TestAs:
    @pytest.mark.parametrize("spelling", ["number", "pk", "username"])
    def test_a_person_is_named_by_number_id_or_user_name(self, org, ann, spelling):
        user_id = {"number": ann.memberships.get().number, "pk": ann.pk, "username": "ann"}[spelling]
        org.created(order(), f"/uapi/phoneCalls/{user_id}/simple")
        assert Origination.objects.get().requester == ann

    def test_the_owner_of_the_line(self, api, org, ann):
        for program in (api, org):
            program.created(order(), "/uapi/phoneCalls/@owner/simple")
        assert set(Origination.objects.values_list("requester", flat=True)) == {ann.pk}

    def test_the_owner_of_a_line_of_somebody_elses(self, api, bo):
        refusal(api.post(order(extension="211"), "/uapi/phoneCalls/@owner/simple"), "extension_invalid")

    def test_a_line_without_an_owner(self, org, acme):
        make_line(acme, "213", is_phone_terminal=True)
        refusal(org.post(order(extension="213"), "/uapi/phoneCalls/@owner/simple"), "extension_invalid")

    def test_a_line_whose_owner_has_left(self, org, ann):
        ann.memberships.all().delete()
        refusal(org.post(order(), "/uapi/phoneCalls/@owner/simple"), "extension_invalid")

    def test_an_administrators_owner_is_the_lines_as_well(self, admin, ann):
        admin.created(order(), "/uapi/phoneCalls/@owner/simple")
        assert Origination.objects.get().requester == ann

    def test_an_administrator_reaches_the_owner_of_a_line_below(self, admin, acme):
        below = make_tenant("below", parent=acme)
        cleo = make_user(below, username="cleo")
        make_line(below, "0007*310", agent=make_agent(below, user=cleo), is_phone_terminal=True, shows_any_caller=True)
        body = order(extension="0007*310", source=["0007*310"])
        call = admin.created(body, "/uapi/phoneCalls/@owner/simple")
        assert Origination.objects.get().requester == cleo
        assert ids(admin, "/uapi/phoneCalls/@owner/0007*310") == {call["id"]}

    def test_of_two_lines_below_none_is_guessed(self, admin, acme, ann):
        Line.objects.all().delete()
        for slug in ("one", "two"):
            tenant = make_tenant(slug, parent=acme)
            make_sample_lines(tenant, make_user(tenant))
        refusal(admin.post(order(), "/uapi/phoneCalls/@owner/simple"), "extension_invalid")

    def test_an_administrator_reaches_no_line_beside(self, admin):
        beside = make_tenant("beside")
        make_line(beside, "0007*310", agent=make_agent(beside, user=make_user(beside)), is_phone_terminal=True)
        body = order(extension="0007*310", source=["0007*310"])
        refusal(admin.post(body, "/uapi/phoneCalls/@owner/simple"), "extension_invalid")

    def test_an_administrator_acts_below_its_tenant(self, admin, acme):
        below = make_tenant("below", parent=acme)
        cleo = make_user(below, username="cleo")
        make_sample_lines(below, cleo)
        call = admin.created(order(), "/uapi/phoneCalls/cleo/simple")
        assert Call.objects.get().tenant == below
        assert admin.entry(call["links"]["self"])

    def test_an_organization_does_not(self, org, acme):
        make_user(make_tenant("below", parent=acme), username="cleo")
        refusal(org.post(order(), "/uapi/phoneCalls/cleo/simple"), "user_invalid")

    def test_a_viewer_makes_no_calls(self, client, acme, ann, org):
        ann.memberships.update(role=Role.VIEWER)
        api = Client(client, token_of(acme, AppLevel.USER, ann))
        refusal(api.post(order()), "access_denied", 403)
        refusal(org.post(order(), "/uapi/phoneCalls/ann/simple"), "access_denied", 403)
        assert api.get(ALL).status_code == 200

    def test_a_token_that_reads_makes_no_calls(self, client, acme, ann):
        api = Client(client, make_token(acme, ann, Scope.READ))
        for refused in (api.post(order()), api.delete(ALL), api.put(f"{ALL}/c3e92a04ff422a7a0b9f", {"action": "OnHold"})):
            refusal(refused, "access_denied", 403)
        refusal(api.post(order(), "/uapi/phoneCalls/ann/simple"), "access_denied", 403)

    def test_an_api_token_is_its_owners_program(self, client, acme, ann):
        Client(client, make_token(acme, ann)).created()
        assert Origination.objects.get().requester == ann

    def test_a_telephone_of_another_center_is_not_used(self, client, acme, ann):
        lund = make_center(acme)
        ann.memberships.update(center=lund)
        api = Client(client, token_of(acme, AppLevel.USER, ann))
        refusal(api.post(order()), "extension_invalid")
        Line.objects.update(center=lund)
        api.created()


class TestSees:
    def test_a_user_lists_their_own_calls_and_reads_any_of_the_tenants(self, api, org, ann, bo):
        mine = api.created()["id"]
        his = org.created(order(extension="211", source=["211"]), "/uapi/phoneCalls/bo/simple")["id"]
        assert ids(api) == {mine}
        assert ids(org) == {mine, his}
        assert ids(org, "/uapi/phoneCalls/bo/@self") == ids(org, "/uapi/phoneCalls/@me/211") == {his}
        assert ids(api, f"{ALL}/{his}") == {his}
        refusal(api.get("/uapi/phoneCalls/bo/@self"), "access_denied", 403)
        refusal(api.get("/uapi/phoneCalls/nobody/@self"), "user_invalid")
        refusal(org.get("/uapi/phoneCalls/@me/999"), "extension_invalid")

    def test_an_extension_lists_its_calls_in_both_forms(self, api):
        Line.objects.get(number="210").delete()
        call = api.created()["id"]
        for extension in ("0003*210", "0003%2A210", "210"):
            assert ids(api, f"/uapi/phoneCalls/@me/{extension}") == {call}
            assert ids(api, f"/uapi/phoneCalls/@me/{extension}/{call}") == {call}

    def test_calls_that_other_doors_asked_for(self, api, acme, ann, client):
        line = Line.objects.get(number="210")
        body = {"line": str(line.pk), "destination": "+46702000201"}
        headers = {"Authorization": f"Bearer {make_token(acme, ann)}"}
        assert client.post("/api/v1/originations/", body, content_type="application/json", headers=headers).status_code == 202
        [entry] = api.entry(ALL)
        assert (entry["extension"], entry["ownerName"]) == ("210", "Ann Lee")

    def test_a_person_of_one_center_sees_its_calls(self, api, client, acme, ann):
        call = api.created()["id"]
        ann.memberships.update(center=make_center(acme))
        api = Client(client, token_of(acme, AppLevel.USER, ann))
        assert ids(api) == ids(api, f"{ALL}/{call}") == set()
        assert api.delete(f"{ALL}/{call}").status_code == 204

    @pytest.mark.parametrize("level", AppLevel.values)
    def test_nobody_sees_or_ends_another_tenants_call(self, api, client, level):
        call = api.created()
        other = make_tenant("other")
        olga = make_user(other)
        make_sample_lines(other, olga)
        theirs = Client(client, token_of(other, level, olga if level == AppLevel.USER else None))
        for extension in ("@self", "0003*210", "210"):
            path = f"/uapi/phoneCalls/@me/{extension}/{call['id']}"
            assert theirs.entry(path) == []
            assert theirs.delete(path).status_code == 204
            refusal(theirs.put(path, {"action": "OnHold"}), "pc_phonecall_invalid")
            assert theirs.entry(f"/uapi/phoneCalls/@me/{extension}") == []
            assert theirs.delete(f"/uapi/phoneCalls/@me/{extension}").status_code in (204, 400)
        assert theirs.get("/uapi/cdr/").json()["totalResults"] == 0
        assert len(api.entry(call["links"]["self"])) == 1

    def test_an_administrator_sees_the_tenants_below_and_no_other(self, admin, acme, client):
        for slug, parent in (("below", acme), ("beside", None)):
            tenant = make_tenant(slug, parent=parent)
            user = make_user(tenant)
            make_sample_lines(tenant, user)
            Client(client, token_of(tenant, AppLevel.USER, user)).created()
        assert len(ids(admin)) == 1


class TestSecrets:
    def test_a_token_of_the_query_is_not_repeated_in_links(self, client, acme, ann, api):
        for _ in range(2):
            api.created()
        token = token_of(acme, AppLevel.USER, ann)
        body = client.get(f"{ALL}?count=1&accessRequestToken=Bearer%20{token}").content.decode()
        assert "startIndex=1" in body
        assert token not in body

    def test_nor_in_the_request_lines_of_a_log(self):
        record = logging.LogRecord(
            "django.server", 20, "", 0, '"%s"', ("GET /uapi/cdr/?accessRequestToken=Bearer%20abc HTTP/1.1",), None
        )
        WithoutQueries().filter(record)
        assert "abc" not in record.getMessage()

    def test_nor_in_what_is_logged_while_it_is_given(self, client, acme, ann, caplog):
        with caplog.at_level(logging.DEBUG):
            logging.getLogger("authlib").setLevel(logging.INFO)
            token = token_of(acme, AppLevel.USER, ann)
        assert token not in caplog.text

    def test_an_expired_token_is_refused(self, clock, api):
        assert api.get(ALL).status_code == 200
        clock.shift(2 * 3600)
        refusal(api.get(ALL), "access_denied", 401)

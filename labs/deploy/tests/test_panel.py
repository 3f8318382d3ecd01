"""The section "Deploy" of a run's page: making an address, the key shown once, usage, revoking."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from labs.deploy.models import today
from labs.deploy.panel import panel
from labs.deploy.states import Deployed
from labs.deploy.tests.factories import make_deployment
from labs.models import Deployment, Run
from labs.states import State
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db

FORM = {"deploy-name": "My-Model", "deploy-days": "7", "deploy-requests_per_day": "50"}


@pytest.fixture
def run(learner: User) -> Run:
    return make_finished(learner)


@pytest.fixture
def client(client_for: ClientFor, learner: User) -> Client:
    return client_for(learner, language="en")


def create(client: Client, run: Run, **changes: str) -> str:
    """Send the form; returns the page that follows."""
    response = client.post(reverse("deployment-create", args=[run.pk]), FORM | changes, follow=True)
    return response.content.decode()


def test_a_model_gets_an_address_and_its_key_is_shown_once(client: Client, run: Run) -> None:
    text = create(client, run)
    made = Deployment.objects.get()
    found = re.search(r"grd-[\w-]{40,}", text)
    assert found, "the key is on the page"
    assert hashlib.sha256(found[0].encode()).hexdigest() == made.key_sha256
    assert (made.name, made.requests_per_day, made.state) == ("my-model", 50, Deployed.ACTIVE)
    assert timedelta(days=6, hours=23) < made.expires_at - timezone.now() <= timedelta(days=7)
    again = client.get(reverse("run", args=[run.pk])).content.decode()
    assert found[0] not in again
    assert made.key_prefix in again
    assert found[0].startswith(made.key_prefix)
    assert "http://testserver/v1" in again
    assert "$GRADUS_KEY" in again


def test_with_script_the_section_alone_is_answered(client: Client, run: Run) -> None:
    address = reverse("deployment-create", args=[run.pk])
    refused = client.post(address, FORM | {"deploy-days": "0"}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert refused.content.decode().strip().startswith('<div id="deploy"')
    assert "Choose a value from 1 to 90." in refused.content.decode()
    made = client.post(address, FORM, headers={"HX-Request": "true"}).content.decode()
    assert re.search(r"grd-[\w-]{40,}", made), "the key is shown"
    assert "<html" not in made
    assert not re.search(r"grd-[\w-]{40,}", client.get(reverse("run", args=[run.pk])).content.decode())


def test_a_key_waits_for_the_page_of_its_own_run(client: Client, run: Run, learner: User) -> None:
    client.post(reverse("deployment-create", args=[run.pk]), FORM)
    other = client.get(reverse("run", args=[make_finished(learner).pk])).content.decode()
    assert not re.search(r"grd-[\w-]{40,}", other)
    assert re.search(r"grd-[\w-]{40,}", client.get(reverse("run", args=[run.pk])).content.decode())


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_wrong_field_is_named_and_what_was_typed_stays(
    client_for: ClientFor, learner: User, run: Run, language: str
) -> None:
    client = client_for(learner, language=language)
    typed = {"deploy-name": "-a b", "deploy-days": "91", "deploy-requests_per_day": "many"}
    response = client.post(reverse("deployment-create", args=[run.pk]), typed)
    assert response.status_code == 422
    assert set(response.context["deploy"]["form"].errors) == {"name", "days", "requests_per_day"}
    assert 'value="many"' in response.content.decode()
    assert not Deployment.objects.exists()


def test_a_name_is_free_again_when_its_deployment_has_ended(client: Client, run: Run) -> None:
    create(client, run)
    assert "You have a model of this name already." in create(client, run)
    Deployment.objects.update(expires_at=timezone.now())
    create(client, run)
    assert sorted(Deployment.objects.values_list("state", flat=True)) == ["active", "expired"]


def test_there_are_only_so_many(client: Client, run: Run, settings: Settings) -> None:
    settings.LAB_DEPLOYMENTS_PER_PERSON = 1
    create(client, run)
    assert "You have 1 deployed model already." in create(client, run, **{"deploy-name": "other"})
    assert Deployment.objects.count() == 1


@pytest.mark.parametrize("fields", [{"state": State.DIVERGED}, {"state": State.FINISHED, "task": "classify"}])
def test_a_run_without_a_model_that_writes_has_no_such_section(
    client: Client, learner: User, fields: dict[str, str]
) -> None:
    run = make_run(learner, state=fields["state"])
    run.spec["task"] = fields.get("task", "language")
    run.save()
    assert "deploy-title" not in client.get(reverse("run", args=[run.pk])).content.decode()
    assert client.post(reverse("deployment-create", args=[run.pk]), FORM).status_code == 422


def test_usage_of_today_and_in_all_is_shown(client: Client, run: Run) -> None:
    used = {"requests_today": 12, "tokens_today": 345, "requests_total": 2100, "tokens_total": 98_765}
    make_deployment(run, used_on=today(), **used)
    make_deployment(run, used_on=today() - timedelta(days=1), **used | {"requests_today": 77})
    text = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "12 of 100 requests, 345 of 10,000 tokens" in text
    assert "0 of 100 requests, 0 of 10,000 tokens" in text, "yesterday is over"
    assert "2,100 requests, 98,765 tokens" in text


@pytest.mark.parametrize("state", list(Deployed))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_state_is_shown_and_only_an_active_one_can_be_revoked(
    client_for: ClientFor, learner: User, run: Run, state: Deployed, language: str
) -> None:
    made = make_deployment(run, state=state, ended_at=None if state == Deployed.ACTIVE else timezone.now())
    text = client_for(learner, language=language).get(reverse("run", args=[run.pk])).content.decode()
    assert f'id="deployed-{made.pk}"' in text
    assert (reverse("deployment-revoke", args=[made.pk]) in text) is (state == Deployed.ACTIVE)


def test_revoking_ends_it_for_good(client: Client, run: Run) -> None:
    made = make_deployment(run)
    url = reverse("deployment-revoke", args=[made.pk])
    text = client.post(url, follow=True).content.decode()
    made.refresh_from_db()
    assert (made.state, made.ended_at is None) == (Deployed.REVOKED, False)
    assert "opens nothing any more" in text
    ended = made.ended_at
    client.post(url)
    made.refresh_from_db()
    assert made.ended_at == ended, "a second press changes nothing"


def test_deployments_are_their_owners_alone(
    client_for: ClientFor, learner: User, other_learner: User, manager: User, run: Run
) -> None:
    revoke = reverse("deployment-revoke", args=[make_deployment(run).pk])
    for url in (revoke, reverse("deployment-create", args=[run.pk])):
        assert Client().post(url, FORM).status_code == 302
        assert client_for(other_learner).post(url, FORM).status_code == 404
        assert client_for(manager).post(url, FORM).status_code == 404
        assert client_for(learner).get(url).status_code == 405
    assert Deployment.objects.get().state == Deployed.ACTIVE


def test_the_panel_takes_one_query(client: Client, run: Run, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(3):
        make_deployment(run)
    request = client.get(reverse("run", args=[run.pk])).wsgi_request
    assert request.user.is_authenticated
    assert "nothing" not in request.session, "loaded before the count"
    with django_assert_num_queries(1):
        panel(request, run)


def test_an_administrator_looks_but_does_not_change(client_for: ClientFor, administrator: User, run: Run) -> None:
    made = make_deployment(run)
    client = client_for(administrator)
    assert client.get(reverse("admin:labs_deployment_changelist")).status_code == 200
    page = client.get(reverse("admin:labs_deployment_change", args=[made.pk])).content.decode()
    assert made.key_sha256 not in page
    assert 'name="state"' not in page

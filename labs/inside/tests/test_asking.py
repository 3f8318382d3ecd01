"""Who may ask what of which run: rights, bounds, the cache, races, and what heals."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from labs.inside import looking, questions, services
from labs.inside.models import Probe, packed
from labs.inside.problems import PASSING, SENTENCES, problem
from labs.inside.states import PROBE_MOVES, Probed
from labs.models import Run
from labs.runner import run_dir
from labs.tests.factories import make_finished
from portal.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]

DONE = {"state": Probed.DONE, "packed": packed('{"layers":[]}')}


@pytest.fixture
def run(learner: User, tmp_path: Path, settings: Settings) -> Run:
    settings.VAR_DIR = tmp_path
    run = make_finished(learner)
    (run_dir(run) / "model").mkdir(parents=True)
    (run_dir(run) / "snapshots").mkdir()
    for step in (10, 40):
        (run_dir(run) / "snapshots" / f"{step:06d}.safetensors").touch()
    return run


@pytest.fixture
def client(client_for: Callable[..., Client], learner: User) -> Client:
    return client_for(learner, language="en")


def ask(client: Client, run: Run, question: str = "lens", **values: Any) -> Any:
    url = reverse("probe-ask", args=[run.pk, question])
    return client.post(url, json.dumps({"text": "The cat"} | values), content_type="application/json")


def test_the_page_shows_text_step_and_the_sections_that_the_model_has(
    client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    url = reverse("run-inside", args=[run.pk])
    with django_assert_max_num_queries(15):
        page = client.get(url).content.decode()
    assert ">The cat</textarea>" in page
    assert 'id="attention"' in page
    asked = client.get(url, {"text": "<b>", "step": "12"}).content.decode()
    assert ">&lt;b&gt;</textarea>" in asked
    assert 'id="inside-step" min="0" max="1" step="1" value="0"' in asked
    Run.objects.filter(pk=run.pk).update(spec=run.spec | {"family": "lstm"})
    assert 'id="attention"' not in client.get(url).content.decode()


def test_a_run_without_weights_says_so(client: Client, learner: User, tmp_path: Path, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path
    run = make_finished(learner)
    assert "Nothing to look into yet" in client.get(reverse("run-inside", args=[run.pk])).content.decode()
    assert ask(client, run).json()["code"] == "no_model"


def test_somebody_elses_run_and_questions_do_not_exist(
    client_for: Callable[..., Client], other_learner: User, run: Run
) -> None:
    stranger, probe = client_for(other_learner), Probe.objects.create(run=run, key="1", question="lens", **DONE)
    assert ask(stranger, run).status_code == 404
    assert stranger.post(reverse("probe-ask", args=[run.pk, "lens"]), "{", content_type="text/plain").status_code == 404
    assert stranger.get(reverse("run-inside", args=[run.pk])).status_code == 404
    assert stranger.get(reverse("probe", args=[probe.pk])).status_code == 404
    assert not Probe.objects.exclude(pk=probe.pk).exists()


def test_a_question_is_asked_once_and_answered_at_once_from_then_on(
    client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first, again = ask(client, run), ask(client, run, step=40)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json(), "the last step is the finished model"
    probe = Probe.objects.get()
    assert client.get(first.json()["url"]).status_code == 202
    Probe.objects.filter(pk=probe.pk).update(**DONE)
    with django_assert_max_num_queries(6):
        answer = ask(client, run)
    assert (answer.status_code, answer.json()) == (200, {"layers": []})
    assert ask(client, run, step=10).status_code == 202, "another step is another question"
    Run.objects.filter(pk=run.pk).update(fence=run.fence + 1)
    assert ask(client, run).status_code == 202, "a run that went on is another one"


@pytest.mark.parametrize(
    ("question", "values", "field"),
    [
        ("lens", {"text": ""}, "text"),
        ("lens", {"text": "a" * 1001}, "text"),
        ("lens", {"text": 5}, "text"),
        ("lens", {"step": 11}, "step"),
        ("lens", {"step": True}, "step"),
        ("lens", {"colour": "red"}, "colour"),
        ("head", {"kind": "sideways"}, "kind"),
        ("head", {"layer": -1}, "layer"),
        ("map", {"text": None, "words": ["a"] * 401}, "words"),
        ("map", {"text": None, "words": [""]}, "words"),
        ("ablation", {"text": None, "groups": [[]]}, "groups"),
        ("ablation", {"text": None, "groups": [[{"branch": "attention"}]]}, "groups"),
        ("ablation", {"text": None, "groups": [[{"branch": "attention", "layer": None}]]}, "groups"),
        ("ablation", {"text": None, "groups": [[{"branch": "attention", "layer": 0, "rm": 1}]]}, "groups"),
    ],
)
def test_what_is_out_of_bounds_is_named(
    client: Client, run: Run, question: str, values: dict[str, Any], field: str
) -> None:
    asked = {name: value for name, value in ({"text": "a"} | values).items() if value is not None}
    answer = client.post(
        reverse("probe-ask", args=[run.pk, question]), json.dumps(asked), content_type="application/json"
    )
    assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])
    assert not Probe.objects.exists()


def test_bodies_that_are_no_question_are_refused(client: Client, run: Run) -> None:
    url = reverse("probe-ask", args=[run.pk, "lens"])
    assert client.post(url, {"text": "a"}).status_code == 400, "a form is no JSON"
    for body, status in (("{", 400), ("[]", 400), (b"\xff", 400), ('{"text": "\\u0000"}', 400), ("x" * 2**20, 413)):
        assert client.post(url, body, content_type="application/json").status_code == status
    assert ask(client, run, "weather").json()["code"] == "no_question"
    assert ask(client, run, "alignment").json()["code"] == "no_question", "only an encoder-decoder has one"


def test_open_questions_are_limited_and_old_answers_forgotten(
    client: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_OPEN", 2)
    monkeypatch.setattr(services, "MOST_KEPT", 3)
    assert [ask(client, run, text=text).status_code for text in "abc"] == [202, 202, 429]
    for text in "cdefg":
        Probe.objects.update(**DONE)
        assert ask(client, run, text=text).status_code == 202
    assert Probe.objects.count() == 3


def test_a_failure_that_may_pass_is_tried_again_and_another_is_not(client: Client, run: Run) -> None:
    ask(client, run)
    for error, status in (("nothing_known", 422), ("out_of_time", 202)):
        Probe.objects.update(state=Probed.FAILED, error=error, detail={"unknown": ["龘"]}, finished_at=timezone.now())
        assert ask(client, run).status_code == status
    probe = Probe.objects.get()
    assert (probe.state, probe.error, probe.finished_at) == ("waiting", "", None)


def test_only_the_worker_that_claimed_a_question_ends_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Probe.objects.create(run=run, key="1", question="lens")

    def slow(_probe: Probe) -> looking.Outcome:
        looking.look(probe.pk)  # a second message: the question has been taken
        Probe.objects.update(claimed_at=timezone.now() + timedelta(seconds=1))  # another worker has it by now
        return looking.Outcome(answer="{}")

    monkeypatch.setattr(looking, "ask", slow)
    looking.look(probe.pk)
    probe.refresh_from_db()
    assert (probe.state, bytes(probe.packed)) == ("working", b"")


def test_a_worker_that_is_being_stopped_gives_its_question_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Probe.objects.create(run=run, key="1", question="lens")
    monkeypatch.setattr(looking, "ask", lambda _: looking.Outcome(error="interrupted"))
    looking.look(probe.pk)
    probe.refresh_from_db()
    assert (probe.state, probe.claimed_at) == ("waiting", None)


def test_lost_questions_are_asked_for_again_then_given_up_and_old_ones_forgotten(run: Run) -> None:
    now = timezone.now()
    ages = {"fresh": 0, "forgotten": 10, "late": 100, "old": 100_000}
    rows = {
        name: Probe.objects.create(run=run, key=name, question="lens", created_at=now - timedelta(seconds=age))
        for name, age in ages.items()
    }
    lost = Probe.objects.create(
        run=run, key="lost", question="lens", state=Probed.WORKING, claimed_at=now - timedelta(seconds=60)
    )
    looking.expire()
    assert looking.forgotten() == [rows["forgotten"].pk]
    states = dict(Probe.objects.values_list("key", "state"))
    assert states == {"fresh": "waiting", "forgotten": "waiting", "late": "failed", "lost": "failed"}
    lost.refresh_from_db()
    assert lost.error == "worker_lost"


def test_every_state_has_its_moves_and_every_failure_its_words(run: Run) -> None:
    assert set(PROBE_MOVES) == set(Probed)
    probe = Probe.objects.create(run=run, key="1", question="lens", **DONE)
    with pytest.raises(ValueError, match="cannot go"):
        probe.move(Probed.WAITING)
    detail = {"step": 5, "unknown": [], "low": 0, "high": 3}
    assert all(str(problem(code, detail).message) for code in [*SENTENCES, *PASSING])
    assert set(questions.PARAMS) >= questions.asks({"family": "seq2seq", "task": "sequence"})

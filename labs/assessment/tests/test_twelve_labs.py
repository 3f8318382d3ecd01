"""Every lab from prediction to graded submission, in both languages: pages through a client, a real worker."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from labs import children, runner
from labs.assessment.models import Submission
from labs.assessment.states import Standing
from labs.assessment.tests.factories import right_answers
from labs.catalogue import LABS
from labs.forms import flat
from labs.models import Run
from labs.states import State
from labs.tests.factories import said_fields
from portal.accounts.models import User
from trainer.corpora import OPTIONS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_empty"),
]

TINY: dict[str, Any] = {"n_layers": 1, "d_model": 16, "n_heads": 1, "d_ff": 16, "batch": 8}


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    yield
    children.nursery.stop()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path


def tiny(slug: str) -> dict[str, str]:
    """A lab's recipe as its form sends it, small where the lab's conditions allow it."""
    lab = LABS[slug]
    spec = lab.preset.to_dict()
    small = TINY | {"tokens": 6 * TINY["batch"] * spec["context"]}
    if spec["examples"] and "examples" not in lab.graded.requires:
        small["examples"] = OPTIONS[spec["corpus"]]["size"].low
    return flat(spec | small) | {"lookback": "0"}


@pytest.mark.parametrize("slug", LABS)
def test_a_lab_goes_from_prediction_to_grade_in_both_languages(
    client_for: Callable[..., Client], learner: User, slug: str
) -> None:
    client = client_for(learner, language="en")
    said = said_fields(slug)
    answer = client.post(reverse("run-submit", args=[slug]), tiny(slug) | said | {"token": "t"})
    assert answer.status_code == 302, answer.context["recipe"].errors
    runner.work()
    source = Run.objects.get()
    assert source.state == State.FINISHED, source.result
    for language in ("en", "zh-hans"):
        hand_in(client_for(learner, language=language), source)


def hand_in(client: Client, source: Run) -> None:
    """From a finished run to points, in the language of the client."""
    url = reverse("submission-create", args=[source.pk])
    assert client.post(url, {"token": secrets.token_hex(8)}).status_code == 302
    runner.work()
    made = Submission.objects.latest("pk")
    assert made.run is not None
    assert made.state == Standing.OPEN, made.run.result
    assert made.hidden_value is not None
    assert len(made.questions) == 3
    assert made.run.info["evaluations"]["hidden"]["detail"] == {}
    page = reverse("run-report", args=[made.run_id])
    assert client.get(page).status_code == 200
    answers = {f"answer-{place}": text for place, text in right_answers(made).items()}
    assert client.post(reverse("submission-answer", args=[made.pk]), answers).status_code == 302
    made.refresh_from_db()
    assert (made.scores["questions"], made.scores["committed"]) == (30, 10)
    assert f"{made.score:.1f}" in client.get(page).content.decode()

"""Teachers' pages: whom they show, how far people came, one run, and the line that its learner reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains
from pytest_django.fixtures import DjangoAssertNumQueries

from labs.compare.tests.factories import make_graded
from labs.models import LabRecord, LabVisit, Look, Run, Upload
from labs.states import State
from labs.teaching.selectors import lab_report
from labs.teaching.stages import Stage
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import Team, User

ClientFor = Callable[..., Client]
LAB = "training"
SECRET = "my-secret-text"


def make_learner(name: str, team: Team | None = None) -> User:
    user = User.objects.create_user(f"{name}@gradus.example", display_name=name)
    if team:
        team.members.add(user)
    return user


def names(viewer: User, team: int | None = None) -> set[str]:
    return {learner.name for learner in lab_report(viewer, LAB, team).learners}


def test_managers_see_their_teams_and_those_below_authors_and_administrators_everybody(cast: dict[str, User]) -> None:
    own = Team.objects.get(managers=cast["manager"])
    below = Team.objects.create(name="Below", parent=own)
    people = [cast["learner"], make_learner("below", below), make_learner("beside", Team.objects.create(name="Beside"))]
    for user in people:
        make_finished(user)
    assert names(cast["manager"]) == {cast["learner"].display_name, "below"}
    assert names(cast["manager"], below.pk) == {"below"}
    assert names(cast["author"]) == names(cast["administrator"]) == {user.display_name for user in people}


def test_a_team_that_is_not_the_managers_is_not_found(client_for: ClientFor, manager: User) -> None:
    foreign = Team.objects.create(name="Beside")
    for name, args in (("teaching", []), ("teaching-lab", [LAB]), ("teaching-csv", [LAB])):
        assert client_for(manager).get(reverse(name, args=args), {"team": foreign.pk}).status_code == 404


def test_each_learner_stands_at_the_furthest_stage(author: User) -> None:
    people = {stage: make_learner(stage) for stage in Stage}
    for user in people.values():
        LabVisit.objects.create(user=user, lab=LAB)
    make_run(people[Stage.PREDICTED], prediction=2.0)
    make_run(people[Stage.RAN], state=State.DIVERGED, started_at=timezone.now())
    for stage in (Stage.FINISHED, Stage.REACHED, Stage.SUBMITTED):
        make_finished(people[stage])
    LabRecord.objects.create(user=people[Stage.REACHED], lab=LAB, reached_at=timezone.now())
    make_graded(people[Stage.SUBMITTED], 1.5)
    report = lab_report(author, LAB, None)
    assert {learner.name: learner.stage for learner in report.learners} == {str(stage): stage for stage in Stage}
    assert [(step.here, step.passed) for step in report.steps] == [(1, 6), (1, 5), (1, 4), (1, 3), (1, 2), (1, 1)]


def test_figures_failures_and_the_prediction_s_error_are_summed(author: User, learner: User) -> None:
    make_finished(learner, prediction=4.2)
    make_finished(learner, prediction=2.31)
    make_run(learner, state=State.DIVERGED, started_at=timezone.now())
    make_run(learner, state=State.DIVERGED, started_at=timezone.now())
    make_run(learner, graded=True, state=State.FINISHED)
    LabVisit.objects.create(user=make_learner("idle"), lab=LAB)
    report = lab_report(author, LAB, None)
    assert (report.tried, report.attempts) == (1, 4)
    assert report.error_percent == pytest.approx(10)
    assert [(failure.state, failure.runs, failure.people) for failure in report.failures] == [(State.DIVERGED, 2, 1)]
    assert report.stall in (Stage.OPENED, Stage.FINISHED)


def test_opening_a_lab_is_remembered_once_and_only_of_learners(
    client_for: ClientFor, learner: User, manager: User
) -> None:
    for user in (learner, learner, manager):
        client_for(user).get(reverse("lab", args=[LAB]))
    assert list(LabVisit.objects.values_list("user", "lab")) == [(learner.pk, LAB)]


def test_looking_at_a_run_is_written_down_and_its_learner_reads_it(
    client_for: ClientFor, learner: User, manager: User
) -> None:
    run = make_finished(learner)
    client = client_for(manager)
    for _ in range(2):
        assert client.get(reverse("teaching-run", args=[run.pk])).status_code == 200
    assert Look.objects.get().times == 2
    page = client_for(learner, language="en").get(reverse("run", args=[run.pk]))
    assertContains(page, f"{manager.display_name}, who teaches you, looked at this run just now.")


def test_runs_of_others_people_are_not_found_and_nothing_is_written(
    client_for: ClientFor, manager: User, other_learner: User
) -> None:
    run = make_finished(other_learner)
    assert client_for(manager).get(reverse("teaching-run", args=[run.pk])).status_code == 404
    assert client_for(other_learner).get(reverse("teaching-run", args=[run.pk])).status_code == 403
    assert not Look.objects.exists()


def test_ones_own_run_opens_as_ones_own(client_for: ClientFor, author: User) -> None:
    User.objects.filter(pk=author.pk).update(is_learner=True)
    run = make_finished(author)
    answer = client_for(author).get(reverse("teaching-run", args=[run.pk]))
    assert answer["Location"] == reverse("run", args=[run.pk])
    assert not Look.objects.exists()


def test_a_teacher_never_reads_a_private_text(client_for: ClientFor, learner: User, manager: User) -> None:
    digest = "a" * 64
    Upload.objects.create(owner=learner, name=SECRET, sha256=digest, size=1, characters=1, vocab_size=1)
    detail = {"errors": [{"text": SECRET, "label": "a", "predicted": "b"}]}
    run = make_finished(
        learner,
        spec={"corpus": f"sha256:{digest}", "prompts": (SECRET,)},
        samples=[{"step": 40, "prompt": SECRET, "text": SECRET}],
        info={"evaluations": {"held_out": {"step": 40, "measures": {}, "detail": detail}}},
    )
    assertNotContains(client_for(manager).get(reverse("teaching-run", args=[run.pk])), SECRET)


@pytest.mark.parametrize("state", sorted(State))
def test_a_run_can_be_read_in_every_state(client_for: ClientFor, learner: User, manager: User, state: State) -> None:
    run = make_run(learner, state=state)
    assert client_for(manager).get(reverse("teaching-run", args=[run.pk])).status_code == 200


def test_no_cell_of_the_export_is_a_formula(client_for: ClientFor, learner: User, manager: User) -> None:
    User.objects.filter(pk=learner.pk).update(display_name="=cmd|' /C calc'!A0")
    make_finished(learner)
    answer = client_for(manager, language="en").get(reverse("teaching-csv", args=[LAB]))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0]["Learner"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["Runs"] == "1"


def test_the_pages_take_few_queries(
    client_for: ClientFor, cast: dict[str, User], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    team = Team.objects.get(members=cast["learner"])
    for number in range(60):
        make_finished(make_learner(f"p{number}", team), prediction=2.0)
    run = Run.objects.first()
    assert run is not None
    urls = [
        reverse("teaching"),
        reverse("teaching-lab", args=[LAB]),
        reverse("teaching-csv", args=[LAB]),
        reverse("teaching-run", args=[run.pk]),
    ]
    for viewer in ("manager", "author"):
        client = client_for(cast[viewer])
        for url in urls:
            with django_assert_max_num_queries(15):
                assert client.get(url).status_code == 200

"""Limits of a day: of a learner and of a team, in runs and in seconds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from labs import limits, services
from labs.models import Run
from labs.states import State
from labs.tests.factories import TINY, make_run
from portal.accounts.models import Team, User
from portal.lib.errors import UserError

pytestmark = pytest.mark.django_db


def submit(owner: User, key: str) -> Run:
    return services.run_submit(owner=owner, lab="training", values=TINY, idempotency_key=key)


def refused(owner: User) -> UserError:
    with pytest.raises(UserError) as caught:
        submit(owner, "one too many")
    assert (caught.value.code, caught.value.status) == ("day_used_up", 429)
    return caught.value


def test_nothing_is_limited_by_default(learner: User) -> None:
    assert limits.left(learner) == []


def test_runs_of_a_day_are_counted_and_the_same_key_counts_once(learner: User, settings: Settings) -> None:
    settings.LAB_RUNS_A_DAY = 2
    submit(learner, "a")
    submit(learner, "a")
    (left,) = limits.left(learner)
    assert (left.left, left.limit) == (1, 2)
    submit(learner, "b")
    refused(learner)
    assert Run.objects.count() == 2
    submit(learner, "b")


def test_yesterdays_runs_replays_and_those_of_others_count_nothing(
    learner: User, other_learner: User, settings: Settings
) -> None:
    settings.LAB_RUNS_A_DAY = 1
    old = make_run(learner, state=State.FINISHED)
    Run.objects.update(created_at=timezone.now() - timedelta(days=1))
    make_run(learner, state=State.FINISHED, replay_of=old)
    make_run(other_learner)
    submit(learner, "a")
    refused(learner)


def test_seconds_are_those_trained_and_those_expected(learner: User, settings: Settings) -> None:
    settings.LAB_SECONDS_A_DAY = 100
    make_run(learner, state=State.CANCELLED, trained_s=40.0)
    make_run(learner, state=State.RUNNING, trained_s=30.0)
    (left,) = limits.left(learner)
    assert left.left == pytest.approx(30.0)
    submit(learner, "a")
    Run.objects.filter(trained_s=40.0).update(trained_s=69.9)
    refused(learner)


def test_members_of_a_team_share_its_limit(
    learner: User, other_learner: User, manager: User, settings: Settings
) -> None:
    settings.LAB_TEAM_RUNS_A_DAY = 2
    Team.objects.get().members.add(other_learner)
    submit(learner, "a")
    submit(other_learner, "a")
    refused(learner)
    refused(other_learner)
    submit(manager, "a")  # who is in no team
    settings.LAB_TEAM_RUNS_A_DAY, settings.LAB_TEAM_SECONDS_A_DAY = 0, 1
    make_run(other_learner, state=State.FINISHED, trained_s=5.0)
    refused(learner)
    (left,) = limits.left(learner)
    assert left.team
    assert left.text

"""Presets are trained once, by the house, while nobody trains."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from labs.branches import presets
from labs.catalogue import LABS
from labs.models import Run
from labs.states import State
from labs.tests.factories import make_run
from portal.accounts.models import User

pytestmark = pytest.mark.django_db


def test_one_preset_at_a_time_and_only_while_nobody_trains(learner: User) -> None:
    waiting = make_run(learner)
    assert presets.warm_next() is None
    waiting.delete()
    first = presets.warm_next()
    assert first is not None
    assert (first.lab, first.owner.email, first.owner.is_active) == (next(iter(LABS)), presets.HOUSE, False)
    assert not first.owner.has_usable_password()
    assert presets.warm_next() is None  # its own run goes
    Run.objects.update(state=State.FINISHED)
    second = presets.warm_next()
    assert second is not None
    assert second.recipe_key != first.recipe_key


def test_a_preset_that_diverges_is_not_tried_again_and_a_cancelled_one_is(learner: User) -> None:
    first = presets.warm_next()
    assert first is not None
    Run.objects.update(state=State.CANCELLED)
    again = presets.warm_next()
    assert again is not None
    assert (again.recipe_key, again.pk != first.pk) == (first.recipe_key, True)
    Run.objects.update(state=State.DIVERGED)
    other = presets.warm_next()
    assert other is not None
    assert other.recipe_key != first.recipe_key


def test_the_command_queues_all_once(learner: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("warm_presets")
    queued = Run.objects.count()
    assert queued >= len(LABS)
    assert len({run.recipe_key for run in Run.objects.all()}) == queued
    call_command("warm_presets")
    assert Run.objects.count() == queued

"""The table of moves, walked whole."""

import pytest

from labs.models import Run
from labs.states import ENDINGS, MOVES, State
from labs.tests.factories import make_run
from portal.accounts.models import User

pytestmark = pytest.mark.django_db


def test_every_state_has_its_moves_and_endings_have_none() -> None:
    assert set(MOVES) == set(State)
    assert all(not MOVES[ending] for ending in ENDINGS)
    reached = {State.QUEUED} | {to for moves in MOVES.values() for to in moves}
    assert reached == set(State)


@pytest.mark.parametrize(("start", "to"), [(start, to) for start in State for to in State])
def test_a_move_changes_the_row_only_where_the_table_allows_it(learner: User, start: State, to: State) -> None:
    run = make_run(learner, state=start)
    if to in MOVES[start]:
        assert run.move(to)
    else:
        with pytest.raises(ValueError, match="cannot go"):
            run.move(to)
    assert Run.objects.get(pk=run.pk).state == (to if to in MOVES[start] else start)


def test_a_move_is_refused_when_somebody_else_moved_first(learner: User) -> None:
    run = make_run(learner)
    Run.objects.update(state=State.CANCELLED)
    assert not run.move(State.RUNNING)
    assert Run.objects.get(pk=run.pk).state == State.CANCELLED


def test_a_move_is_refused_at_an_older_fence(learner: User) -> None:
    run = make_run(learner, state=State.RUNNING, fence=1)
    Run.objects.update(fence=2)
    assert not run.move(State.FINISHED)

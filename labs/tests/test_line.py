"""Who is next in the line, and who gives way."""

from __future__ import annotations

from typing import Any

from labs import line
from labs.line import Entry, following, must_yield

NOW = 1000.0


def waiting(pk: int, *, owner: int = 0, at: float = 0.0, turn_at: float | None = None) -> Entry:
    return Entry(pk=pk, owner=owner or pk, running=False, queued_at=at, turn_at=turn_at)


def running(pk: int, *, owner: int = 0, claimed_at: float = 0.0, turn_at: float = 0.0) -> Entry:
    return Entry(pk=pk, owner=owner or pk, running=True, queued_at=0.0, turn_at=turn_at, claimed_at=claimed_at)


def order(entries: list[Entry], last: dict[int, float] | None = None, limit: int = 1) -> list[int]:
    return [entry.pk for entry in following(entries, last or {}, limit)]


def yields(me: Entry, entries: list[Entry], **more: Any) -> bool:
    return must_yield(me, [me, *entries], {}, 1, **{"turn_over": False, "now": NOW} | more)


def test_a_run_that_has_never_run_goes_before_those_that_have() -> None:
    assert order([waiting(1, turn_at=1), waiting(2, turn_at=3), waiting(3, at=500)]) == [3, 1, 2]


def test_of_newcomers_the_owner_whose_last_turn_is_longest_ago_comes_first() -> None:
    assert order([waiting(1, at=1), waiting(2, at=2), waiting(3, at=3)], last={1: 50.0, 2: 40.0}) == [3, 2, 1]


def test_only_the_oldest_run_of_an_owner_stands_in_line() -> None:
    assert order([waiting(1, owner=7, at=2), waiting(2, owner=7, at=1), waiting(3, at=3)]) == [2, 3]


def test_an_owner_at_their_limit_does_not_stand_in_line() -> None:
    assert order([running(1, owner=7), waiting(2, owner=7), waiting(3)]) == [3]
    assert order([running(1, owner=7), waiting(2, owner=7), waiting(3)], limit=2) == [3, 2]


def test_a_newcomer_interrupts_a_run_in_mid_turn() -> None:
    assert yields(running(1), [waiting(2)])


def test_a_newcomer_who_came_this_moment_may_still_find_a_free_slot() -> None:
    assert not yields(running(1), [waiting(2, at=NOW - line.PATIENCE_S / 2)])


def test_those_who_wait_for_their_turn_interrupt_only_what_came_later_or_had_its_turn() -> None:
    assert not yields(running(1, turn_at=10), [waiting(2, turn_at=20)])
    assert yields(running(1, turn_at=30), [waiting(2, turn_at=20)])
    assert yields(running(1, turn_at=10), [waiting(2, turn_at=20)], turn_over=True)


def test_one_newcomer_interrupts_one_run_the_longest_held() -> None:
    old, young = running(1, claimed_at=10), running(2, claimed_at=20)
    assert yields(old, [young, waiting(3)])
    assert not yields(young, [old, waiting(3)])
    assert yields(young, [old, waiting(3), waiting(4)])


def test_ones_own_second_run_waits_for_the_first() -> None:
    assert not yields(running(1, owner=7), [waiting(2, owner=7)], turn_over=True)


def test_an_expensive_start_makes_turns_longer() -> None:
    assert line.turn_length(20.0, 0.1) == 20.0
    assert line.turn_length(20.0, 4.0) == 40.0

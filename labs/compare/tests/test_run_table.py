"""The page of runs: order, pins, what is drawn, groups by recipe, settings that differ."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains
from pytest_django.fixtures import DjangoAssertNumQueries

from labs.compare.drawing import Points, band, lines, sentence
from labs.compare.selectors import COLUMNS, RunTable, run_table
from labs.compare.tests.factories import make_measured
from labs.compare.view import MOST_DRAWN, View
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User

ClientFor = Callable[..., Client]


def ids(table: RunTable) -> list[int]:
    return [row["id"] for row in table.rows]


def test_runs_sort_by_a_figure_and_those_without_one_come_last(learner: User) -> None:
    worse, better = make_measured(learner, [3.0, 2.0]), make_measured(learner, [3.0, 1.5])
    waiting = make_run(learner)
    assert ids(run_table(learner, View(sort="held"))) == [better.pk, worse.pk, waiting.pk]
    assert ids(run_table(learner, View(sort="-held"))) == [worse.pk, better.pk, waiting.pk]


@pytest.mark.parametrize("column", [column.name for column in COLUMNS])
def test_every_column_sorts(learner: User, column: str) -> None:
    made = {make_finished(learner).pk, make_run(learner).pk}
    for sort in (column, f"-{column}"):
        assert set(ids(run_table(learner, View(sort=sort)))) == made


def test_pressing_a_head_again_turns_the_order(learner: User) -> None:
    make_finished(learner)
    head = next(head for head in run_table(learner, View()).headers if head.column.name == "held")
    assert (head.order, head.query) == ("", "?sort=held")
    head = next(head for head in run_table(learner, View(sort="held")).headers if head.column.name == "held")
    assert (head.order, head.query) == ("ascending", "?sort=-held")


def test_pinned_runs_stand_first_whatever_the_filter(learner: User, other_learner: User) -> None:
    old, new = make_finished(learner), make_finished(learner, lab="generation")
    foreign = make_finished(other_learner)
    assert ids(run_table(learner, View(lab="generation", pin=(old.pk, foreign.pk)))) == [old.pk, new.pk]


def test_other_peoples_runs_are_never_drawn(learner: User, other_learner: User) -> None:
    foreign, own = make_finished(other_learner), make_finished(learner)
    assert [run.pk for run in run_table(learner, View(show=(foreign.pk, own.pk))).comparison.runs] == [own.pk]


def test_at_most_twenty_are_drawn_and_it_says_so(client_for: ClientFor, learner: User) -> None:
    made = [make_finished(learner) for _ in range(22)]
    query = View(show=tuple(run.pk for run in made)).pairs
    page = client_for(learner, language="en").get(reverse("run-list"), query)
    assert len(page.context["comparison"].lines) == MOST_DRAWN
    assertContains(page, "Only the first 20 runs are drawn; 2 more are chosen.")


def test_runs_that_differ_only_in_their_seed_are_one_line_with_a_band(learner: User) -> None:
    for seed, last in ((1, 1.4), (2, 1.6)):
        make_measured(learner, [3.0 + seed, last], spec={"seed": seed})
    other = make_measured(learner, [3.0, 1.0], spec={"learning_rate": 0.001})
    table = run_table(learner, View(group=True))
    assert [len(row["ids"]) for row in table.rows] == [1, 2]
    assert table.rows[1]["held_out"] == pytest.approx(1.5)
    drawn = {len(line.ids): line for line in table.comparison.lines}
    assert drawn[1].ids == (other.pk,)
    assert drawn[2].points["loss"] == pytest.approx([4.5, 1.5])
    assert (drawn[2].low, drawn[2].high) == ([4.0, 1.4], [5.0, 1.6])
    assert next(row for row in table.comparison.diff.rows if str(row.label) in ("Seed", "种子")).values[1] == "1, 2"


def test_a_band_holds_only_steps_that_all_curves_have() -> None:
    one: Points = {"step": [10, 20, 30], "tokens": [1, 2, 3], "seconds": [1, 2, 3], "loss": [3.0, 2.0, 1.0]}
    two: Points = {"step": [20, 30], "tokens": [2, 3], "seconds": [4, 6], "loss": [4.0, 2.0]}
    points, low, high = band([one, two])
    assert points == {"step": [20, 30], "tokens": [2, 3], "seconds": [3, 4.5], "loss": [3.0, 1.5]}
    assert (low, high) == ([2.0, 1.0], [4.0, 2.0])


def test_the_sentence_ranks_by_the_last_and_warns_of_a_lucky_point(learner: User) -> None:
    steady = make_measured(learner, [2.0, 1.6, 1.5])
    lucky = make_measured(learner, [2.0, 1.1, 1.7])
    text = sentence(lines([steady, lucky], "", group=False), "")
    assert text.index(str(steady.pk)) < text.index(str(lucky.pk))
    assert text.count("1.100") == 1
    assert "1.100" not in sentence(lines([steady], "", group=False), "")


def test_only_settings_that_differ_are_shown_and_counted(client_for: ClientFor, learner: User) -> None:
    make_finished(learner, spec={"learning_rate": 0.01})
    make_finished(learner, spec={"learning_rate": 0.003, "seed": 9})
    client = client_for(learner, language="en")
    page = client.get(reverse("run-list"))
    diff = page.context["comparison"].diff
    assert {str(row.label) for row in diff.rows if row.differs} == {"Learning rate", "Seed"}
    assertContains(page, f"2 of {len(diff.rows)} settings differ")
    assert page.content.count(b'<tr class="differs">') == 2
    whole = client.get(reverse("run-list"), {"whole": "1"})
    assert whole.content.decode().count("<tr>") - page.content.decode().count("<tr>") == len(diff.rows) - 2


def test_runs_of_one_task_are_drawn_by_their_own_measure(learner: User) -> None:
    curve_measures = {"step": [10, 20], "measures": [{"exact": 0.25}, {"exact": 0.75}]}
    run = make_measured(learner, [3.0, 2.0], spec={"task": "sequence", "family": "seq2seq", "corpus": "reverse"})
    run.curve["shares"], run.measure, run.figure = curve_measures, "exact_match", 0.75
    run.save()
    comparison = run_table(learner, View()).comparison
    assert comparison.measure == "exact_match"
    assert comparison.lines[0].points["loss"] == [25.0, 75.0]
    assert run_table(learner, View(loss=True)).comparison.lines[0].points["loss"] == [3.0, 2.0]


def test_a_search_that_means_nothing_is_told_and_leaves_all_runs(client_for: ClientFor, learner: User) -> None:
    make_finished(learner)
    page = client_for(learner, language="en").get(reverse("run-list"), {"q": "colour:red"})
    assertContains(page, "“colour:red” cannot be looked for.")
    assert len(page.context["rows"]) == 1


def test_the_page_draws_without_script(client_for: ClientFor, learner: User) -> None:
    make_finished(learner)
    page = client_for(learner).get(reverse("run-list")).content.decode()
    assert "<noscript><svg" in page
    assert page.count("<form") >= 8


@pytest.mark.parametrize("query", ["", "?group=1", "?pin=1,2&sort=took"])
def test_the_page_takes_few_queries(
    client_for: ClientFor, learner: User, query: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for seed in range(21):
        make_finished(learner, spec={"seed": seed})
    client = client_for(learner)
    with django_assert_max_num_queries(11):
        assert client.get(reverse("run-list") + query).status_code == 200


def test_all_points_of_ones_own_drawn_runs_are_one_file(
    client_for: ClientFor, learner: User, other_learner: User
) -> None:
    own, bare, foreign = make_finished(learner), make_run(learner), make_finished(other_learner)
    url = reverse("compare-points")
    answer = client_for(learner).get(url, {"show": f"{foreign.pk},{own.pk},{bare.pk}"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert {row["run"] for row in rows} == {str(own.pk)}
    assert len(rows) == 40
    assert sum(bool(row["held_out"]) for row in rows) == 4

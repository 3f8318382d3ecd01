"""What the run table and shared views read. Every function takes the person and enforces what they may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from labs import selectors as labs
from labs import wording
from labs.catalogue import LABS
from labs.compare import drawing
from labs.compare.diff import Diff, diff
from labs.compare.models import Share, ShareQuerySet
from labs.compare.privacy import private_ids
from labs.compare.search import search
from labs.compare.view import MOST_DRAWN, View, toggled
from labs.models import Run, RunQuerySet
from labs.people import may_read_shared
from labs.presenters import measured_text, rate_text, unit
from portal.lib.errors import UserError

PAGE = 20
DRAWN_AT_FIRST = 6
MOST_GROUPED = 200
"""Newest runs that are looked through for groups."""
MOST_SHARED = 20
AXES_OF_READERS = ("axis", "log", "loss", "whole", "zoom")
"""What readers of a shared view may turn; the owner's choice is what they begin with."""
MOST_SAMPLES = 3
HEAVY = ("curve", "samples", "info")

Text = str | Promise


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that can be sorted by. `first` is the direction of the first press."""

    name: str
    label: Text
    fields: tuple[str, ...]
    first: str = ""
    right: bool = True


COLUMNS = (
    Column(name="run", label=gettext_lazy("Run"), fields=("pk",), first="-", right=False),
    Column(name="lab", label=gettext_lazy("Lab"), fields=("lab",), right=False),
    Column(name="family", label=gettext_lazy("Family"), fields=("spec__family",), right=False),
    Column(name="shape", label=gettext_lazy("Layers × width"), fields=("spec__n_layers", "spec__d_model")),
    Column(name="rate", label=gettext_lazy("Rate"), fields=("spec__learning_rate",)),
    Column(name="params", label=gettext_lazy("Parameters"), fields=("params",)),
    Column(name="held", label=gettext_lazy("Held-out"), fields=("held_out",)),
    Column(name="best", label=gettext_lazy("Best"), fields=("best_held_out",)),
    Column(name="bits", label=gettext_lazy("Bits/byte"), fields=("bits_per_byte",)),
    Column(name="measure", label=gettext_lazy("Measure"), fields=("figure",), first="-"),
    Column(name="said", label=gettext_lazy("You said"), fields=("prediction",)),
    Column(name="took", label=gettext_lazy("Took"), fields=("result__seconds",)),
    Column(name="ended", label=gettext_lazy("Ended"), fields=("state",), right=False),
    Column(name="when", label=gettext_lazy("When"), fields=("created_at",), first="-"),
)


@dataclass(frozen=True, kw_only=True)
class Header:
    """The head of a column as the page draws it."""

    column: Column
    order: str
    """ascending, descending, or nothing."""
    query: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Drawn runs: lines, settings, the sentence. For the run table, a shared view and a teacher's look."""

    view: View
    runs: list[Run]
    lines: list[drawing.Line]
    diff: Diff
    measure: str
    """What is drawn; "" for the held-out loss."""
    measure_there: str
    """What could be drawn beside the loss; "" where the drawn runs have nothing in common."""
    left_out: int
    """Chosen runs above MOST_DRAWN."""

    @property
    def title(self) -> str:
        """What is drawn."""
        return str(wording.measure(self.measure).label) if self.measure else _("Held-out loss")

    @property
    def unit(self) -> str:
        """The unit of the vertical axis; empty where the lines differ."""
        units = {line.unit for line in self.lines}
        return "%" if self.measure else units.pop() if len(units) == 1 else ""

    @property
    def sentence(self) -> str:
        """The result in words."""
        return drawing.sentence(self.lines, self.measure)

    @property
    def data(self) -> dict[str, Any]:
        """For the page's script."""
        return {
            "lines": drawing.for_script(self.lines),
            "axis": self.view.axis,
            "log": self.view.log,
            "zoom": self.view.zoom,
        }

    @property
    def drawing(self) -> list[dict[str, str]]:
        """For a page without script."""
        return drawing.drawing(self.lines, self.view.axis)

    @property
    def table(self) -> list[dict[str, Any]]:
        """The chart as a table."""
        return drawing.as_table(self.lines)

    @property
    def show(self) -> str:
        """The drawn runs for a form."""
        return ",".join(str(run.pk) for run in self.runs)


@dataclass(frozen=True, kw_only=True)
class RunTable:
    """Everything of the page of runs."""

    view: View
    count: int
    page: Page[Any]
    rows: list[dict[str, Any]]
    headers: list[Header]
    comparison: Comparison
    problem: UserError | None
    """What was wrong in the search field; then nothing is left out for it."""
    capped: bool


def run_table(user: Any, view: View) -> RunTable:
    """One's runs as the address asks for them. Six queries, seven with pinned runs, eight with groups."""
    found, problem = _filtered(user, view)
    ordered = found.order_by(*_order(view.sort))
    capped = False
    if view.group:
        newest = found.order_by("-pk").values("pk")[:MOST_GROUPED]
        runs = list(ordered.filter(pk__in=list(newest.values_list("pk", flat=True))))
        capped = len(runs) == MOST_GROUPED
        page: Page[Any] = Paginator(grouped(runs), PAGE).get_page(view.page)
        groups = list(page.object_list)
    else:
        page = Paginator(ordered, PAGE).get_page(view.page)
        groups = [[run] for run in page.object_list]
    pinned = [[run] for run in in_order(labs.run_list(user), view.pin)] if view.pin else []
    groups = pinned + [group for group in groups if len(group) > 1 or group[0].pk not in view.pin]
    shown = view.show if view.show is not None else first_shown(groups)
    comparison = compare(labs.run_list(user), view.but(show=shown), labs.titles(user))
    drawn = tuple(run.pk for run in comparison.runs)
    return RunTable(
        view=view.but(show=shown),
        count=page.paginator.count,
        page=page,
        rows=[row(group, view.but(show=drawn)) for group in groups],
        headers=headers(view),
        comparison=comparison,
        problem=problem,
        capped=capped,
    )


def _filtered(user: Any, view: View) -> tuple[RunQuerySet, UserError | None]:
    """Filter by lab, state and words; words that mean nothing are told instead of followed."""
    exact = {name: value for name, value in {"lab": view.lab, "state": view.state}.items() if value}
    found = labs.run_list(user).filter(**exact)
    try:
        return found.filter(search(view.q) if view.q else Q()), None
    except UserError as error:
        return found, error


def _order(sort: str) -> list[Any]:
    """Newest first, or by a column; rows without a figure come last either way."""
    column = next((column for column in COLUMNS if column.name == sort.removeprefix("-")), None)
    if column is None:
        return ["-pk"]
    down = sort.startswith("-")
    fields = [F(field).desc(nulls_last=True) if down else F(field).asc(nulls_last=True) for field in column.fields]
    return [*fields, "-pk"]


def headers(view: View) -> list[Header]:
    """Every column with the link of its next press: the first direction, then the other one."""
    found = []
    for column in COLUMNS:
        names = {column.name: "ascending", f"-{column.name}": "descending"}
        first = f"{column.first}{column.name}"
        other = next(name for name in names if name != first)
        query = view.but(sort=other if view.sort == first else first, page="").query
        found.append(Header(column=column, order=names.get(view.sort, ""), query=query))
    return found


def plain_headers() -> list[Header]:
    """Every column without links, in words for somebody else's runs."""
    labels = {"said": _("Said")}
    return [
        Header(column=replace(column, label=labels.get(column.name, column.label)), order="", query="")
        for column in COLUMNS
    ]


def grouped(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs that differ only in their seed together, in the order of the first of each."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(drawing.recipe_key(run), []).append(run)
    return list(found.values())


def first_shown(groups: Sequence[Sequence[Run]]) -> tuple[int, ...]:
    """What is drawn before anything was chosen: the first few with a curve that are measured like the first of them."""
    there = [group for group in groups if any(run.held_out is not None for run in group)]
    alike = [group for group in there if unit(group[0].spec) == unit(there[0][0].spec)]
    ids = [run.pk for group in alike[:DRAWN_AT_FIRST] for run in group if run.held_out is not None]
    return tuple(ids[:MOST_DRAWN])


def in_order(runs: RunQuerySet, ids: Sequence[int]) -> list[Run]:
    """Those of `runs` that `ids` names, in that order. One query."""
    found = {run.pk: run for run in runs.filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]


def compare(runs: QuerySet[Run], view: View, corpora: dict[str, str], *, hide_private: bool = False) -> Comparison:
    """The runs that the view draws, of those in `runs`. Two queries."""
    chosen = view.show or ()
    drawn = in_order(runs.annotate(started=F("info__started")), chosen[:MOST_DRAWN])  # type: ignore[arg-type]  # the same model
    there = drawing.shared_measure(drawn) if drawn else ""
    measure = "" if view.loss else there
    return Comparison(
        view=view,
        runs=drawn,
        lines=drawing.lines(drawn, measure, group=view.group),
        diff=diff(grouped(drawn) if view.group else [[run] for run in drawn], corpora, hide_private=hide_private),
        measure=measure,
        measure_there=there,
        left_out=max(0, len(chosen) - MOST_DRAWN),
    )


def row(runs: Sequence[Run], view: View) -> dict[str, Any]:
    """One line of the table: a run, or several that differ only in their seed."""
    first = next((run for run in runs if run.held_out is not None), runs[0])
    ids = tuple(run.pk for run in runs if run.held_out is not None or len(runs) == 1)
    shown, spec = view.show or (), first.spec
    found = labs.run_row(first) | {
        "ids": ids,
        "ink": drawing.ink_of(min(ids, default=first.pk)),
        "dash": drawing.dash_of(min(ids, default=first.pk)),
        "drawable": first.held_out is not None,
        "shown": bool(ids) and set(ids) <= set(shown),
        "toggle": toggled(shown, ids),
        "pinned": first.pk in view.pin,
        "pin": toggled(view.pin, ids[:1]),
        "family": wording.FAMILY.get(spec.get("family", "gpt"), _("Transformer")),
        "shape": f"{spec['n_layers']} × {spec['d_model']}",
        "rate": rate_text(float(spec["learning_rate"])),
        "params": first.params,
        "best": first.best_held_out,
        "measure": _figure(first),
        "took": first.result.get("seconds"),
        "said": said(first),
    }
    return found | _of_seeds(runs) if len(runs) > 1 else found


def said(run: Run) -> str:
    """The number that was expected, as its lab writes it; empty without one."""
    if run.prediction is None:
        return ""
    return measured_text(LABS[run.lab])(run.prediction) if run.lab in LABS else f"{run.prediction:.3f}"


def _figure(run: Run) -> str:
    """The task's own measure; nothing for texts, whose measure is the loss."""
    if not run.measure or run.figure is None or run.spec.get("task", "language") == "language":
        return ""
    measure = wording.measure(run.measure)
    return f"{measure.label} {measure.text(run.figure)}"


def _of_seeds(runs: Sequence[Run]) -> dict[str, Any]:
    """What a line says of several seeds: means, and the range of the held-out loss."""
    losses = [run.held_out for run in runs if run.held_out is not None]
    best = [run.best_held_out for run in runs if run.best_held_out is not None]
    bits = [run.bits_per_byte for run in runs if run.bits_per_byte is not None]
    return {
        "name": f"{min(run.pk for run in runs)}–{max(run.pk for run in runs)}",
        "seeds": ngettext("%(count)s seed", "%(count)s seeds", len(runs)) % {"count": len(runs)},
        "held_out": _mean(losses),
        "range": f"{min(losses):.3f}–{max(losses):.3f}" if len(losses) > 1 else "",
        "best": min(best, default=None),
        "bits_per_byte": _mean(bits),
        "said": "",
        "took": None,
        "measure": "",
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


# Shared views


@dataclass(frozen=True, kw_only=True)
class SharedView:
    """A shared view as its readers see it."""

    share: Share
    own: bool
    comparison: Comparison
    rows: list[dict[str, Any]]
    samples: list[dict[str, Any]]
    hidden: int
    """Runs whose texts are not shown."""


def shares(user: Any) -> ShareQuerySet:
    """One's own views that others may read now, newest first."""
    return Share.objects.for_user(user).active()


def share_get(user: Any, token: str) -> Share:
    """A shared view that is open and for this person. Raises Http404 for any other. Two to six queries."""
    share = Share.objects.select_related("owner").filter(token=token).first()
    if share is None or not share.is_active or not share.owner.is_active or not may_read_shared(user, share.owner_id):
        raise Http404
    return share


def shared_view(user: Any, token: str, query: Mapping[str, Any]) -> SharedView:
    """What a shared view shows, on the axes that its reader chose: never a private text, nor what was learnt from one
    unless its owner said so.

    Raises Http404. Ten queries at most.
    """
    share = share_get(user, token)
    runs = Run.objects.filter(shares=share).defer(*HEAVY).order_by("pk")
    ids = tuple(runs.values_list("pk", flat=True))
    own = {name: value for name, value in query.items() if name in AXES_OF_READERS}
    view = View.read(share.view | own | {"show": ",".join(map(str, ids[:MOST_SHARED]))})
    comparison = compare(runs, view, labs.titles(share.owner), hide_private=not share.with_samples)
    private = set() if share.with_samples else private_ids(comparison.runs)
    open_ = [run for run in comparison.runs if run.pk not in private]
    return SharedView(
        share=share,
        own=share.owner_id == user.pk,
        comparison=comparison,
        rows=[row([run], view) for run in comparison.runs],
        samples=last_samples(open_),
        hidden=len(comparison.runs) - len(open_),
    )


def last_samples(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """What these runs wrote at their last checkpoint. One query."""
    rows = Run.objects.filter(pk__in=[run.pk for run in runs]).order_by("pk").values_list("pk", "samples")
    found = []
    for pk, samples in rows:
        last = max((sample["step"] for sample in samples), default=0)
        texts = [sample for sample in samples if sample["step"] == last][:MOST_SAMPLES]
        if texts:
            found.append({"id": pk, "ink": drawing.ink_of(pk), "dash": drawing.dash_of(pk), "texts": texts})
    return found

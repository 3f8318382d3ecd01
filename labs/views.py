"""Pages and fragments of the labs. Each view calls one service or a few selectors; words are in presenters, endings."""

from __future__ import annotations

import csv
import io
import random
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from labs import curves, presenters, results, selectors, services
from labs.assessment.panel import posted_forecast, saying
from labs.branches.panel import arrival, beside
from labs.branches.panel import panel as branches_panel
from labs.catalogue import LABS
from labs.deploy.panel import panel
from labs.endings import ending_of
from labs.forms import SEED_LIMIT, Recipe, given_of, read_prediction
from labs.lab import Lab
from labs.models import Generation, Run
from labs.panel import recipe_for
from labs.states import State
from labs.teaching.selectors import looks
from labs.teaching.services import lab_opened
from labs.wording import measure, upload_reason
from portal.lib.errors import UserError
from trainer.corpora import MAX_UPLOAD, UploadError

RUNS_BESIDE_A_LAB = 8
PLAY_FIELDS = ("prompt", "temperature", "top_k", "top_p", "max_tokens", "seed")
PLAY_PRESET = {"temperature": "0.8", "top_k": "0", "top_p": "1", "max_tokens": "200", "seed": "1"}


class HtmxRequest(HttpRequest):
    """A request as HtmxMiddleware leaves it."""

    htmx: HtmxDetails


def lab_or_404(slug: str) -> Lab:
    """The lab of this name."""
    if slug not in LABS:
        raise Http404(slug)
    return LABS[slug]


# Labs


@require_safe
@login_required
def lab_list(request: HttpRequest) -> HttpResponse:
    """All labs with their goal and one's best."""
    return render(request, "labs/lab_list.html", {"cards": selectors.lab_cards(request.user)})


@require_safe
@login_required
def lab(request: HttpRequest, slug: str) -> HttpResponse:
    """A lab with its recipe; every field is a query parameter, so that a recipe is a link."""
    found = lab_or_404(slug)
    lab_opened(user=request.user, lab=slug)
    return lab_page(request, found, recipe_for(request.user, found, given_of(request.GET)))


def lab_page(request: HttpRequest, found: Lab, recipe: Recipe, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a lab, also with what is wrong in a form that came in."""
    estimate = selectors.estimate(request.user, found.slug, recipe.fields)
    recipe.errors = estimate.fields | dict(recipe.errors)
    runs = list(selectors.run_list(request.user).filter(lab=found.slug)[:RUNS_BESIDE_A_LAB])
    context = {
        "lab": found,
        "card": selectors.lab_card(request.user, found.slug),
        "recipe": recipe,
        "estimate": estimate,
        "slots": settings.LAB_SLOTS,
        "stairs": presenters.stairs(None),
        "token": uuid.uuid4().hex,
        "uploads": selectors.uploads(request.user),
        "rows": [selectors.run_row(run) for run in runs],
        "last": presenters.comparison(runs) if found.prediction.measure == "loss" else None,
        "measure": measure(found.prediction.measure),
        "saying": saying(request.user, found, runs, more.pop("said", None)),
        "measure_is_loss": found.prediction.measure == "loss",
        "class_link": request.build_absolute_uri(recipe.url),
        "words": presenters.sentences(),
    }
    return render(request, "labs/lab.html", context | more, status=status)


@require_safe
@login_required
def cost(request: HttpRequest, slug: str) -> HttpResponse:
    """What the recipe in the panel costs, and what is wrong with it beside each field."""
    found = lab_or_404(slug)
    recipe = recipe_for(request.user, found, given_of(request.GET))
    estimate = selectors.estimate(request.user, slug, recipe.fields)
    recipe.errors = estimate.fields
    return render(request, "labs/cost.html", {"estimate": estimate, "recipe": recipe})


@require_POST
@login_required
def recipe(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a link of what is in the panel, with a new seed where asked. What script does in place, without script."""
    given = given_of(request.POST)
    if "new_seed" in given:
        given["seed"] = str(random.randrange(1, SEED_LIMIT))
    return redirect(Recipe(lab_or_404(slug), given).url)


@require_POST
@login_required
def run_submit(request: HttpRequest, slug: str) -> HttpResponse:
    """Queue a run; 422 with every error beside its field, and what was typed."""
    found = lab_or_404(slug)
    recipe = recipe_for(request.user, found, given_of(request.POST))
    try:
        run = services.run_submit(
            owner=request.user,
            lab=slug,
            values=recipe.fields,
            prediction=read_prediction(request.POST.get("prediction", "")),
            forecast=posted_forecast(found.prediction, request.POST),
            must_predict=True,
            idempotency_key=recipe.key(request.POST.get("token", "")),
        )
    except UserError as error:
        recipe.errors = error.fields
        return lab_page(request, found, recipe, error.status, said=request.POST, problem=error)
    return redirect(arrival(run))


# Runs


@require_safe
@login_required
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """A run, live or ended, drawn from what is stored; script goes on from there."""
    return run_page(request, selectors.run_get(request.user, run_id))


def run_page(request: HttpRequest, run: Run, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a run, also with what is wrong in the form that lets it write."""
    found = LABS[run.lab]
    prompts = run.spec["prompts"]
    prompt = prompts[min(_index(request.GET.get("prompt")), len(prompts) - 1)]
    data = (
        selectors.snapshot(run)
        | {
            "prompts": prompts,
            "planned": presenters.planned(run),
            "text": results.is_text(run),
            "measures": results.measure_words(),
        }
        | beside(run)
    )
    if found.prediction.measure != "loss":
        data["run"]["prediction"] = None  # the chart is about losses
    context = status_context(request, run) | {
        "lab": found,
        "looks": looks(run),
        "recipe": presenters.recipe_of(run),
        "settings": presenters.settings_of(found, run.spec, selectors.titles(request.user)),
        "figures": presenters.figures(run),
        "sentence": presenters.result_sentence(run.curve, run.info),
        "unit": presenters.unit(run.spec),
        "drawing": presenters.drawing(run.curve),
        "table": presenters.table_rows(run.curve),
        "prompts": prompts,
        "prompt": prompt,
        "written": presenters.written(run, prompt),
        "answers": results.answers(run),
        "live": results.live(run),
        "is_text": results.is_text(run),
        "branches": more.get("branches") or branches_panel(run),
        "data": data,
        "words": presenters.sentences(results.baseline_name(run)),
    }
    return render(request, "labs/run.html", context | more, status=status)


def status_context(request: HttpRequest, run: Run) -> dict[str, Any]:
    """What changes when a run changes its state: the parts of the fragment `run-status`."""
    place = selectors.queue_place(run)
    texts = list(selectors.generations(request.user, run.pk)) if run.state == State.FINISHED else []
    return {
        "run": run,
        "outcome": results.outcome(run),
        "writes": results.writes(run),
        "stairs": presenters.stairs(run),
        "queue_words": presenters.place_sentence(place["ahead"]),
        "place": place,
        "ending": ending_of(run),
        "card": selectors.lab_card(request.user, run.lab),
        "generations": texts,
        "play": {"prompt": results.first_prompt(run)} | PLAY_PRESET,
        "play_errors": {},
        "deploy": panel(request, run),
    }


@require_safe
@login_required
def run_status(request: HttpRequest, run_id: int) -> HttpResponse:
    """Queue place, ending and play panel as they are now."""
    return render(request, "labs/run_status.html", status_context(request, selectors.run_get(request.user, run_id)))


@require_POST
@login_required
def run_cancel(request: HtmxRequest, run_id: int) -> HttpResponse:
    """Ask for a run's end: within a second for a running one, at once for a waiting one."""
    run = services.run_cancel(owner=request.user, run_id=run_id)
    if request.htmx:
        return render(request, "labs/run_status.html", status_context(request, run))
    return redirect("run", run.pk)


@require_safe
@login_required
def run_points(request: HttpRequest, run_id: int) -> HttpResponse:
    """Every stored point of a run as CSV, none left out; held-out figures in the rows of their steps."""
    run = selectors.run_get(request.user, run_id)
    curve = run.curve or curves.empty()
    extra = curves.HELD_OUT[3:]
    held = {line[0]: line[3:] for line in curves.rows(curve["held_out"], curves.HELD_OUT)}
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*curves.POINT, "held_out", *extra[1:]])
    writer.writerows([*line, *held.get(line[0], [""] * len(extra))] for line in curves.rows(curve))
    return HttpResponse(
        file.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="run-{run.pk}.csv"'},
    )


# Playing


@require_POST
@login_required
def generation_create(request: HtmxRequest, run_id: int) -> HttpResponse:
    """Let a finished model write; 422 with errors beside the fields."""
    run = selectors.run_get(request.user, run_id)
    values = {name: request.POST[name] for name in PLAY_FIELDS if name in request.POST}
    try:
        made = services.generation_create(owner=request.user, run_id=run.pk, values=values)
    except UserError as error:
        return play_refused(request, run, values, error)
    if not request.htmx:
        return redirect(f"{reverse('run', args=[run.pk])}#text-{made.pk}")
    return render(request, "labs/generation_create.html", {"run": run, "play": values, "play_errors": {}, "made": made})


def play_refused(request: HtmxRequest, run: Run, values: Mapping[str, str], error: UserError) -> HttpResponse:
    """The form again with what was typed: alone for htmx, else in its page."""
    context = {"play": PLAY_PRESET | dict(values), "play_errors": error.fields, "play_problem": error}
    if request.htmx:
        return render(request, "labs/_play_form.html", {"run": run} | context, status=422)
    return run_page(request, run, error.status, **context)


@require_safe
@login_required
def generation(request: HttpRequest, generation_id: int) -> HttpResponse:
    """One text that a model writes or has written; asks again by itself until it is there."""
    texts = Generation.objects.for_user(request.user).select_related("run")
    text = get_object_or_404(texts, pk=generation_id)
    card = selectors.lab_card(request.user, text.run.lab)
    return render(request, "labs/generation.html", {"text": text, "card": card})


# Uploads


@require_POST
@login_required
def upload_create(request: HttpRequest) -> HttpResponse:
    """Keep a text of the learner's own and go back to the recipe with that text chosen; 422 names what is wrong."""
    found = lab_or_404(request.POST.get("lab", ""))
    given = dict(parse_qsl(request.POST.get("recipe", "")))
    file, column = request.FILES.get("file"), request.POST.get("column", "").strip()
    try:
        upload = services.upload_create(owner=request.user, name=_name(file), data=_read(file), column=column or None)
    except UserError as error:
        recipe = recipe_for(request.user, found, given)
        upload_errors = error.fields or {"file": error.message}
        return lab_page(request, found, recipe, 422, upload_errors=upload_errors, upload_column=column)
    messages.success(request, _("“%(name)s” is ready to train on.") % {"name": upload.name})
    return redirect(Recipe(found, given | {"corpus": upload.corpus}).url)


def _read(file: UploadedFile[Any] | None) -> bytes:
    """The bytes of an upload; one that is too large is refused unread."""
    if file is None:
        text = _("Choose a file first.")
        raise UserError("no_file", text, fields={"file": text})
    if (file.size or 0) > MAX_UPLOAD:
        text = upload_reason(UploadError("too_large", {"high": MAX_UPLOAD, "found": file.size}))
        raise UserError("upload_refused", text, fields={"file": text})
    return bytes(file.read())


def _name(file: UploadedFile[Any] | None) -> str:
    return (file.name or "") if file else ""


@require_POST
@login_required
def upload_delete(request: HttpRequest, upload_id: int) -> HttpResponse:
    """Forget a text; runs made with it keep their curves."""
    services.upload_delete(owner=request.user, upload_id=upload_id)
    messages.success(request, _("The text is deleted."))
    slug = request.POST.get("lab", "")
    return redirect("lab", slug) if slug in LABS else redirect("lab-list")


def _index(text: str | None) -> int:
    """A place in a list from the address; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 4 else 0

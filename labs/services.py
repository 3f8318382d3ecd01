"""What learners do in the labs: submit and cancel runs, upload texts, let a model write. Pages and API call these."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from labs import costs, limits, selectors, uploads, wording
from labs.assessment import predictions
from labs.branches import cache
from labs.catalogue import LABS
from labs.locks import lock_owner
from labs.models import Generation, Run, Upload
from labs.states import State
from labs.tasks import announce, generate, work
from labs.wake import send
from portal.lib.errors import UserError
from trainer.corpora import UploadError, check_upload
from trainer.spec import RunSpec

log = logging.getLogger(__name__)

MAX_KEY = 64


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Where a run goes on from: a checkpoint of one of its owner's runs."""

    parent: Run
    step: int


def run_submit(
    *,
    owner: Any,
    lab: str,
    values: Mapping[str, Any],
    prediction: float | None = None,
    forecast: Mapping[str, Any] | None = None,
    must_predict: bool = False,
    idempotency_key: str,
    replay: bool = True,
    branch: Branch | None = None,
) -> Run:
    """Queue a run of `lab` with `values` over its preset. The same key again is the same run.

    `forecast`: see `labs.assessment.predictions`; with `must_predict` the first run of a lab needs one, or a number. A
    recipe that was trained before is finished at once (`labs.branches.cache`), unless `replay` is off or it goes on
    from a `branch`. When Redis is away the run is queued all the same; the reaper wakes a worker later.

    Raises Http404, UserError: `invalid_recipe` with every wrong field, `too_many_queued`, `day_used_up`.
    """
    if lab not in LABS:
        raise Http404(lab)
    spec, facts, said = _checked(owner, lab, values, prediction, forecast, must_predict=must_predict)
    key = _key(idempotency_key)
    vocab, told = facts.vocab_size(spec), {"prediction": predictions.number_of(prediction, said), "forecast": said}
    recipe_key = "" if branch else cache.recipe_key(spec, facts.data_hash)
    with transaction.atomic():
        lock_owner(owner)
        if existing := Run.objects.for_user(owner).filter(idempotency_key=key).first():
            return existing
        if replay and (done := _replayed(owner, lab, recipe_key, key, told)):
            return done
        _check_room(owner, costs.Speeds.measured().seconds(spec, vocab))
        run = Run.objects.create(
            owner=owner,
            lab=lab,
            spec=spec.to_dict(),
            data_hash=facts.data_hash,
            params=costs.parameters(spec, vocab),
            steps=spec.steps,
            **costs.load(spec, vocab),
            **told,
            idempotency_key=key,
            recipe_key=recipe_key,
            parent=branch.parent if branch else None,
            fork_step=branch.step if branch else 0,
        )
        transaction.on_commit(_wake)
    return run


def _key(text: str) -> str:
    """What makes a second press the same run. Raises UserError."""
    if key := text.strip()[:MAX_KEY]:
        return key
    raise UserError("no_key", _("The form is incomplete."), _("Load the page again and press Run."))


def _check_room(owner: Any, seconds: float) -> None:
    """Raises UserError where a learner has too many runs waiting, or has used up the day."""
    if Run.objects.for_user(owner).queued().count() >= settings.LAB_MAX_QUEUED:
        raise UserError(
            "too_many_queued",
            _("%(number)s of your runs are waiting already.") % {"number": settings.LAB_MAX_QUEUED},
            _("Wait until one has started, or cancel one."),
            status=429,
        )
    limits.check(owner, seconds)


def _replayed(owner: Any, lab: str, recipe_key: str, key: str, told: Mapping[str, Any]) -> Run | None:
    """The run as one that was trained before has shown it; None where none was."""
    source = cache.stored_run(recipe_key) if settings.LAB_REPLAY else None
    if source is None:
        return None
    try:
        with transaction.atomic():
            return cache.replay(owner=owner, lab=lab, source=source, idempotency_key=key, **told)
    except OSError:
        log.warning("run %s: its files cannot be linked, so its recipe is trained again", source.pk)
        return None


def run_cancel(*, owner: Any, run_id: int) -> Run:
    """End a waiting run now; ask a running one to end, within a second. Ended ones stay. Raises Http404."""
    run = selectors.run_get(owner, run_id)
    now = timezone.now()
    # The wish first, whatever the state: from here on nobody claims the run, and its supervisor ends it. Given back to
    # the queue meanwhile, it is ended here or by the reaper.
    Run.objects.active().filter(pk=run.pk, cancel_requested_at=None).update(cancel_requested_at=now)
    run.refresh_from_db()
    if run.state == State.QUEUED:
        if run.move(State.CANCELLED, finished_at=now):
            announce(run)
        else:
            run.refresh_from_db()
    return run


def upload_create(*, owner: Any, name: str, data: bytes, column: str | None = None) -> Upload:
    """Check and keep a text of the learner's own; the same text again is the same upload.

    Raises UserError `upload_refused` with the reason, `too_many_uploads`.
    """
    try:
        checked = check_upload(data, name=name, column=column or None)
    except UploadError as error:
        field = "column" if error.code == "no_column" else "file"
        reason = wording.upload_reason(error)
        raise UserError("upload_refused", reason, fields={field: reason}) from error
    with transaction.atomic():
        lock_owner(owner)
        if existing := Upload.objects.for_user(owner).filter(sha256=checked.hash).first():
            return existing
        if Upload.objects.for_user(owner).count() >= settings.LAB_UPLOADS_PER_PERSON:
            text = _("You have %(number)s texts already.") % {"number": settings.LAB_UPLOADS_PER_PERSON}
            raise UserError("too_many_uploads", text, _("Delete one first."), fields={"file": text})
        upload = Upload.objects.create(
            owner=owner,
            name=name.strip()[:120] or _("Untitled"),
            sha256=checked.hash,
            size=len(checked.text.encode()),
            characters=len(checked.text),
            vocab_size=checked.distinct,
        )
        uploads.keep(upload.corpus, checked.text)
    return upload


def upload_delete(*, owner: Any, upload_id: int) -> None:
    """Forget an upload. Its file goes with the last run and upload that name it. Raises Http404, UserError."""
    upload = selectors.upload_get(owner, upload_id)
    waiting = Run.objects.active().filter(spec__corpus=upload.corpus)
    if waiting.filter(owner_id=owner.pk).exists():
        raise UserError("upload_in_use", _("A run that has not ended uses this text."), _("Wait for it, or cancel it."))
    upload.delete()
    if not Upload.objects.filter(sha256=upload.sha256).exists() and not waiting.exists():
        uploads.path_of(upload.corpus).unlink(missing_ok=True)


def generation_create(*, owner: Any, run_id: int, values: Mapping[str, Any]) -> Generation:
    """Ask the model of a finished run for a text. Raises UserError with every wrong field; Http404.

    `values`: prompt, temperature (0 to 5), top_k (0 to 2,000), top_p (0 to 1), max_tokens (1 to 500), seed.
    """
    run = selectors.run_get(owner, run_id)
    if run.state != State.FINISHED:
        raise UserError("no_model", _("This run has no model to play with."), _("Only finished runs have one."))
    clean = _generation_values(values)
    with transaction.atomic():
        lock_owner(owner)
        if Generation.objects.for_user(owner).filter(state__in=Generation.OPEN).count() >= settings.LAB_MAX_QUEUED:
            raise UserError("too_many_texts", _("Your model is still writing."), _("Wait for its texts."), status=429)
        generation = Generation.objects.create(run=run, **clean)
        transaction.on_commit(lambda: send(generate, generation.pk))
    return generation


GENERATION_LIMITS: dict[str, tuple[type, float, float]] = {
    "temperature": (float, 0.0, 5.0),
    "top_k": (int, 0, 2000),
    "top_p": (float, 0.01, 1.0),
    "max_tokens": (int, 1, 500),
    "seed": (int, 0, 2**31 - 1),
}


def _generation_values(values: Mapping[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {"prompt": str(values.get("prompt", ""))}
    errors: dict[str, str] = {}
    if not 1 <= len(clean["prompt"]) <= 1000:
        errors["prompt"] = _("Write a prompt of 1 to 1,000 characters.")
    for name, (kind, low, high) in GENERATION_LIMITS.items():
        if name not in values:
            continue
        try:
            value = float(str(values[name]))
            if not (math.isfinite(value) and low <= value <= high and (kind is float or value.is_integer())):
                raise ValueError(name)
        except ValueError:
            limits = {"low": wording.number(low), "high": wording.number(high)}
            errors[name] = _("Choose a value from %(low)s to %(high)s.") % limits
        else:
            clean[name] = kind(value)
    clean.setdefault("temperature", 0.8)
    if errors:
        raise UserError("invalid_request", _("Some values are out of range."), fields=errors)
    return clean


def _checked(
    owner: Any,
    lab: str,
    values: Mapping[str, Any],
    prediction: float | None,
    forecast: Mapping[str, Any] | None,
    *,
    must_predict: bool,
) -> tuple[RunSpec, selectors.CorpusFacts, dict[str, Any]]:
    """The spec, its corpus and the forecast, or UserError naming every wrong field."""
    spec, facts, fields = selectors.check(owner, lab, values)
    asked, said = LABS[lab].prediction, {}
    if prediction is not None and (wrong := wording.prediction_problem(asked.measure, prediction)):
        fields["prediction"] = wrong
    try:
        said = predictions.checked(asked, forecast)
    except predictions.ForecastError as error:
        fields |= error.fields
    if must_predict and not predictions.committed(prediction, said) and not fields and not _has_said(owner, lab):
        fields["prediction"] = _("Say first what you expect. It unlocks Run, and a wrong guess costs nothing.")
    if fields or spec is None or facts is None:
        raise UserError("invalid_recipe", _("Nothing was queued: some settings cannot be used."), fields=fields)
    return spec, facts, said


def _has_said(owner: Any, lab: str) -> bool:
    said = ~Q(prediction=None) | ~Q(forecast={})
    return Run.objects.for_user(owner).filter(said, lab=lab).exists()


def _wake() -> None:
    send(work)

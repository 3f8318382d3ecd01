"""The page "Script": who may ask for what, once; files and archives; words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from labs.export import making, services, wording
from labs.export.models import Export
from labs.export.selectors import folder
from labs.export.states import Kind, Stage
from labs.models import Run
from labs.states import State
from labs.tests.factories import make_finished, make_run
from portal.accounts.models import User
from portal.lib.errors import UserError

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def run(learner: User) -> Run:
    return make_finished(learner)


@pytest.fixture
def client(client_for: ClientFor, learner: User) -> Client:
    return client_for(learner, language="en")


def written(run: Run, kind: Kind, **contents: bytes) -> Export:
    """An export that is there."""
    place = folder(run, kind)
    place.mkdir(parents=True)
    for name, data in contents.items():
        place.joinpath(name.replace("_", ".")).write_bytes(data)
    files = {path.name: path.stat().st_size for path in place.iterdir()}
    return Export.objects.create(run=run, kind=kind, state=Stage.DONE, result={"files": files})


def test_a_page_offers_every_format(
    client: Client, run: Run, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(15):
        text = client.get(reverse("run-script", args=[run.pk])).content.decode()
    for kind in Kind:
        assert reverse("export-create", args=[run.pk, kind]) in text
    assert reverse("run-points", args=[run.pk]) in text
    assert "Same build and threads: identical." in text


def test_a_run_that_has_not_finished_offers_nothing(client: Client, learner: User) -> None:
    run = make_run(learner, state=State.RUNNING)
    text = client.get(reverse("run-script", args=[run.pk])).content.decode()
    assert "A finished run can be taken along" in text
    assert client.post(reverse("export-create", args=[run.pk, "script"])).status_code == 422
    assert not Export.objects.exists()


def test_a_branch_of_another_run_has_a_model_to_take_along_but_no_script(client: Client, learner: User) -> None:
    run = make_finished(learner, fork_step=20)
    text = client.get(reverse("run-script", args=[run.pk])).content.decode()
    assert "went on from another one" in text
    assert reverse("export-create", args=[run.pk, "script"]) not in text
    assert client.post(reverse("export-create", args=[run.pk, "check"])).status_code == 422
    assert client.post(reverse("export-create", args=[run.pk, "safetensors"])).status_code == 302


def test_asking_twice_is_one_job(client: Client, run: Run) -> None:
    for _ in range(2):
        response = client.post(reverse("export-create", args=[run.pk, "script"]))
        assert response["Location"].endswith(f"/runs/{run.pk}/script/#script")
    job = Export.objects.get()
    assert (job.kind, job.state) == (Kind.SCRIPT, Stage.WAITING)
    assert 'aria-busy="true"' in client.get(reverse("export-status", args=[run.pk, "script"])).content.decode()


def test_what_is_written_is_not_written_again_but_a_check_is_made_again(learner: User, run: Run) -> None:
    there = written(run, Kind.SCRIPT, train_py=b"print()\n")
    assert services.export_create(owner=learner, run_id=run.pk, kind=Kind.SCRIPT) == there
    folder(run, Kind.SCRIPT).joinpath("train.py").unlink()
    assert services.export_create(owner=learner, run_id=run.pk, kind=Kind.SCRIPT) != there
    first = Export.objects.create(run=run, kind=Kind.CHECK, state=Stage.DONE)
    assert services.export_create(owner=learner, run_id=run.pk, kind=Kind.CHECK) != first


def test_there_is_a_limit_to_what_is_under_way(learner: User, run: Run, settings: Settings) -> None:
    settings.LAB_MAX_QUEUED = 1
    services.export_create(owner=learner, run_id=run.pk, kind=Kind.SCRIPT)
    with pytest.raises(UserError) as refused:
        services.export_create(owner=learner, run_id=run.pk, kind=Kind.NOTEBOOK)
    assert (refused.value.code, refused.value.status) == ("too_many_exports", 429)


def test_somebody_elses_run_does_not_exist(client_for: ClientFor, other_learner: User, run: Run) -> None:
    job = written(run, Kind.SCRIPT, train_py=b"print()\n")
    stranger = client_for(other_learner)
    assert stranger.get(reverse("run-script", args=[run.pk])).status_code == 404
    assert stranger.get(reverse("export-status", args=[run.pk, "script"])).status_code == 404
    assert stranger.post(reverse("export-create", args=[run.pk, "check"])).status_code == 404
    assert stranger.get(reverse("export-file", args=[job.pk])).status_code == 404
    assert stranger.post(reverse("export-cancel", args=[job.pk])).status_code == 404


def test_a_format_that_does_not_exist_is_refused(client: Client, run: Run) -> None:
    assert client.get(reverse("export-status", args=[run.pk, "pickle"])).status_code == 404
    assert client.post(reverse("export-create", args=[run.pk, "pickle"])).status_code == 422


def test_one_file_comes_alone_and_several_as_an_archive(client: Client, run: Run) -> None:
    script = written(run, Kind.SCRIPT, train_py=b"print()\n")
    response = client.get(reverse("export-file", args=[script.pk]))
    assert response["Content-Disposition"] == 'attachment; filename="train.py"'
    assert response.getvalue() == b"print()\n"
    weights = bytes(range(256)) * 3000
    model = written(run, Kind.SAFETENSORS, config_json=b"{}", weights_safetensors=weights)
    response = client.get(reverse("export-file", args=[model.pk]))
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    assert archive.read(f"run-{run.pk}-safetensors/weights.safetensors") == weights
    assert archive.testzip() is None
    folder(run, Kind.SCRIPT).joinpath("train.py").unlink()
    assert client.get(reverse("export-file", args=[script.pk])).status_code == 404


def test_a_waiting_job_is_cancelled_at_once_and_a_working_one_is_asked(learner: User, run: Run) -> None:
    waiting = Export.objects.create(run=run, kind=Kind.SCRIPT)
    assert services.export_cancel(owner=learner, export_id=waiting.pk).state == Stage.CANCELLED
    working = Export.objects.create(run=run, kind=Kind.CHECK, state=Stage.WORKING, claimed_at=timezone.now())
    cancelled = services.export_cancel(owner=learner, export_id=working.pk)
    assert cancelled.state == Stage.WORKING
    assert cancelled.cancel_requested_at


def test_jobs_of_lost_workers_end(run: Run, settings: Settings) -> None:
    old = timezone.now() - timedelta(seconds=settings.LAB_RUN_SECONDS + 1000)
    lost = Export.objects.create(run=run, kind=Kind.CHECK, state=Stage.WORKING, claimed_at=old)
    fresh = Export.objects.create(run=run, kind=Kind.SCRIPT)
    making.expire()
    lost.refresh_from_db()
    fresh.refresh_from_db()
    assert (lost.state, lost.error, fresh.state) == (Stage.FAILED, "worker_lost", Stage.WAITING)


def test_a_worker_that_was_given_up_writes_nothing(run: Run) -> None:
    now = timezone.now()
    mine = Export.objects.create(run=run, kind=Kind.CHECK, state=Stage.WORKING, claimed_at=now)
    Export.objects.filter(pk=mine.pk).update(claimed_at=now + timedelta(seconds=9))
    assert not mine.move(Stage.DONE, result={"outcome": "identical"})


def test_a_check_is_told_in_words() -> None:
    translation.activate("en")
    same = {"outcome": "identical", "equal": 1000, "steps": 1000}
    assert wording.comparison(same) == "Identical: 1,000 of 1,000 losses, to the last bit."
    other = {"outcome": "close", "equal": 40, "steps": 90, "first_different": 41, "largest": 0.0004}
    assert "step 41" in wording.comparison(other)
    assert "0.04 %" in wording.comparison(other)

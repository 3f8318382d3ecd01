"""Uploading a text of one's own from the lab's page, and deleting it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from labs.models import Upload
from labs.tests.factories import make_run
from portal.accounts.models import User

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db

URL = reverse("upload-create")
TEXT = ("The quick brown fox jumps over the lazy dog. 狐狸。\n" * 60).encode()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path


def send(client: Client, data: bytes | None = TEXT, name: str = "fox.txt", **more: str) -> Any:
    values: dict[str, Any] = {"lab": "training", "recipe": "n_layers=3&seed=8", **more}
    if data is not None:
        values["file"] = SimpleUploadedFile(name, data)
    return client.post(URL, values)


def test_an_upload_leads_back_to_the_recipe_with_its_text_chosen(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner)
    response = send(client)
    upload = Upload.objects.get()
    assert response.status_code == 302
    recipe = client.get(response["Location"]).context["recipe"]
    assert recipe.values["corpus"] == upload.corpus
    assert (recipe.values["n_layers"], recipe.values["seed"]) == ("3", "8")
    assert not recipe.errors
    assert (upload.corpus, "fox.txt") in recipe.knob("corpus").choices


def test_a_column_of_a_csv_is_taken(client_for: ClientFor, learner: User) -> None:
    lines = "id,note\n" + "".join(f"{n},Row {n} says hello to everybody\n" for n in range(100))
    assert send(client_for(learner), lines.encode(), "notes.csv", column="note").status_code == 302
    assert Upload.objects.get().characters > 2000


@pytest.mark.parametrize("mark", ["\u2028", "\f", "\x85"])
def test_what_only_some_programs_take_for_a_line_end_stays_inside_a_cell(
    client_for: ClientFor, learner: User, mark: str
) -> None:
    lines = "id,note\n" + "".join(f"{n},Row {n} says{mark}hello to everybody\n" for n in range(100))
    assert send(client_for(learner), lines.encode(), "notes.csv", column="note").status_code == 302


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "Choose a file first."),
        (b"", "The file is empty."),
        (b"too short", "bytes; at least 1,024"),
        (b"a\x00b" * 1000, "zero byte at position 1"),
        (b"\xff\xfe" * 1000, "not UTF-8"),
        (b"a" * (5 * 1024 * 1024 + 9), "5,242,889 bytes; at most 5,242,880"),
        (b"ab" * 1000, "different characters"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_with_its_reason_and_the_recipe_stays(
    client_for: ClientFor, learner: User, data: bytes | None, words: str
) -> None:
    response = send(client_for(learner, language="en"), data)
    assert response.status_code == 422
    assert words in response.context["upload_errors"]["file"]
    assert response.context["recipe"].values["n_layers"] == "3"
    assert not Upload.objects.exists()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_column_that_is_not_there_is_named_beside_its_field(
    client_for: ClientFor, learner: User, language: str
) -> None:
    lines = b"id,note\n" + b"1,some words for a row of text\n" * 100
    response = send(client_for(learner, language=language), lines, "notes.csv", column="texts")
    assert response.status_code == 422
    assert "note" in response.context["upload_errors"]["column"]
    assert 'value="texts"' in response.content.decode()


def test_upload_create_needs_a_sign_in_a_post_and_a_lab(client_for: ClientFor, learner: User) -> None:
    assert Client().post(URL).status_code == 302
    assert client_for(learner).get(URL).status_code == 405
    assert send(client_for(learner), lab="nowhere").status_code == 404


def test_upload_delete_forgets_a_text_and_goes_back_to_the_lab(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner)
    send(client)
    url = reverse("upload-delete", args=[Upload.objects.get().pk])
    assert client.post(url, {"lab": "training"})["Location"] == reverse("lab", args=["training"])
    assert not Upload.objects.exists()


def test_upload_delete_is_for_its_owner_and_by_post(client_for: ClientFor, learner: User, other_learner: User) -> None:
    send(client_for(learner))
    url = reverse("upload-delete", args=[Upload.objects.get().pk])
    assert Client().post(url).status_code == 302
    assert client_for(other_learner).post(url).status_code == 404
    assert client_for(learner).get(url).status_code == 405
    assert Upload.objects.exists()


def test_a_text_that_a_waiting_run_needs_stays(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner, language="en")
    send(client)
    upload = Upload.objects.get()
    make_run(learner, spec={"corpus": upload.corpus})
    response = client.post(reverse("upload-delete", args=[upload.pk]))
    assert response.status_code == 422
    assert "A run that has not ended uses this text." in response.content.decode()
    assert Upload.objects.exists()

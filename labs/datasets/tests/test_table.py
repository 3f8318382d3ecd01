"""Tables of one's own: looked at, kept, offered, refused with words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from labs import selectors, uploads
from labs.catalogue import LABS
from labs.datasets import services
from labs.datasets.models import UploadDraft
from labs.datasets.selectors import path_of
from labs.datasets.tests.factories import pairs_jsonl, reviews_csv
from labs.models import Upload
from portal.accounts.models import User
from trainer.corpora.kept import read_data

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def client(client_for: ClientFor, learner: User) -> Client:
    return client_for(learner, language="en")


def send(client: Client, data: bytes, name: str = "mine.csv", lab: str = "sentiment") -> Any:
    """Send a file from a lab."""
    file = SimpleUploadedFile(name, data, content_type="text/csv")
    return client.post(reverse("table-create"), {"lab": lab, "recipe": "seed=7", "file": file})


def test_a_table_is_looked_at_before_anything_is_kept(client: Client) -> None:
    response = send(client, reviews_csv())
    draft = UploadDraft.objects.get()
    assert response["Location"] == reverse("table", args=[draft.pk])
    text = client.get(response["Location"]).content.decode()
    assert "The film number 0 was poor, I think" in text
    assert '<option value="opinion" selected>' in text
    assert not Upload.objects.exists()


def test_a_kept_table_is_split_offered_and_chosen(client: Client, learner: User) -> None:
    draft = send(client, reviews_csv() + reviews_csv(10).partition(b"\n")[2].join([b"\n", b""]))["Location"]
    response = client.post(draft, {"text": "opinion", "label": "mood"}, follow=True)
    upload = Upload.objects.get()
    assert upload.kind == "labelled"
    assert upload.facts["train"] + upload.facts["held_out"] == 60
    assert (upload.facts["duplicates"], upload.facts["classes"]) == (10, {"good": 30, "bad": 30})
    page = response.content.decode()
    assert "ready to train on" in page
    assert "10 rows were left out" in page
    assert f'value="{upload.corpus}" selected' in page
    assert 'name="seed"' in page
    assert 'value="7"' in page
    read_data(uploads.path_of(upload.corpus), upload.corpus)
    assert not UploadDraft.objects.exists()
    offered = [value for value, _label in selectors.corpora(learner, LABS["sentiment"], "classify")]
    assert upload.corpus in offered
    for lab, task in (("translation", "sequence"), ("training", "language"), ("block", "sequence")):
        assert upload.corpus not in [value for value, _label in selectors.corpora(learner, LABS[lab], task)]


def test_pairs_come_as_json_lines(client: Client) -> None:
    draft = send(client, pairs_jsonl(), "pairs.jsonl", "translation")["Location"]
    assert '<option value="question" selected>' in client.get(draft).content.decode()
    client.post(draft, {"source": "question", "target": "answer"})
    upload = Upload.objects.get()
    assert (upload.kind, upload.facts["columns"]) == ("pairs", {"source": "question", "target": "answer"})


def test_a_recipe_cannot_learn_from_a_table_of_another_kind(client: Client, learner: User) -> None:
    draft = send(client, pairs_jsonl(), "pairs.jsonl", "translation")["Location"]
    client.post(draft, {"source": "question", "target": "answer"})
    _spec, _facts, wrong = selectors.check(learner, "sentiment", {"corpus": Upload.objects.get().corpus})
    assert "cannot learn from these data" in wrong["corpus"]


@pytest.mark.parametrize(
    ("data", "columns", "words"),
    [
        (b"text,label\n" + b"a,b\n" * 30, {}, "different rows; at least 20"),
        (b"text,label\n" + b"".join(b"row %d,x\n" % n for n in range(30)), {}, "same label, “x”"),
        (b"text,label\n" + b"".join(b"row %d,%d\n" % (n, n % 20) for n in range(60)), {}, "each needs at least 5"),
        (b"text,label\n" + b"".join(b"row %d,%d\n" % (n, n % 55) for n in range(600)), {}, "at most 50"),
        (b"text,label\n" + b"row,\n" * 30, {}, "has nothing in the column “label”"),
        (b"text,label\n" + b"a,b\n" * 9 + b"a,b,c\n", {}, "not as many columns"),
        (b"text,label\n" + b"a,b\n" * 30, {"text": "nothing"}, "no column “nothing”"),
        (b"text,label\n" + b"a,b\n" * 30, {"text": "label"}, "two different columns"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(client: Client, data: bytes, columns: dict[str, str], words: str) -> None:
    draft = send(client, data)["Location"]
    response = client.post(draft, {"text": "text", "label": "label"} | columns)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.csv", "empty"),
        (b"hello", "a.xlsx", "CSV file"),
        (b"a,b\n\xff\xfe,c\n", "a.csv", "not UTF-8"),
        (b"a,b\n\0,c\n", "a.csv", "zero byte"),
        (b"[1]\n", "a.jsonl", "no JSON object"),
        (b"a,b\n", "a.csv", "at least 20"),
        (b"a" * (6 * 2**20), "a.csv", "at most 5,242,880"),
    ],
)
def test_a_file_that_is_no_table_leaves_nothing(client: Client, data: bytes, name: str, words: str) -> None:
    response = send(client, data, name)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not UploadDraft.objects.exists()


def test_somebody_elses_table_does_not_exist(client: Client, client_for: ClientFor, other_learner: User) -> None:
    draft = send(client, reviews_csv())["Location"]
    stranger = client_for(other_learner)
    assert stranger.get(draft).status_code == 404
    assert stranger.post(draft, {"text": "opinion", "label": "mood"}).status_code == 404
    assert stranger.post(f"{draft}delete/").status_code == 404


def test_a_file_is_forgotten_when_asked_when_late_and_when_there_are_many(client: Client) -> None:
    client.post(f"{send(client, reviews_csv())['Location']}delete/")
    assert not UploadDraft.objects.exists()
    for _ in range(services.DRAFTS + 1):
        send(client, reviews_csv())
    assert UploadDraft.objects.count() == services.DRAFTS
    late = UploadDraft.objects.all()[0]
    UploadDraft.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(hours=2))
    services.expire()
    assert not path_of(late.pk).exists()
    assert client.get(reverse("table", args=[late.pk])).status_code == 404
    path_of(UploadDraft.objects.all()[0].pk).unlink()
    gone = client.get(reverse("table", args=[UploadDraft.objects.all()[0].pk]))
    assert gone.status_code == 410

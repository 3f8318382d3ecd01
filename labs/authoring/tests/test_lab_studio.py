"""Labs changed by authors: import, draft, publish, back; every process sees what is published, and only that."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from labs.authoring import services
from labs.authoring.files import archive_of, read_archive, shipped_files
from labs.authoring.models import LabDraft, LabVersion
from labs.authoring.shelf import Shelf, heal_stamp, stamp_path
from labs.catalogue import LABS, read_files
from portal.accounts.models import User
from portal.lib.errors import UserError

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Any, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def client(client_for: ClientFor, author: User) -> Client:
    return client_for(author, language="en")


def changed(slug: str, **texts: tuple[str, str]) -> dict[str, str]:
    """Shipped files with one piece of a file replaced."""
    files = shipped_files(slug)
    for name, (old, new) in texts.items():
        name = {"yaml": "lab.yaml", "en": "en.md", "zh": "zh-hans.md"}[name]
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
    return files


def title_of(slug: str) -> str:
    with translation.override("en"):
        return str(LABS[slug].title)


NEW_TITLE = changed("tokens", en=("title: ", "title: Our own "))


def drafted(author: User, slug: str = "tokens", files: dict[str, str] | None = None) -> LabDraft:
    return services.draft_save(author=author, slug=slug, files=files or NEW_TITLE, revision=0)


def test_a_draft_is_seen_by_nobody_and_a_version_by_every_process(
    client: Client, author: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    before = title_of("tokens")
    elsewhere = Shelf(LABS.shipped, read_files)  # another process's
    draft = drafted(author)
    assert title_of("tokens") == before
    text = client.get(reverse("lab-edit", args=["tokens"])).content.decode()
    assert "Our own" in text
    assert "No mistakes" in text
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("lab-publish", args=["tokens"]), {"revision": draft.revision})
    assert title_of("tokens").startswith("Our own")
    with translation.override("en"):
        assert str(elsewhere["tokens"].title).startswith("Our own")
    assert list(elsewhere) == list(LABS.shipped)
    assert "Our own" in client.get(reverse("lab", args=["tokens"])).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("lab-restore", args=["tokens"]))
    assert title_of("tokens") == before
    assert [version.number for version in LabVersion.objects.all()] == [2, 1]


def test_a_lost_stamp_is_written_anew(
    author: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    heal_stamp()
    assert not stamp_path().exists()
    drafted(author)
    with django_capture_on_commit_callbacks(execute=True):
        services.lab_publish(author=author, slug="tokens", revision=1)
    stamp_path().unlink()
    assert not title_of("tokens").startswith("Our own")
    heal_stamp()
    assert title_of("tokens").startswith("Our own")


def test_looking_at_labs_asks_the_database_only_after_a_publication(
    author: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_assert_num_queries(0):
        list(LABS.items())
    drafted(author)
    with django_capture_on_commit_callbacks(execute=True):
        services.lab_publish(author=author, slug="tokens", revision=1)
    with django_assert_num_queries(1):
        list(LABS.items())
    with django_assert_num_queries(0):
        list(LABS.items())


def test_a_version_that_can_no_longer_be_read_leaves_the_shipped_lab(author: User) -> None:
    LabVersion.objects.create(slug="tokens", number=1, files={"lab.yaml": "number: [", "en.md": "", "zh-hans.md": ""})
    heal_stamp()
    assert LABS["tokens"] == LABS.shipped["tokens"]


def test_a_wrong_draft_is_kept_but_not_published(client: Client, author: User) -> None:
    files = changed("tokens", yaml=("number: 1", "number: 5"))
    draft = drafted(author, files=files)
    assert "number: 5 is that of training" in client.get(reverse("lab-edit", args=["tokens"])).content.decode()
    response = client.post(reverse("lab-publish", args=["tokens"]), {"revision": draft.revision})
    assert response.status_code == 422
    assert not LabVersion.objects.exists()


@pytest.mark.parametrize("yaml", ["presets: 5", "- a", "{", "presets: [{name: a, title: 7}]", "number: 1\ngoal: [1]"])
def test_no_file_breaks_the_page(client: Client, author: User, yaml: str) -> None:
    drafted(author, files=NEW_TITLE | {"lab.yaml": yaml})
    response = client.get(reverse("lab-edit", args=["tokens"]))
    assert response.status_code == 200
    assert "tokens" in response.content.decode()


def test_controls_move_and_nothing_else_of_the_file_changes(client: Client) -> None:
    before = shipped_files("tokens")["lab.yaml"]
    moved = {"revision": "0", "corpus": "hidden", "dropout": "shown"}
    assert client.post(reverse("lab-controls", args=["tokens"]), moved).status_code == 302
    after = LabDraft.objects.get().files["lab.yaml"]
    lab = read_files("tokens", LabDraft.objects.get().files)
    assert "dropout" in lab.knobs
    assert "corpus" not in (*lab.knobs, *lab.more)
    kept = [line for line in before.splitlines() if not line.startswith(("shown:", "more:"))]
    assert [line for line in after.splitlines() if not line.startswith(("shown:", "more:"))] == kept
    wrong = client.post(reverse("lab-controls", args=["tokens"]), {"revision": "1", "corpus": "moon"})
    assert wrong.status_code == 422


def test_controls_in_another_form_are_left_to_the_file(client: Client, author: User) -> None:
    drafted(author, files=changed("tokens", yaml=("shown: [", "shown:\n  [")))
    answer = client.post(reverse("lab-controls", args=["tokens"]), {"revision": "1", "corpus": "hidden"})
    assert answer.status_code == 422
    assert "change them there" in answer.content.decode()


def test_two_authors_do_not_overwrite_each_other(client: Client, author: User, administrator: User) -> None:
    draft = drafted(author)
    services.draft_save(author=administrator, slug="tokens", files=shipped_files("tokens"), revision=draft.revision)
    answer = client.post(reverse("lab-save", args=["tokens"]), NEW_TITLE | {"revision": draft.revision})
    assert answer.status_code == 409
    assert "Our own" in answer.content.decode(), "what was typed is still on the page"
    with pytest.raises(UserError, match="draft_changed"):
        services.draft_save(author=author, slug="tokens", files=NEW_TITLE, revision=0)


@pytest.mark.parametrize("slug", LABS.shipped)
def test_a_lab_comes_back_byte_for_byte(client: Client, slug: str) -> None:
    data = client.get(reverse("lab-export", args=[slug])).content
    found, files = read_archive(data)
    assert (found, files) == (slug, shipped_files(slug))
    assert archive_of(slug, files) == data


def sent(client: Client, data: bytes, **more: str) -> Any:
    return client.post(reverse("lab-import"), {"file": SimpleUploadedFile("lab.zip", data)} | more)


def test_an_imported_lab_is_a_draft_that_says_what_it_changes(client: Client) -> None:
    response = sent(client, archive_of("tokens", NEW_TITLE))
    assert response["Location"] == reverse("lab-edit", args=["tokens"])
    text = client.get(response["Location"]).content.decode()
    assert "What publishing changes" in text
    assert "title: Our own" in text
    other = archive_of("tokens", shipped_files("tokens"))
    refused = sent(client, other)
    assert refused.status_code == 422
    assert "There is a draft" in refused.content.decode()
    assert sent(client, other, replace="1").status_code == 302
    assert LabDraft.objects.get().files == shipped_files("tokens")


def test_a_new_lab_can_be_imported_and_published(
    client: Client, author: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    sent(client, archive_of("tokens-two", changed("tokens", yaml=("number: 1", "number: 13"))))
    with django_capture_on_commit_callbacks(execute=True):
        services.lab_publish(author=author, slug="tokens-two", revision=1)
    assert list(LABS)[-1] == "tokens-two"
    assert client.get(reverse("lab", args=["tokens-two"])).status_code == 200
    assert client.post(reverse("lab-restore", args=["tokens-two"])).status_code == 422


def archive(*entries: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries:
            made.writestr(name, data)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no zip", "not a zip archive"),
        (archive(("tokens/lab.yaml", b"")), "needs exactly"),
        (archive(("lab.yaml", b""), ("en.md", b""), ("zh-hans.md", b"")), "in one folder"),
        (archive(("../up/lab.yaml", b""), ("../up/en.md", b""), ("../up/zh-hans.md", b"")), "in one folder"),
        (archive(("ab/lab.yaml", b"x" * 300_000), ("ab/en.md", b""), ("ab/zh-hans.md", b"")), "more than 200,000"),
        (archive(("ab/lab.yaml", b"\xff"), ("ab/en.md", b""), ("ab/zh-hans.md", b"")), "not UTF-8"),
    ],
)
def test_an_archive_that_is_no_lab_leaves_nothing(client: Client, data: bytes, words: str) -> None:
    response = sent(client, data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not LabDraft.objects.exists()


def test_the_list_of_labs_is_for_authors(client: Client, client_for: ClientFor, learner: User) -> None:
    assert reverse("lab-export", args=["tokens"]) in client.get(reverse("lab-shelf")).content.decode()
    stranger = client_for(learner)
    for name in ("lab-edit", "lab-export"):
        assert stranger.get(reverse(name, args=["tokens"])).status_code == 403
    for name in ("lab-save", "lab-controls", "lab-publish", "lab-restore", "lab-discard"):
        assert stranger.post(reverse(name, args=["tokens"])).status_code == 403
    assert stranger.get(reverse("lab-shelf")).status_code == 403
    assert stranger.post(reverse("lab-import")).status_code == 403

"""Views shared with a team: who gets in, what they see, when the link ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains
from pytest_django.fixtures import DjangoAssertNumQueries

from labs.compare import services
from labs.compare.models import Share
from labs.compare.privacy import private_ids
from labs.compare.tests.factories import make_share
from labs.models import Upload
from labs.tests.factories import make_finished
from portal.accounts.models import Team, User
from portal.lib.errors import UserError

ClientFor = Callable[..., Client]
SECRET = "my-secret-text"
HASH = "a" * 64


@pytest.fixture
def mate(cast: dict[str, User]) -> User:
    """Somebody of the learner's team."""
    mate = User.objects.create_user("mate@gradus.example", display_name="Mate")
    Team.objects.get(members=cast["learner"]).members.add(mate)
    return mate


def seen(client: Client, share: Share) -> int:
    return client.get(reverse("share", args=[share.token])).status_code


def create(owner: User, *runs: Any, **fields: Any) -> Share:
    values: dict[str, Any] = {
        "view": {},
        "title": "Three rates",
        "days": 7,
        "with_samples": False,
        "idempotency_key": "once",
    }
    return services.share_create(owner=owner, runs=tuple(run.pk for run in runs), **values | fields)


def test_the_team_and_its_managers_read_a_view_and_nobody_else(
    client_for: ClientFor, cast: dict[str, User], mate: User, other_learner: User
) -> None:
    share = make_share(cast["learner"], make_finished(cast["learner"]))
    upper = User.objects.create_user("upper@gradus.example", display_name="Upper", is_manager=True)
    parent = Team.objects.create(name="Above")
    parent.managers.add(upper)
    Team.objects.filter(members=mate).update(parent=parent)
    foreign = User.objects.create_user("foreign@gradus.example", display_name="Foreign", is_manager=True)
    Team.objects.create(name="Elsewhere").managers.add(foreign)
    readers = {cast["learner"], mate, cast["manager"], upper}
    people = {*readers, other_learner, foreign, cast["author"], cast["administrator"]}
    assert {user for user in people if seen(client_for(user), share) == 200} == readers
    assert seen(Client(), share) == 302


def test_a_link_that_is_taken_back_or_over_or_wrong_is_not_found(
    client_for: ClientFor, learner: User, mate: User
) -> None:
    run = make_finished(learner)
    revoked, over = make_share(learner, run), make_share(learner, run, expires_at=timezone.now() - timedelta(seconds=1))
    client = client_for(mate)
    assert seen(client, revoked) == 200
    assert client.post(reverse("share-revoke", args=[revoked.token])).status_code == 404
    assert client_for(learner).post(reverse("share-revoke", args=[revoked.token])).status_code == 302
    assert seen(client, revoked) == seen(client_for(learner), revoked) == 404
    assert seen(client, over) == 404
    assert client.get(reverse("share", args=["wrong"])).status_code == 404


def test_who_leaves_the_team_reads_no_more(client_for: ClientFor, learner: User, mate: User) -> None:
    share = make_share(learner, make_finished(learner))
    Team.objects.get(members=mate).members.remove(mate)
    assert seen(client_for(mate), share) == 404


def test_private_texts_stay_private_unless_the_owner_shows_what_was_written(
    client_for: ClientFor, learner: User, mate: User
) -> None:
    Upload.objects.create(owner=learner, name=f"{SECRET}-name", sha256=HASH, size=1, characters=1, vocab_size=1)
    spec = {"corpus": f"sha256:{HASH}", "prompts": (f"{SECRET}-prompt",)}
    samples = [{"step": 40, "prompt": f"{SECRET}-prompt", "text": f"{SECRET}-written"}]
    private, public = make_finished(learner, spec=spec, samples=samples), make_finished(learner)
    closed = make_share(learner, private, public)
    client = client_for(mate, language="en")
    page = client.get(reverse("share", args=[closed.token]))
    assertNotContains(page, SECRET)
    assertContains(page, "private")
    assertContains(page, "what it wrote is not shown")
    assertContains(page, "cat")
    opened = make_share(learner, private, with_samples=True)
    assertContains(client.get(reverse("share", args=[opened.token])), f"{SECRET}-written")


def test_what_goes_on_from_a_private_model_stays_private(client_for: ClientFor, learner: User, mate: User) -> None:
    """Fine-tuned twice on public data, gone on from, or from a model that is not there any more."""
    samples = [{"step": 40, "prompt": "The ", "text": f"{SECRET}-written"}]
    make_finished(learner, spec={"corpus": f"sha256:{HASH}"}, info={"weights": "b" * 64})
    tuned = make_finished(learner, info={"weights": "c" * 64})
    again, orphan = make_finished(learner, samples=samples), make_finished(learner, samples=samples)
    for run, base in ((tuned, "b"), (again, "c"), (orphan, "d")):
        run.spec |= {"base": base * 64, "tuning": "full"}
        run.save()
    child = make_finished(learner, samples=samples, parent=again)
    public = make_finished(
        learner, parent=make_finished(learner), samples=[{"step": 40, "prompt": "a", "text": "open"}]
    )
    assert private_ids([again, orphan, child, public, tuned]) == {run.pk for run in (again, orphan, child, tuned)}
    share = make_share(learner, again, orphan, child, public)
    page = client_for(mate).get(reverse("share", args=[share.token]))
    assertNotContains(page, SECRET)
    assertContains(page, "open")


def test_readers_get_no_links_to_runs_and_no_forms(client_for: ClientFor, learner: User, mate: User) -> None:
    run = make_finished(learner)
    share = make_share(learner, run)
    page = client_for(mate).get(reverse("share", args=[share.token]))
    assertNotContains(page, reverse("run", args=[run.pk]))
    assertNotContains(page, "share-revoke")
    assertNotContains(page, 'form="set-show')


def test_sharing_by_the_page_keeps_the_view_and_happens_once(client_for: ClientFor, learner: User) -> None:
    one, two = make_finished(learner), make_finished(learner)
    client = client_for(learner)
    form = {"show": f"{one.pk},{two.pk}", "axis": "tokens", "log": "1", "days": "7", "title": "Two", "token": "t"}
    first, second = (client.post(reverse("share-create"), form)["Location"] for _ in range(2))
    share = Share.objects.get()
    assert first == second == reverse("share", args=[share.token])
    assert set(share.runs.all()) == {one, two}
    assert share.view == {"axis": "tokens", "log": "1"}
    assert len(share.token) >= 20


@pytest.mark.parametrize(
    ("change", "field"),
    [({"days": None}, "days"), ({"days": 91}, "days"), ({"title": "x" * 81}, "title"), ({"foreign": True}, "show")],
)
def test_what_cannot_be_shared_is_told_beside_its_field(
    learner: User, other_learner: User, change: dict[str, Any], field: str
) -> None:
    run = make_finished(other_learner if change.pop("foreign", False) else learner)
    with pytest.raises(UserError) as told:
        create(learner, run, **change)
    assert set(told.value.fields) == {field}
    assert not Share.objects.exists()


def test_nothing_drawn_is_nothing_to_share(client_for: ClientFor, learner: User) -> None:
    make_finished(learner)
    answer = client_for(learner, language="en").post(reverse("share-create"), {"show": "none", "days": "7"})
    assert answer.status_code == 422
    assertContains(answer, "Draw at least one run first.", status_code=422)


def test_a_learner_shares_only_so_many(learner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_SHARES", 1)
    run = make_finished(learner)
    create(learner, run)
    with pytest.raises(UserError, match="too_many_shares"):
        create(learner, run, idempotency_key="another")


def test_a_shared_view_takes_few_queries(
    client_for: ClientFor, learner: User, mate: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    share = make_share(learner, *(make_finished(learner) for _ in range(20)))
    client = client_for(mate)
    with django_assert_max_num_queries(14):
        assert seen(client, share) == 200

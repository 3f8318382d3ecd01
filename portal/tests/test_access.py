"""Who may open which address: every URL, by every role, with somebody else's things, and by the wrong method.

An address that is missing in RULES fails the first test, so that nothing new goes without this question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from courses.quizzes.services import attempt_start
from courses.tests.course_files import chapter, load, write_course
from labs.assessment.tests.factories import make_open
from labs.compare.tests.factories import make_share
from labs.datasets.services import draft_create
from labs.datasets.tests.factories import reviews_csv
from labs.deploy.tests.factories import make_deployment
from labs.export.tests.factories import make_script
from labs.models import Generation, Probe, Run, Upload
from labs.tests.factories import make_finished
from portal.accounts.models import Team, User
from portal.testing.server import PASSWORD

LEARNER = frozenset({"owner", "other"})
EVERYBODY = frozenset({"owner", "other", "manager", "author", "administrator"})
STUDIO = frozenset({"author", "administrator"})
OWNER = frozenset({"owner"})


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`allowed` get in by `methods`, others `refused`; `anonymous` is the status without signing in."""

    methods: str = "GET"
    allowed: frozenset[str] = EVERYBODY
    refused: int = 403
    anonymous: int = 302


PAGE, FORM = Rule(), Rule(methods="POST")
OWN_PAGE, OWN_FORM = Rule(allowed=OWNER, refused=404), Rule(methods="POST", allowed=OWNER, refused=404)
LEARNERS_FORM = Rule(methods="POST", allowed=LEARNER)
STUDIO_PAGE, STUDIO_FORM = Rule(allowed=STUDIO), Rule(methods="POST", allowed=STUDIO)
TEACHERS_PAGE = Rule(allowed=frozenset({"manager", "author", "administrator"}))
TEAM_PAGE = Rule(allowed=frozenset({"manager"}), refused=404)
SIGN_IN = Rule(methods="GET POST", anonymous=200)
API, OWN_API = Rule(anonymous=401), Rule(allowed=OWNER, refused=404, anonymous=401)
PLACE = "learn/<slug:course>/<slug:chapter>/"

RULES: dict[str, Rule] = {
    "": PAGE,
    "learn/<slug:course>/": PAGE,
    "glossary/<slug:course>/": PAGE,
    PLACE: PAGE,
    PLACE + "rules/": PAGE,
    PLACE + "<slug:section>/": PAGE,
    PLACE + "<slug:section>/read/": LEARNERS_FORM,
    PLACE + "version/": LEARNERS_FORM,
    PLACE + "guess/<slug:key>/": LEARNERS_FORM,
    PLACE + "check/<slug:key>/": LEARNERS_FORM,
    PLACE + "widget/<slug:key>/": LEARNERS_FORM,
    PLACE + "quiz/": PAGE,
    PLACE + "quiz/start/": LEARNERS_FORM,
    "attempts/<int:pk>/": OWN_PAGE,
    "attempts/<int:pk>/answers/<slug:question>/": OWN_FORM,
    "attempts/<int:pk>/submit/": OWN_FORM,
    "control/": Rule(allowed=frozenset({"administrator"})),
    "control/status/": Rule(allowed=frozenset({"administrator"})),
    "control/mode/": Rule(methods="POST", allowed=frozenset({"administrator"})),
    "team/": PAGE,
    "team/<int:pk>/": TEAM_PAGE,
    "team/<int:pk>/progress.csv": TEAM_PAGE,
    "team/learners/<int:pk>/": Rule(allowed=frozenset({"owner", "manager"}), refused=404),
    "team/learners/<int:pk>/<slug:course>/<slug:chapter>/attempt/": Rule(
        methods="POST", allowed=frozenset({"manager"}), refused=404
    ),
    "team/learners/<int:pk>/quiz-time/": Rule(methods="POST", allowed=frozenset({"manager"}), refused=404),
    "studio/": STUDIO_PAGE,
    "studio/<slug:course>/<slug:chapter>/": STUDIO_PAGE,
    "studio/<slug:course>/<slug:chapter>/preview/": STUDIO_FORM,
    "studio/<slug:course>/<slug:chapter>/save/": STUDIO_FORM,
    "studio/<slug:course>/<slug:chapter>/discard/": STUDIO_FORM,
    "studio/<slug:course>/<slug:chapter>/publish/": Rule(methods="GET POST", allowed=STUDIO),
    "studio/<slug:course>/<slug:chapter>/versions/": STUDIO_PAGE,
    "studio/<slug:course>/<slug:chapter>/restore/": STUDIO_FORM,
    "labs/": PAGE,
    "labs/<slug:slug>/": PAGE,
    "labs/<slug:slug>/cost/": PAGE,
    "labs/<slug:slug>/recipe/": FORM,
    "labs/<slug:slug>/runs/": FORM,
    "runs/": PAGE,
    "runs/all-points.csv": PAGE,
    "runs/shares/": FORM,
    "shared/<slug:token>/": Rule(allowed=frozenset({"owner", "manager"}), refused=404),
    "shared/<slug:token>/revoke/": OWN_FORM,
    "labs/<slug:slug>/board/": PAGE,
    "labs/<slug:slug>/board/join/": LEARNERS_FORM,
    "labs/<slug:slug>/board/leave/": FORM,
    "teaching/": TEACHERS_PAGE,
    "teaching/labs/<slug:slug>/": TEACHERS_PAGE,
    "teaching/labs/<slug:slug>/learners.csv": TEACHERS_PAGE,
    "teaching/runs/<int:run_id>/": TEACHERS_PAGE,
    "runs/<int:run_id>/": OWN_PAGE,
    "runs/<int:run_id>/status/": OWN_PAGE,
    "runs/<int:run_id>/cancel/": OWN_FORM,
    "runs/<int:run_id>/points.csv": OWN_PAGE,
    "runs/<int:run_id>/anew/": OWN_FORM,
    "runs/<int:run_id>/reseed/": OWN_FORM,
    "runs/<int:run_id>/continue/": OWN_FORM,
    "runs/<int:run_id>/fork/": OWN_FORM,
    "runs/<int:run_id>/generations/": OWN_FORM,
    "runs/<int:run_id>/deployments/": OWN_FORM,
    "runs/<int:run_id>/inside/": OWN_PAGE,
    "runs/<int:run_id>/inside/<slug:question>/": OWN_FORM,
    "probes/<int:probe_id>/": OWN_PAGE,
    "deployments/<int:deployment_id>/revoke/": OWN_FORM,
    "generations/<int:generation_id>/": OWN_PAGE,
    "runs/<int:run_id>/report/": OWN_PAGE,
    "runs/<int:run_id>/report.md": OWN_PAGE,
    "runs/<int:run_id>/submissions/": OWN_FORM,
    "submissions/<int:submission_id>/answers/": OWN_FORM,
    "runs/<int:run_id>/script/": OWN_PAGE,
    "runs/<int:run_id>/exports/<slug:kind>/": OWN_FORM,
    "runs/<int:run_id>/exports/<slug:kind>/status/": OWN_PAGE,
    "exports/<int:export_id>/cancel/": OWN_FORM,
    "exports/<int:export_id>/file/": OWN_PAGE,
    "tables/": FORM,
    "tables/<int:draft_id>/": Rule(methods="GET POST", allowed=OWNER, refused=404),
    "tables/<int:draft_id>/delete/": OWN_FORM,
    "lab-studio/": STUDIO_PAGE,
    "lab-studio/import/": STUDIO_FORM,
    "lab-studio/<slug:slug>/": STUDIO_PAGE,
    "lab-studio/<slug:slug>/save/": STUDIO_FORM,
    "lab-studio/<slug:slug>/controls/": STUDIO_FORM,
    "lab-studio/<slug:slug>/discard/": STUDIO_FORM,
    "lab-studio/<slug:slug>/publish/": STUDIO_FORM,
    "lab-studio/<slug:slug>/restore/": STUDIO_FORM,
    "lab-studio/<slug:slug>/export.zip": STUDIO_PAGE,
    "uploads/": FORM,
    "uploads/<int:upload_id>/delete/": OWN_FORM,
    "account/profile/": Rule(methods="GET POST"),
    "account/language/": Rule(methods="POST", anonymous=302),
    "account/theme/": Rule(methods="POST", anonymous=302),
    "account/token/create/": FORM,
    "account/token/delete/": FORM,
    "account/login/": SIGN_IN,
    "account/logout/": Rule(methods="GET POST"),
    "account/inactive/": Rule(anonymous=200),
    "account/signup/": SIGN_IN,
    "account/reauthenticate/": Rule(methods="GET POST"),
    "account/password/change/": Rule(methods="GET POST"),
    "account/password/set/": Rule(methods="GET POST"),
    "account/password/reset/": SIGN_IN,
    "account/password/reset/done/": Rule(anonymous=200),
    "account/password/reset/key/done/": Rule(anonymous=200),
    "account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": SIGN_IN,
    "api/courses/": API,
    "api/courses/<slug:course>/": API,
    "api/me/progress/": API,
    "api/runs/": Rule(methods="GET POST", anonymous=401),
    "api/runs/<int:run_id>/": OWN_API,
    "api/runs/<int:run_id>/events/": OWN_API,
    "api/runs/<int:run_id>/cancel/": Rule(methods="POST", allowed=OWNER, refused=404, anonymous=401),
    "api/runs/<int:run_id>/samples/": OWN_API,
    "api/schema/": API,
    "api/docs/": PAGE,
    "admin/login/": Rule(allowed=frozenset({"administrator"})),
    "admin/": Rule(allowed=frozenset({"administrator"})),
    "favicon.ico": Rule(anonymous=302),
    "healthz": Rule(anonymous=503),
}
"""By route, as the URL patterns write it. Django's admin counts as one."""
VALUES = {
    "course": "small",
    "chapter": "one",
    "section": "first",
    "slug": "training",
    "kind": "notebook",
    "question": "sum",
    "uidb36": "1",
    "token": "shared-view",
}
KEYS = {"guess": "opening", "check": "scale", "widget": "softmax"}
FORMS: dict[str, dict[str, str]] = {
    "account/language/": {"language": "en"},
    "account/theme/": {"theme": "dark"},
    "studio/<slug:course>/<slug:chapter>/preview/": {"name": "en"},
    "studio/<slug:course>/<slug:chapter>/save/": {"name": "en"},
    "studio/<slug:course>/<slug:chapter>/restore/": {"number": "1"},
    "uploads/": {"lab": "training"},
    "tables/": {"lab": "sentiment"},
}
"""What a form needs in order not to be a 404 of its own."""


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern) or route == "admin/":
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


@pytest.fixture
def ids(learner: User, manager: User, tmp_path: Path) -> dict[str, int]:
    """Things of one learner, by the name of the parameter; the bare `pk` depends on the route."""
    load(write_course(tmp_path / "small"))
    run = make_finished(learner)
    make_share(learner, run, token=VALUES["token"])
    return {
        "attempt": attempt_start(user=learner, chapter=chapter("one")).pk,
        "team": Team.objects.get(managers=manager).pk,
        "learner": learner.pk,
        "run_id": run.pk,
        "generation_id": Generation.objects.create(run=run, prompt="The ", temperature=0.8).pk,
        "deployment_id": make_deployment(run).pk,
        "probe_id": Probe.objects.create(run=run, key="1", question="lens").pk,
        "export_id": make_script(run).pk,
        "submission_id": make_open(learner).pk,
        "draft_id": draft_create(owner=learner, name="mine.csv", chunks=[reviews_csv()], lab="sentiment", recipe="").pk,
        "upload_id": Upload.objects.create(
            owner=learner, name="mine", sha256="0" * 64, size=2000, characters=2000, vocab_size=20
        ).pk,
    }


def address(route: str, ids: dict[str, int]) -> str:
    """The route with values in place of its parameters."""
    words = route.split("/")
    whose = "learner" if "learners" in words else "team" if words[0] == "team" else "attempt"
    key = next((key for kind, key in KEYS.items() if kind in words), "")
    values = VALUES | ids | {"pk": ids.get(whose, 1), "key": key}
    if "^" in route:
        return "/account/password/reset/key/1-wrong/"
    for name, value in values.items():
        for converter in ("slug", "int"):
            route = route.replace(f"<{converter}:{name}>", str(value))
    return f"/{route}"


def statuses(client: Client, ids: dict[str, int]) -> Iterator[tuple[str, str, Rule, Any]]:
    """The answer at every address, by each method that it has; the ones that end a session come last."""
    last = ("account/token/", "account/language/", "account/theme/", "account/logout/")
    for route in sorted(RULES, key=lambda route: route.startswith(last) + (route == "account/logout/")):
        for method in RULES[route].methods.split():
            call = client.get if method == "GET" else client.post
            yield route, method, RULES[route], call(address(route, ids), FORMS.get(route, {}))


def test_every_address_has_a_rule() -> None:
    found = set(routes(get_resolver().url_patterns))
    assert found - RULES.keys() == set(), "say in RULES who may open these"
    assert RULES.keys() - found == set(), "these addresses are gone"


@pytest.mark.usefixtures("db")
def test_without_signing_in_there_is_a_sign_in_page_or_401(ids: dict[str, int]) -> None:
    wrong = []
    for route, method, rule, answer in statuses(Client(), ids):
        ok = answer.status_code == rule.anonymous or (rule.anonymous == 200 and answer.status_code in (302, 422))
        ok = ok or (route == "healthz" and answer.status_code in (200, 503))
        private = rule.anonymous == 302 and route not in ("account/language/", "account/theme/", "favicon.ico")
        if private and route not in ("account/logout/", "admin/"):
            ok = ok and answer.url.startswith("/account/login/")
        if not ok:
            wrong.append((method, route, answer.status_code, getattr(answer, "url", "")))
    assert wrong == []


@pytest.mark.parametrize("persona", sorted(EVERYBODY))
def test_each_role_gets_in_where_it_may_and_nowhere_else(
    cast: dict[str, User], other_learner: User, ids: dict[str, int], persona: str
) -> None:
    people = {"owner": cast["learner"], "other": other_learner}
    client = Client(raise_request_exception=True)
    client.force_login(people.get(persona) or cast[persona])
    wrong = []
    for route, method, rule, answer in statuses(client, ids):
        code = answer.status_code
        if persona in rule.allowed:
            ok = code < 300 or code in (302, 400, 409, 422) or (route == "healthz" and code == 503)
            ok = ok and not (code == 302 and answer.url.startswith("/account/login/") and "login" not in route)
            ok = ok or route == "account/logout/"
        else:
            ok = code == rule.refused or (route == "admin/" and code == 302 and "/admin/login/" in answer.url)
        if not ok:
            wrong.append((method, route, code, getattr(answer, "url", "")))
    assert wrong == []


@pytest.mark.parametrize("persona", ["owner", "manager", "author"])
def test_a_method_that_an_address_does_not_have_is_405(
    cast: dict[str, User], ids: dict[str, int], persona: str
) -> None:
    client = Client()
    client.force_login(cast["learner" if persona == "owner" else persona])
    wrong = []
    for route, rule in RULES.items():
        if route.startswith(("account/", "admin/")) or persona not in rule.allowed:
            continue  # allauth's and the admin's own, and what is refused anyway
        others = {"GET", "POST", "PUT", "DELETE"} - set(rule.methods.split())
        for method in sorted(others):
            code = client.generic(method, address(route, ids)).status_code
            if code != 405:
                wrong.append((method, route, code))
    assert wrong == []


def test_nothing_may_be_written_about_oneself_but_name_language_and_time_zone(learner: User) -> None:
    client = Client()
    client.force_login(learner)
    roles = {f"is_{role}": "on" for role in ("manager", "author", "administrator", "staff", "superuser")}
    form = {"display_name": "New", "language": "en", "time_zone": "UTC", "email": "else@gradus.example"} | roles
    assert client.post("/account/profile/", form).status_code == 302
    learner.refresh_from_db()
    assert learner.display_name == "New"
    assert learner.roles == ("learner",)
    assert learner.email == "learner@gradus.example"
    assert learner.check_password(PASSWORD)


def test_a_submitted_run_belongs_to_whoever_submits_it(learner: User, other_learner: User) -> None:
    client = Client()
    client.force_login(learner)
    body = {"lab": "training", "owner": other_learner.pk, "state": "finished", "spec": {"threads": 64}, "fence": 9}
    assert client.post("/api/runs/", body, content_type="application/json").status_code == 201
    run = Run.objects.get()
    assert (run.owner, run.state, run.fence) == (learner, "queued", 0)
    assert run.spec["threads"] != 64

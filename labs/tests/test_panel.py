"""The recipe panel of every lab: its pages, its links, the cut-down labs made from them, and what is wrong in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from labs.catalogue import LABS
from labs.faces import FACES, OPTION_FACES
from labs.forms import Recipe, flat, given_of
from labs.models import Run
from labs.tests.factories import make_finished, said_fields
from portal.accounts.models import User
from trainer.corpora import OPTIONS
from trainer.spec import RunSpec

ClientFor = Callable[..., Client]
pytestmark = pytest.mark.django_db

BASE = "sha256:" + "5" * 64
PRESETS = [(slug, preset.name) for slug, lab in LABS.items() for preset in lab.presets]


def with_base(learner: User, slug: str) -> None:
    """A finished run to start from, where the lab has presets that need one."""
    lab = LABS[slug]
    for preset in lab.presets:
        if preset.base:
            spec = lab.preset_named(preset.base).spec.to_dict()
            make_finished(learner, lab=slug, spec=spec, info={"weights": BASE})
            return


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("slug", LABS)
def test_every_lab_opens_in_both_languages(
    client_for: ClientFor,
    learner: User,
    slug: str,
    language: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_for(learner, language=language)
    with django_assert_max_num_queries(16):
        response = client.get(reverse("lab", args=[slug]))
    assert response.status_code == 200
    text = response.content.decode()
    assert str(LABS[slug].title) in text or language == "zh-hans"
    assert not response.context["recipe"].errors
    assert not any(knob.changed for knob in response.context["recipe"].knobs)
    assert response.context["estimate"].params > 100
    assert 0.1 < response.context["estimate"].seconds < 300


@pytest.mark.parametrize(("slug", "preset"), PRESETS)
def test_the_form_of_a_preset_submits_what_the_catalogue_says(
    client_for: ClientFor, learner: User, slug: str, preset: str
) -> None:
    with_base(learner, slug)
    client = client_for(learner)
    page = client.get(reverse("lab", args=[slug]), {"preset": preset})
    recipe = page.context["recipe"]
    assert not recipe.errors
    posted = client.post(
        reverse("run-submit", args=[slug]), dict(fields_of(recipe)) | said_fields(slug) | {"token": "t"}
    )
    assert posted.status_code == 302
    run = Run.objects.latest("pk")
    wanted = LABS[slug].preset_named(preset).spec.to_dict()
    if LABS[slug].preset_named(preset).base:
        wanted["base"] = BASE
    asked = dict(run.spec)
    given = {name: (wanted.pop("options"), asked.pop("options")) for name in ("options",)}["options"]
    assert given[0].items() <= given[1].items(), "options that the preset leaves out are written with their defaults"
    assert asked == wanted | {"threads": 1}
    assert run.params > 100


def fields_of(recipe: Recipe) -> dict[str, str]:
    """What the form on the page holds."""
    seed = [recipe.seed] if recipe.seed else []
    return {knob.name: knob.value for knob in (*recipe.knobs, *recipe.more, *seed)} | dict(recipe.hidden)


OTHER: dict[str, Any] = {
    "task": "sequence",
    "corpus": "recall",
    "options.distance": "12",
    "examples": "700",
    "data_seed": "9",
    "tokenizer": "words",
    "vocab_size": "600",
    "normalise": "nfc,lowercase",
    "family": "gpt",
    "n_layers": "3",
    "d_model": "48",
    "n_heads": "4",
    "d_ff": "100",
    "context": "80",
    "positions": "learned",
    "causal": "false",
    "norm": "rms",
    "norm_place": "after",
    "residual": "false",
    "activation": "gelu",
    "tied": "true",
    "lookback": "2",
    "dropout": "0.1",
    "window": "3",
    "negatives": "7",
    "tuning": "full",
    "base": BASE,
    "lora_rank": "4",
    "optimizer": "adamw",
    "learning_rate": "0.02",
    "embedding_rate": "0.01",
    "momentum": "0.5",
    "schedule": "cosine",
    "warmup": "5",
    "clip": "1",
    "weight_decay": "0.1",
    "batch": "8",
    "tokens": "50000",
    "prompts": "one \ntwo",
    "seed": "77",
}


def test_every_field_of_a_recipe_goes_round_through_a_link() -> None:
    assert {name for name in OTHER if not name.startswith("options.")} == set(FACES)
    assert set(FACES) == set(RunSpec().to_dict()) - {"options", "threads", "device", "precision"}
    recipe = Recipe(LABS["families"], OTHER)
    query = urlsplit(recipe.url).query
    again = Recipe(LABS["families"], given_of(QueryDict(query)))
    spec = RunSpec.parse(again.fields)
    assert flat(spec.to_dict()) == OTHER
    assert again.query == recipe.query
    assert RunSpec.parse(Recipe(LABS["families"], flat(spec.to_dict())).fields) == spec


def test_every_option_of_a_corpus_has_a_face() -> None:
    assert {name for options in OPTIONS.values() for name in options} - {"size"} == set(OPTION_FACES)


def test_a_link_chooses_what_is_shown_and_keeps_the_rest(client_for: ClientFor, learner: User) -> None:
    query = {"show": "n_layers,learning_rate", "n_layers": "3", "clip": "2", "seed": "8"}
    response = client_for(learner, language="en").get(reverse("lab", args=["training"]), query)
    recipe = response.context["recipe"]
    assert [knob.name for knob in recipe.knobs] == ["n_layers", "learning_rate"]
    assert recipe.more == []
    assert recipe.seed is None
    text = response.content.decode()
    assert '<input type="hidden" name="clip" value="2" autocomplete="off">' in text
    assert "More settings" not in text
    assert dict(parse_qsl(urlsplit(recipe.url).query))["clip"] == "2"
    assert dict(parse_qsl(urlsplit(recipe.url).query))["show"] == "n_layers,learning_rate"
    posted = client_for(learner).post(
        reverse("run-submit", args=["training"]),
        dict(fields_of(recipe)) | {"token": "t", "n_layers": "2", "prediction": "2"},
    )
    assert posted.status_code == 302
    assert (Run.objects.get().spec["clip"], Run.objects.get().spec["n_layers"]) == (2.0, 2)


def test_ticks_make_a_link_without_script(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner, language="en")
    form = client.get(reverse("lab", args=["block"])).context["recipe"]
    sent = QueryDict(mutable=True)
    sent.update(dict(form.state))
    sent.setlist("show", ["n_heads", "options"])
    page = client.get(f"{reverse('lab', args=['block'])}?{sent.urlencode()}")
    assert [knob.name for knob in page.context["recipe"].knobs] == ["n_heads", "options.length"]
    link = page.context["class_link"]
    assert link.startswith("http://")
    assert "show=n_heads%2Coptions" in link


def test_a_wrong_value_of_a_hidden_control_is_shown_with_its_error(client_for: ClientFor, learner: User) -> None:
    query = {"show": "n_layers", "batch": "0", "options.length": "99", "n_layers": "2"}
    response = client_for(learner, language="en").get(reverse("lab", args=["block"]), query)
    recipe = response.context["recipe"]
    assert {knob.name for knob in recipe.stray} == {"batch", "options.length"}
    text = response.content.decode()
    assert "Choose a value from 1 to 256." in text
    assert 'value="99"' in text
    assert dict(parse_qsl(urlsplit(recipe.url).query))["options.length"] == "99", "nothing is lost"


def test_what_a_family_does_not_have_is_hidden(client_for: ClientFor, learner: User) -> None:
    client = client_for(learner)
    recurrent = client.get(reverse("lab", args=["families"]), {"preset": "lstm"})
    heads = recurrent.context["recipe"].knob("n_heads")
    assert not heads.applies
    assert re.search(r'data-knob="n_heads"[^>]* hidden', recurrent.content.decode())
    transformer = client.get(reverse("lab", args=["families"]), {"preset": "gpt"})
    assert transformer.context["recipe"].knob("n_heads").applies


def test_a_lab_offers_only_corpora_that_suit_its_task(client_for: ClientFor, learner: User) -> None:
    learner.uploads.create(name="mine.txt", sha256="a" * 64, size=9000, characters=9000, vocab_size=40)
    offered = dict(client_for(learner).get(reverse("lab", args=["training"])).context["recipe"].corpora)
    assert {"python-docs", "stories-zh", "sha256:" + "a" * 64} <= set(offered)
    assert not {"reviews", "recall"} & set(offered)
    assert [
        name for name, _ in client_for(learner).get(reverse("lab", args=["sentiment"])).context["recipe"].corpora
    ] == [
        "reviews",
        "reviews-zh",
        "languages",
    ]


def test_a_tuned_preset_starts_from_ones_own_newest_model_and_nobody_elses(
    client_for: ClientFor, learner: User, other_learner: User
) -> None:
    url = reverse("lab", args=["sentiment"])
    with_base(other_learner, "sentiment")
    without = client_for(learner, language="en").get(url, {"preset": "lora"})
    assert set(without.context["recipe"].errors) == {"base"}
    assert "Choose a finished one." in without.content.decode()
    stolen = client_for(learner).post(
        reverse("run-submit", args=["sentiment"]), {"preset": "lora", "base": BASE, "token": "t"}
    )
    assert stolen.status_code == 422
    with_base(learner, "sentiment")
    assert client_for(learner).get(url, {"preset": "lora"}).context["recipe"].values["base"] == BASE

"""The twelve labs as files: they are whole, and what is wrong in one is named by file and field."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import translation

from labs.catalogue import FOLDER, LABS, CatalogueError, read_lab, read_labs
from labs.faces import FACES
from labs.lab import LANGUAGES, SECTIONS
from labs.wording import MEASURES
from trainer.corpora import CORPORA
from trainer.recipes import RECIPES
from trainer.spec import RunSpec

Spoil = Callable[[dict[str, Any]], None]


def test_there_are_twelve_labs_in_the_order_of_the_curriculum() -> None:
    assert [(lab.number, lab.slug) for lab in LABS.values()] == [
        (1, "tokens"),
        (2, "embeddings"),
        (3, "block"),
        (4, "families"),
        (5, "training"),
        (6, "evaluation"),
        (7, "generation"),
        (8, "sentiment"),
        (9, "answers"),
        (10, "translation"),
        (11, "scaling"),
        (12, "interpretability"),
    ]


@pytest.mark.parametrize("slug", LABS)
def test_a_lab_says_everything_in_both_languages(slug: str) -> None:
    lab = LABS[slug]
    said: dict[str, list[str]] = {}
    for language in LANGUAGES:
        with translation.override(language):
            paragraphs = [str(text) for section in lab.sections for text in section.paragraphs]
            said[language] = [str(lab.title), str(lab.intro), str(lab.goal), str(lab.prediction.question), *paragraphs]
    assert len(lab.sections) == len(SECTIONS)
    assert all(text.strip() for texts in said.values() for text in texts)
    assert all(one != other for one, other in zip(*(said[language][1:] for language in LANGUAGES), strict=True))


@pytest.mark.parametrize("slug", LABS)
def test_a_lab_shows_only_what_the_panel_can_draw_and_asks_for_what_can_be_measured(slug: str) -> None:
    lab = LABS[slug]
    assert {*lab.knobs, *lab.more} <= {*FACES, "options"}
    assert lab.prediction.measure in MEASURES
    assert lab.target.kind == "temperatures" or lab.target.measure in MEASURES


@pytest.mark.parametrize("slug", LABS)
def test_a_goal_says_its_bound_and_one_of_the_presets_can_reach_it(slug: str) -> None:
    lab = LABS[slug]
    for language in LANGUAGES:
        with translation.override(language):
            goal = str(lab.goal)
        assert "{" not in goal
        if lab.target.kind != "temperatures" and lab.target.bound:
            percent = lab.target.kind == "forecast" or MEASURES[lab.target.measure].percent
            assert f"{100 * lab.target.bound:g} %" in goal if percent else f"{lab.target.bound:g}" in goal
    assert any(lab.target.counts(preset.spec.to_dict()) for preset in lab.presets)


@pytest.mark.parametrize("slug", LABS)
def test_every_preset_is_sound_and_trains_on_what_the_lab_offers(slug: str) -> None:
    lab = LABS[slug]
    for preset in lab.presets:
        base = {"base": "sha256:" + "1" * 64} if preset.base else {}
        assert RunSpec.parse(preset.spec.to_dict() | base)
        offered = lab.corpora or [name for name, corpus in CORPORA.items() if preset.spec.task in corpus.tasks]
        assert preset.spec.corpus in offered


def test_presets_and_bounds_come_from_the_recipes_that_were_measured() -> None:
    run = RECIPES["families"].run("gpt")
    assert LABS["families"].preset == run.spec()
    assert LABS["families"].target.least == RECIPES["families"].goals[0].least
    assert LABS["translation"].target.least == RECIPES["translation"].goals[0].least


def test_the_first_two_labs_kept_their_recipes() -> None:
    assert LABS["training"].preset == RunSpec()
    assert LABS["generation"].preset == RunSpec(tokenizer="bpe", vocab_size=512)


def test_only_a_full_recipe_counts_for_a_goal() -> None:
    lab = LABS["block"]
    spec = lab.preset.to_dict()
    assert lab.target.counts(spec)
    assert not lab.target.counts(spec | {"corpus": "copy"})
    assert not lab.target.counts(spec | {"options": {"length": 3}})
    assert lab.target.counts(spec | {"options": {"length": 20}})


def spoiled(folder: Path, spoil: Spoil) -> Path:
    """A copy of a lab with its lab.yaml changed."""
    copy = folder / "families"
    shutil.copytree(FOLDER / "families", copy)
    path = copy / "lab.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    spoil(data)
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda data: data.pop("number"), "families/lab.yaml: number: a whole number is missing"),
        (lambda data: data.update(colour="red"), "families/lab.yaml: colour: there is no such field"),
        (lambda data: data.update(recipe="magic"), "families/lab.yaml: recipe: magic is not in trainer.recipes"),
        (lambda data: data.update(shown=["speed"]), "families/lab.yaml: shown: there is no speed"),
        (lambda data: data.update(shown="tokens"), "families/lab.yaml: shown: expected a list"),
        (lambda data: data["more"].append("tokens"), "families/lab.yaml: more: tokens is shown already"),
        (lambda data: data.update(corpora=["moon"]), "families/lab.yaml: corpora: there is no moon"),
        (lambda data: data.update(presets=[]), "families/lab.yaml: presets: expected at least one"),
        (lambda data: data["presets"][1].pop("title"), "families/lab.yaml: presets[1].title: needs en and zh-hans"),
        (lambda data: data["presets"][1]["title"].pop("zh-hans"), "presets[1].title: needs en and zh-hans"),
        (lambda data: data["presets"][0].update(run="cnn"), "presets[0].run: the recipe has no run cnn"),
        (lambda data: data["presets"][2].update(name="gpt"), "presets[0]: a name that is there twice"),
        (lambda data: data["presets"][0].update(values={"batch": 0}), "presets[0].values.batch: out_of_range"),
        (lambda data: data["presets"][0].update(values={"threads": 8}), "values.threads: is not a recipe's to say"),
        (lambda data: data.update(prediction={}), "families/lab.yaml: prediction.measure: is missing"),
        (lambda data: data["goal"].update(kind="luck"), "families/lab.yaml: goal.kind: must be one of measure"),
        (lambda data: data["goal"].update(measure="bleu"), "goal.least: no bound here, and none in the recipe"),
        (lambda data: data["goal"].update(minus="lstm"), "goal.minus: can only be the baseline"),
        (lambda data: data["goal"].update(requires={"preset": "cnn"}), "goal.requires.preset: there is no such preset"),
        (
            lambda data: data["goal"].update(requires={"preset": "gpt", "fields": ["speed"]}),
            "goal.requires.fields: there is no speed",
        ),
    ],
)
def test_what_is_wrong_is_named_by_file_and_field(tmp_path: Path, spoil: Spoil, complaint: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read_lab(spoiled(tmp_path, spoil))
    assert complaint in str(caught.value)


def test_a_text_without_a_field_or_a_section_is_named(tmp_path: Path) -> None:
    folder = spoiled(tmp_path, lambda data: None)
    text = (folder / "zh-hans.md").read_text(encoding="utf-8")
    (folder / "zh-hans.md").write_text(text.replace("goal:", "gaol:"), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"families/zh-hans\.md: goal: is missing"):
        read_lab(folder)
    (folder / "zh-hans.md").write_text(text[: text.rindex("## ")], encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"families/zh-hans\.md: \(text\): needs 4 sections"):
        read_lab(folder)
    (folder / "zh-hans.md").unlink()
    with pytest.raises(CatalogueError, match=r"zh-hans\.md"):
        read_lab(folder)


def test_two_labs_of_one_number_are_refused(tmp_path: Path) -> None:
    spoiled(tmp_path, lambda data: data.update(number=5))
    shutil.copytree(FOLDER / "training", tmp_path / "training")
    with pytest.raises(CatalogueError, match="number: 5 is another lab"):
        read_labs(tmp_path)

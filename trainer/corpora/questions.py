"""Questions about short stories, in the manner of bAbI (Weston et al. 2015): who is where, who has what. Called by the
registry.

A name is two words, drawn from a square of given and family names. One third of the square is never seen in training:
held-out and hidden stories take all their people from it, so every word is known and every name is new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from trainer.corpora.base import Corpus, Examples, Limits, Pair, phrases, words
from trainer.corpora.draws import HELD_OUT, SLICE, Draws, Share, collect

GIVEN = words("Anna Ben Clara David Emma Felix Grace Henry Ida Jonas Karin Leo")
FAMILY = words("Adams Brook Chen Dale Evans Frost Gray Hill Iver Jones Kent Lund")
NAMES = [
    [
        f"{given} {family}"
        for i, given in enumerate(GIVEN)
        for j, family in enumerate(FAMILY)
        if ((i + j) % 3 == 0) == new
    ]
    for new in (False, True)
]
"""Names that train, and names that only measure."""

PLACES = words("kitchen garden office cellar library garage bathroom attic")
THINGS = words("apple book key lamp letter ball cup map")
DISTRACTORS = phrases(
    """It was raining.; The clock struck nine.; A dog barked in the street.; Nobody was in a hurry.;
    The radio played a song.; The windows were open.; A car stopped outside.; The tea was still hot."""
)
UNKNOWN, NOBODY = "unknown", "nobody"

KINDS = ("where-person", "where-thing", "who", "unanswerable")
LADDER = (2, 4, 8, 12)
"""Slices by number of facts."""


@dataclass
class World:
    """Who is where, and who has what, after the facts told so far."""

    people: list[str]
    told: list[str] = field(default_factory=list)
    place: dict[str, str] = field(default_factory=dict)
    """Of people who have gone somewhere."""
    holder: dict[str, str] = field(default_factory=dict)
    """Of things that someone has."""
    left: dict[str, str] = field(default_factory=dict)
    """Of things put down: the place, or unknown."""

    def step(self, draws: Draws) -> None:
        """Let one more thing happen, and tell it."""
        person, thing = draws.choice(self.people), draws.choice(THINGS)
        here = self.place.get(person)
        near = [other for other in self.people if other != person and here and self.place.get(other) == here]
        held = [one for one, holder in self.holder.items() if holder == person]
        if held and near and draws.chance(0.5):
            other = draws.choice(near)
            self.holder[held[0]] = other
            self.told.append(f"{person} gave the {held[0]} to {other}.")
        elif held and draws.chance(0.25):
            del self.holder[held[0]]
            self.left[held[0]] = here or UNKNOWN
            self.told.append(f"{person} put down the {held[0]}.")
        elif thing not in self.holder and self.left.get(thing, here) == here and draws.chance(0.4):
            self.left.pop(thing, None)
            self.holder[thing] = person
            self.told.append(f"{person} took the {thing}.")
        else:
            place = draws.choice([one for one in PLACES if one != here])
            self.place[person] = place
            self.told.append(f"{person} went to the {place}.")

    def where(self, thing: str) -> str:
        """The place of a thing, or unknown."""
        if thing in self.holder:
            return self.place.get(self.holder[thing], UNKNOWN)
        return self.left.get(thing, UNKNOWN)

    def who(self, thing: str) -> str:
        """Who has a thing: nobody when it was put down, unknown when no one ever had it."""
        return self.holder.get(thing, NOBODY if thing in self.left else UNKNOWN)

    def questions(self, kind: str, strangers: list[str]) -> list[tuple[str, str]]:
        """Questions of a kind that this story allows, with their answers."""
        if kind == "where-person":
            return [(f"Where is {person}?", place) for person, place in self.place.items()]
        if kind == "where-thing":
            found = [(f"Where is the {thing}?", self.where(thing)) for thing in THINGS]
        else:
            found = [(f"Who has the {thing}?", self.who(thing)) for thing in THINGS]
        if kind != "unanswerable":
            return [(question, answer) for question, answer in found if answer != UNKNOWN]
        found += [(f"Where is the {thing}?", self.where(thing)) for thing in THINGS]
        found += [(f"Where is {person}?", self.place.get(person, UNKNOWN)) for person in self.people + strangers]
        return [(question, answer) for question, answer in found if answer == UNKNOWN]


def story(
    draws: Draws,
    facts: int,
    distractors: int,
    people: int,
    *,
    new: bool,
    kind: str | None = None,
    exact: bool = False,
) -> Pair:
    """A story of up to `facts` facts (all of them when `exact`), its distractors strewn in, a question, its answer."""
    kind = kind or draws.choice(KINDS)
    while True:
        cast = draws.sample(NAMES[new], people + 3)
        world = World(cast[:people])
        for _ in range(facts if exact else draws.between(min(2, facts), facts)):
            world.step(draws)
        if found := world.questions(kind, cast[people:]):
            break
    question, answer = draws.choice(found)
    lines = list(world.told)
    for line in draws.sample(DISTRACTORS, distractors):
        lines.insert(draws.below(len(lines) + 1), line)
    return Pair(" ".join([*lines, question]), answer)


def _build(*, seed: int, size: int, facts: int, distractors: int, people: int) -> Examples:
    key = (seed, facts, distractors, people)
    make = partial(story, facts=facts, distractors=distractors, people=people)
    slices = {kind: partial(make, new=True, kind=kind) for kind in KINDS}
    slices |= {f"facts-{n}": partial(make, new=True, facts=n, exact=True) for n in LADDER if n <= facts}
    return Examples(
        kind="pairs",
        train=collect(partial(make, new=False), Draws(NAME, "train", *key), size, Share.ALL),
        held_out=collect(partial(make, new=True), Draws(NAME, "held-out", *key), HELD_OUT, Share.FRESH),
        slices={name: collect(one, Draws(NAME, name, *key), SLICE, Share.FRESH) for name, one in slices.items()},
    )


def _hide(*, seed: str, size: int, facts: int, distractors: int, people: int) -> tuple[Pair, ...]:
    make = partial(story, facts=facts, distractors=distractors, people=people, new=True)
    return collect(make, Draws(NAME, "hidden", seed, facts, distractors, people), size, Share.FRESH_HIDDEN)


NAME = "stories-qa"
STORIES_QA = Corpus(
    name=NAME,
    title="Questions about stories",
    licence="CC0-1.0",
    origin="Generated by this project in the manner of the bAbI tasks (Weston et al. 2015)",
    description="People go places, take and give things; a question follows, and some have no answer.",
    kind="pairs",
    tasks=("sequence",),
    languages=("en",),
    generated=True,
    default_tokenizer="words",
    options={
        "size": Limits(100, 50_000, 4_000),
        "facts": Limits(2, 12, 5),
        "distractors": Limits(0, 8, 1),
        "people": Limits(2, 5, 3),
    },
    build=_build,
    hide=_hide,
)

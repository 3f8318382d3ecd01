"""Frames and words of the English reviews. Called by the registry; `trainer.corpora.reviews` fills them."""

from __future__ import annotations

from trainer.corpora.base import phrases, words
from trainer.corpora.reviews import Frame, Language, reviews_corpus

TURNED = True

FRAMES = {
    "plain": (
        Frame("The {a} was {x}."),
        Frame("The {a} is really {x}."),
        Frame("I found the {a} {x}."),
        Frame("What a {x} {a}!"),
        Frame("Anyone can see that the {a} is {x}."),
        Frame("Such a {x} {a}, and the {b} was {x} too."),
        Frame("I {v} the {a}."),
        Frame("We {v} the {a} and the {b}."),
        Frame("The {a} and the {b} were both {x}."),
        Frame("Everybody said that the {a} was {x}."),
        Frame("It has a {x} {a}."),
        Frame("My friends {v} the {a} from the first day."),
        Frame("The {a} was {x}, simply {x}."),
    ),
    "negation": (
        Frame("The {a} was not {x}.", TURNED),
        Frame("The {a} is not {x} at all.", TURNED),
        Frame("I did not {d} the {a}.", TURNED),
        Frame("The {a} was never {x}.", TURNED),
        Frame("Nobody found the {a} {x}.", TURNED),
        Frame("It is not a {x} {a}.", TURNED),
        Frame("There was nothing {x} about the {a}.", TURNED),
        Frame("I cannot say that the {a} was {x}.", TURNED),
        Frame("We did not {d} the {a} and the {b}.", TURNED),
    ),
    "contrast": (
        Frame("The {a} was {x}, but the {b} was {y}.", TURNED),
        Frame("I {v} the {a}, but I {w} the {b}.", TURNED),
        Frame("Although the {a} was {x}, the {b} was {y}.", TURNED),
        Frame("The {a} was {x}, although the {b} was {y}."),
        Frame("It has a {x} {a}, but I {w} it.", TURNED),
        Frame("Everybody said that the {a} was {x}, but I found it {y}.", TURNED),
    ),
}
FRESH = {
    "plain": (
        Frame("I can say that the {a} is {x}."),
        Frame("We found the {a} and the {b} really {x}."),
        Frame("My friends said that it was a {x} {a}."),
        Frame("There was a {x} {a}, and everybody {v} it."),
        Frame("From the first day I {v} the {b}."),
        Frame("Simply a {x} {a}!"),
    ),
    "negation": (
        Frame("Nobody can say that the {a} is {x}.", TURNED),
        Frame("I never found the {a} {x}.", TURNED),
        Frame("My friends did not {d} the {a} at all.", TURNED),
        Frame("It was not such a {x} {a}.", TURNED),
        Frame("The {a} and the {b} were not {x}.", TURNED),
        Frame("Everybody said that the {a} was not {x}.", TURNED),
    ),
    "contrast": (
        Frame("We {v} the {a}, but the {b} was {y}.", TURNED),
        Frame("Although I {v} the {a}, I found the {b} really {y}.", TURNED),
        Frame("I {v} the {a}, although it has a {y} {b}."),
        Frame("What a {x} {a}, but such a {y} {b}!", TURNED),
        Frame("Although my friends said that the {a} was {x}, I {w} it.", TURNED),
    ),
}

ENGLISH = Language(
    code="en",
    gap=" ",
    frames=FRAMES,
    fresh=FRESH,
    aspects=words(
        """food service room screen battery story acting music location delivery support coffee interface keyboard
        view breakfast camera sound garden design course lesson manual menu"""
    ),
    openers=phrases(
        """We went there in May.; I bought it two weeks ago.; This was our second visit.; I ordered it online.;
        My sister gave it to me.; We stayed for three nights.; I have used it every day since then.;
        It was a Sunday evening.; I read about it in the newspaper.; We came with four people."""
    ),
    good={
        "x": words(
            """good great excellent wonderful pleasant impressive perfect lovely brilliant superb decent enjoyable
            remarkable delightful reliable charming fantastic splendid"""
        ),
        "v": words("loved enjoyed liked admired appreciated praised"),
        "d": words("love enjoy like admire appreciate praise"),
    },
    bad={
        "x": words(
            """bad terrible awful poor disappointing horrible boring dreadful mediocre useless weak unpleasant
            miserable annoying lousy frustrating hopeless ugly"""
        ),
        "v": words("hated disliked regretted despised loathed criticised"),
        "d": words("hate dislike regret despise loathe criticise"),
    },
)

REVIEWS = reviews_corpus(ENGLISH, name="reviews", title="Reviews", tag="en", tokenizer="words")

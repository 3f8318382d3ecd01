"""The default runs of the twelve labs, and what they must reach. Standard library only, so that the web may import it.
Called by `python -m trainer train --recipe` and by `./run bench labs`, which runs them over five seeds.

Bounds lie inside what five seeds reached; `./run bench labs` prints what they reach now.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from trainer.corpora import corpus_text
from trainer.goals import Forecast, Goal, Recipe, Run

LAB_TEXT, HIDDEN_TEXT = 60_000, 20_000
"""Characters of the evaluation lab's text, and of what follows it, which no run ever sees."""


@cache
def honest_text() -> str:
    """The text of the evaluation lab."""
    return corpus_text("docs-split-a")


@cache
def leaked_text() -> str:
    """The same with the held-out tail also at the front of the training part: a split that leaks."""
    return corpus_text("docs-split-b")


@cache
def hidden_text() -> str:
    """What the models of the evaluation lab are finally judged on."""
    return corpus_text("python-docs")[LAB_TEXT : LAB_TEXT + HIDDEN_TEXT]


TEXTS: dict[str, Callable[[], str]] = {"honest": honest_text, "leaked": leaked_text}
"""What `Run.text` names."""

WORDS: dict[str, Any] = {"task": "sequence", "tokenizer": "words"}
DOCS: dict[str, Any] = {"corpus": "python-docs", "learning_rate": 0.03}

TOKENS = Recipe(
    slug="tokens",
    number=1,
    title="Tokens",
    runs=(
        Run(name="characters", values=DOCS | {"d_model": 48, "tokens": 200_000}),
        Run(name="bpe", values=DOCS | {"d_model": 48, "tokens": 90_000, "tokenizer": "bpe", "vocab_size": 1_000}),
    ),
    goals=(
        Goal(run="bpe", slice="run", measure="bytes_per_token", least=2.5),
        Goal(run="bpe", slice="tokens", measure="round_trip", least=1.0),
        Goal(run="bpe", measure="loss", minus="characters", least=1.5),
        Goal(run="bpe", measure="bits_per_byte", minus="characters", most=0.0),
    ),
    note="Both runs read about the same number of bytes. BPE loses more nats a token and fewer bits a byte.",
)
EMBEDDINGS = Recipe(
    slug="embeddings",
    number=2,
    title="Embeddings",
    runs=(
        Run(
            name="skipgram",
            values={
                "task": "embed",
                "corpus": "word-classes",
                "tokenizer": "words",
                "family": "skipgram",
                "d_model": 32,
                "window": 3,
                "batch": 8,
                "tokens": 400_000,
                "optimizer": "adamw",
                "learning_rate": 0.02,
            },
        ),
    ),
    goals=(Goal(run="skipgram", slice="classes", measure="purity", least=0.9),),
    note="The first estimate was 0.8; every seed is near 1. Chance is 0.07.",
)
INSIDE_A_BLOCK = Recipe(
    slug="inside-a-block",
    number=3,
    title="Inside a block",
    runs=(
        Run(
            name="reverse",
            values=WORDS
            | {"corpus": "reverse", "examples": 8_000, "context": 24, "n_heads": 4, "batch": 32, "tokens": 400_000},
        ),
        Run(
            name="facts",
            values=WORDS | {"corpus": "facts", "context": 8, "n_layers": 1, "batch": 32, "tokens": 150_000},
        ),
    ),
    goals=(
        Goal(run="reverse", measure="exact_match", least=0.98),
        Goal(run="facts", measure="exact_match", least=0.95),
    ),
    note="Rows of up to ten symbols; 256 facts in one layer of width 64.",
)
RECALL = WORDS | {
    "corpus": "recall",
    "options": {"distance": 64},
    "examples": 8_000,
    "context": 68,
    "tokens": 680_000,
    "learning_rate": 0.02,
}
FAMILIES = Recipe(
    slug="families",
    number=4,
    title="RNN, LSTM, Transformer",
    runs=(
        Run(name="gpt", values=RECALL | {"family": "gpt", "d_ff": 128, "lookback": 1}),
        Run(name="lstm", values=RECALL | {"family": "lstm", "d_model": 65}),
        Run(name="rnn", values=RECALL | {"family": "rnn", "d_model": 126}),
    ),
    goals=(
        Goal(run="gpt", slice="distance-64", measure="exact_match", least=0.9),
        Goal(run="gpt", slice="distance-64", measure="exact_match", minus="lstm", least=0.5),
        Goal(run="gpt", slice="distance-64", measure="exact_match", minus="rnn", least=0.5),
    ),
    note="Equal parameters within 1 %, equal tokens and steps. Neither recurrent family leaves guessing within this "
    "budget. The Transformer looks back one token at its input; without that, a million tokens were not enough.",
)
TRAINING = Recipe(
    slug="training",
    number=5,
    title="Training",
    runs=(Run(name="gpt", values=DOCS | {"lookback": 3, "tokens": 300_000}),),
    goals=(Goal(run="gpt", measure="bits_per_byte", minus="baseline", most=-0.3),),
    note="The baseline is the Kneser–Ney trigram of characters on the same snapshot of the text.",
)
EVALUATION = Recipe(
    slug="evaluation",
    number=6,
    title="Evaluation",
    runs=(
        Run(name="early", text="honest", values=DOCS | {"lookback": 3, "tokens": 20_000}),
        Run(name="good", text="honest", values=DOCS | {"lookback": 3, "tokens": 100_000}),
        Run(name="late", text="honest", values=DOCS | {"lookback": 3, "tokens": 400_000}),
        Run(name="leaked", text="leaked", values=DOCS | {"lookback": 3, "tokens": 400_000}),
        Run(name="small", text="honest", values=DOCS | {"n_layers": 1, "d_model": 32, "tokens": 100_000}),
        Run(name="bpe", text="honest", values=DOCS | {"tokenizer": "bpe", "vocab_size": 512, "tokens": 50_000}),
    ),
    goals=(
        Goal(run="leaked", measure="bits_per_byte", minus="late", most=-0.5),
        Goal(run="leaked", slice="hidden", measure="bits_per_byte", minus="late", least=-0.3),
        Goal(run="early", slice="hidden", measure="bits_per_byte", minus="good", least=0.3),
        Goal(run="small", slice="hidden", measure="bits_per_byte", minus="good", least=0.3),
    ),
    note="The leaked split looks better than the same run on an honest one by 1.7 to 1.8 bits a byte; on hidden text "
    "it is better by 0.06 to 0.14, since the tail that it saw stands right before that text. Only hidden text tells.",
)
GENERATION = Recipe(
    slug="generation",
    number=7,
    title="Generation and deployment",
    runs=(
        Run(
            name="gpt",
            values={
                "corpus": "unicode-names",
                "lookback": 3,
                "tokens": 200_000,
                "prompts": ("LATIN ", "GREEK ", "ARABIC "),
            },
        ),
    ),
    goals=(
        Goal(run="gpt", slice="samples", measure="novel_lines", least=0.5),
        Goal(run="gpt", slice="samples", measure="known_words", least=0.8),
    ),
    note="New names out of known words: both at temperature 0.7.",
)
REVIEWS: dict[str, Any] = {
    "task": "classify",
    "corpus": "reviews",
    "tokenizer": "words",
    "vocab_size": 1_000,
    "context": 24,
    "learning_rate": 0.01,
}
FEW = REVIEWS | {"examples": 100, "batch": 16, "tokens": 57_600}
SENTIMENT = Recipe(
    slug="sentiment",
    number=8,
    title="Sentiment with few labels",
    runs=(
        Run(
            name="plain",
            values=REVIEWS
            | {"options": {"negation": 0, "contrast": 0}, "examples": 4_000, "batch": 32, "tokens": 92_160},
        ),
        Run(name="bag", values=FEW | {"family": "bag", "optimizer": "adamw", "learning_rate": 0.05}),
        Run(name="scratch", values=FEW),
        Run(name="frozen", base="plain", values=FEW | {"tuning": "frozen", "learning_rate": 0.02}),
        Run(name="full", base="plain", values=FEW | {"tuning": "full", "learning_rate": 0.003}),
        Run(name="lora", base="plain", values=FEW | {"tuning": "lora", "learning_rate": 0.002}),
    ),
    goals=(
        Goal(run="frozen", measure="macro_f1", minus="bag", least=0.05),
        Goal(run="lora", measure="macro_f1", minus="bag", least=0.02),
    ),
    note="A hundred labels with negation and contrast. From scratch no family is clearly above the bag of words, which "
    "guesses (0.51 to 0.56); with 4,000 such labels the bag has 0.66 and a Transformer 0.8. Pre-training on the text "
    "alone (`masked` and `language`, a million tokens of 20,000 reviews) did not help: within a minute neither finds "
    "which words are good. Pre-training on plain labelled reviews, which are cheap, does; what is left to learn from "
    "the hundred is what “not” and “but” do.",
)
QUESTION_ANSWERING = Recipe(
    slug="question-answering",
    number=9,
    title="Question answering",
    runs=(
        Run(
            name="gpt",
            values=WORDS
            | {
                "corpus": "stories-qa",
                "options": {"facts": 2, "people": 2},
                "examples": 30_000,
                "context": 36,
                "d_model": 96,
                "d_ff": 128,
                "lookback": 4,
                "batch": 32,
                "tokens": 1_200_000,
                "learning_rate": 0.01,
            },
        ),
    ),
    goals=(
        Goal(run="gpt", measure="exact_match", least=0.9),
        Goal(run="gpt", measure="unanswerable_accuracy", least=0.8),
    ),
    note="People have new names. Two facts and a distractor a story: with three facts, 1.6 million tokens reach 0.87 "
    "to 0.91, and the corpus's own five need longer than a minute. The steps up are the learner's to take.",
)
TRANSLATION = Recipe(
    slug="translation",
    number=10,
    title="Translation",
    runs=(
        Run(
            name="seq2seq",
            values=WORDS
            | {
                "corpus": "translation",
                "family": "seq2seq",
                "vocab_size": 1_000,
                "examples": 12_000,
                "context": 24,
                "n_layers": 1,
                "d_ff": 128,
                "batch": 32,
                "tokens": 400_000,
                "learning_rate": 0.02,
            },
        ),
    ),
    goals=(
        Goal(run="seq2seq", slice="recombined", measure="bleu", least=90.0),
        Goal(run="seq2seq", slice="real", measure="bleu", most=20.0),
    ),
    note="BLEU of Chinese characters (sacrebleu's `zh`). Real messages of an interface stay near 0: their words and "
    "their sentences were never seen.",
)
LADDER: dict[str, Any] = {"corpus": "python-docs", "tokenizer": "bpe", "vocab_size": 512}
SCALING = Recipe(
    slug="scaling",
    number=11,
    title="Scaling",
    runs=(
        Run(name="32", values=LADDER | {"d_model": 32, "tokens": 60_000}),
        Run(name="48", values=LADDER | {"d_model": 48, "tokens": 100_000}),
        Run(name="64", values=LADDER | {"d_model": 64, "tokens": 160_000}),
        Run(name="96", values=LADDER | {"d_model": 96, "tokens": 320_000}),
    ),
    goals=(Forecast(run="96", measure="loss", smaller=("32", "48", "64"), most=0.05),),
    note="Three runs foretell a fourth with four times their compute. Tokens grow with width. The law holds over so "
    "short a way only: with characters the same ladder was 5 % off, with three tokens of lookback 6 to 7 %.",
)
INDUCTION = WORDS | {
    "corpus": "induction",
    "options": {"length": 10},
    "examples": 20_000,
    "context": 22,
    "d_ff": 64,
    "batch": 32,
    "tokens": 700_000,
    "learning_rate": 0.015,
}
INTERPRETABILITY = Recipe(
    slug="interpretability",
    number=12,
    title="Interpretability",
    runs=(
        Run(name="two-layers", values=INDUCTION | {"n_layers": 2}),
        Run(name="one-layer", values=INDUCTION | {"n_layers": 1}),
    ),
    goals=(
        Goal(run="two-layers", measure="exact_match", least=0.95),
        Goal(run="one-layer", measure="exact_match", most=0.1),
    ),
    note="Rows of up to ten symbols: copying what followed before takes two layers (Olsson et al. 2022).",
)

RECIPES: dict[str, Recipe] = {
    recipe.slug: recipe
    for recipe in (
        TOKENS,
        EMBEDDINGS,
        INSIDE_A_BLOCK,
        FAMILIES,
        TRAINING,
        EVALUATION,
        GENERATION,
        SENTIMENT,
        QUESTION_ANSWERING,
        TRANSLATION,
        SCALING,
        INTERPRETABILITY,
    )
}
"""By slug, in the order of the labs."""

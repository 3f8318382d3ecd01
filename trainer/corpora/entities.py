"""Sentences with people, organisations, places and dates, in English and Chinese. Called by the registry.

Held-out and hidden sentences hold names that training never sees; the slice `new-frames` has new sentences as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from trainer.corpora import names
from trainer.corpora.base import Corpus, Examples, Limits, Tagged
from trainer.corpora.draws import HELD_OUT, SLICE, Draws, Share, collect

ENGLISH: Mapping[str, names.Make] = {
    "PER": names.person,
    "ORG": names.organisation,
    "LOC": names.place,
    "DAY": names.day,
    "MONTH": names.month,
}
CHINESE: Mapping[str, names.Make] = {
    "PER": names.person_zh,
    "ORG": names.organisation_zh,
    "LOC": names.place_zh,
    "DAY": names.day_zh,
    "MONTH": names.month_zh,
}
TAGS = {"DAY": "DATE", "MONTH": "DATE"}
"""Slots whose tag is another word."""

FRAMES = (
    "PER works for ORG .",
    "PER has worked for ORG since MONTH .",
    "PER was born in LOC in MONTH .",
    "On DAY PER travelled from LOC to LOC .",
    "ORG opened an office in LOC in MONTH .",
    "ORG and ORG signed a contract on DAY .",
    "The director of ORG , PER , lives in LOC .",
    "PER met PER at the station in LOC .",
    "In MONTH ORG closed its factory near LOC .",
    "According to PER , the meeting in LOC was moved to DAY .",
    "ORG has hired PER as head of research .",
    "The train to LOC leaves on DAY at nine .",
    "PER and PER founded ORG in MONTH .",
    "It rained in LOC on DAY , said PER .",
    "The doctor told PER to rest until DAY .",
    "Shares of ORG fell on DAY after PER had left .",
    "PER moved to LOC and joined ORG .",
    "Nobody at ORG could reach PER on DAY .",
    "The road between LOC and LOC is closed until MONTH .",
    "We invited PER of ORG to speak on DAY .",
    "The new bridge was built by ORG .",
    "A letter from PER reached us on DAY .",
    "The weather was fine , and the shop was full .",
    "They asked for more time and got it .",
)
NEW_FRAMES = (
    "Since MONTH PER has lived near LOC .",
    "ORG was founded by PER in LOC .",
    "On DAY ORG told PER to close the office in LOC .",
    "PER , the head of ORG , was born in MONTH .",
    "The factory of ORG was moved from LOC to LOC on DAY .",
    "PER left ORG on DAY and travelled to LOC .",
)
FRAMES_ZH = (
    "PER 在 ORG 工作 。",
    "PER 从 MONTH 起 在 ORG 上班 。",
    "PER MONTH 出生 在 LOC 。",
    "DAY ， PER 从 LOC 去 了 LOC 。",
    "ORG MONTH 在 LOC 开 了 分店 。",
    "ORG 和 ORG DAY 签 了 合同 。",
    "ORG 的 经理 PER 住 在 LOC 。",
    "PER 在 LOC 的 车站 见到 了 PER 。",
    "MONTH ， ORG 关 了 LOC 附近 的 工厂 。",
    "据 PER 说 ， 会议 改 到 DAY 。",
    "ORG 请 PER 当 顾问 。",
    "去 LOC 的 火车 DAY 上午 九点 开 。",
    "PER 和 PER MONTH 创办 了 ORG 。",
    "PER 说 ， DAY LOC 下 了 雨 。",
    "医生 让 PER 休息 到 DAY 。",
    "PER 搬 到 LOC ， 进 了 ORG 。",
    "这 座 新 桥 是 ORG 修 的 。",
    "DAY 我们 收到 了 PER 的 信 。",
    "天气 很 好 ， 店里 坐满 了 人 。",
)
NEW_FRAMES_ZH = (
    "MONTH 起 ， PER 住 在 LOC 附近 。",
    "ORG 是 PER 在 LOC 创办 的 。",
    "DAY ， ORG 让 PER 关 了 LOC 的 分店 。",
    "PER DAY 去 了 LOC ， 说 要 进 ORG 。",
)


def sentence(draws: Draws, frames: Sequence[str], makers: Mapping[str, names.Make], part: int) -> Tagged:
    """A frame with its names filled in; no name twice."""
    words: list[str] = []
    tags: list[str] = []
    used: set[str] = set()
    for word in draws.choice(frames).split():
        if word not in makers:
            words.append(word)
            tags.append("O")
            continue
        name = makers[word](draws, part)
        while name in used:
            name = makers[word](draws, part)
        used.add(name)
        tag = TAGS.get(word, word)
        parts = name.split()
        words += parts
        tags += [f"B-{tag}"] + [f"I-{tag}"] * (len(parts) - 1)
    return Tagged(tuple(words), tuple(tags))


def _mixed(draws: Draws, chinese: int, part: int, *, new: bool = False) -> Tagged:
    """A sentence, Chinese in `chinese` of a hundred."""
    if draws.chance(chinese / 100):
        return sentence(draws, NEW_FRAMES_ZH if new else FRAMES_ZH, CHINESE, part)
    return sentence(draws, NEW_FRAMES if new else FRAMES, ENGLISH, part)


def _named(example: Tagged) -> bool:
    return any(tag != "O" for tag in example.tags)


def _fresh(draws: Draws, chinese: int, *, new: bool = False) -> Tagged:
    """A sentence to measure on: with names, none of which trains. (Those without a name would be in both parts.)"""
    while not _named(found := _mixed(draws, chinese, 1, new=new)):
        pass
    return found


def _build(*, seed: int, size: int, chinese: int) -> Examples:
    slices = {"en": partial(_fresh, chinese=0), "zh": partial(_fresh, chinese=100)}
    slices["new-frames"] = partial(_fresh, chinese=chinese, new=True)
    key = (seed, chinese)
    return Examples(
        kind="tagged",
        train=collect(
            partial(_mixed, chinese=chinese, part=0), Draws(NAME, "train", *key), size, Share.ALL, repeats=True
        ),
        held_out=collect(partial(_fresh, chinese=chinese), Draws(NAME, "held-out", *key), HELD_OUT, Share.FRESH),
        slices={name: collect(make, Draws(NAME, name, *key), SLICE, Share.FRESH) for name, make in slices.items()},
    )


def _hide(*, seed: str, size: int, chinese: int) -> tuple[Tagged, ...]:
    return collect(partial(_fresh, chinese=chinese), Draws(NAME, "hidden", seed, chinese), size, Share.FRESH_HIDDEN)


NAME = "entities"
ENTITIES = Corpus(
    name=NAME,
    title="Named entities",
    licence="CC0-1.0",
    origin="Generated by this project from invented names",
    description="Sentences with people, organisations, places and dates, word by word.",
    kind="tagged",
    tasks=("tag",),
    languages=("en", "zh-Hans"),
    generated=True,
    default_tokenizer="words",
    options={"size": Limits(100, 20_000, 2_000), "chinese": Limits(0, 100, 30)},
    build=_build,
    hide=_hide,
)

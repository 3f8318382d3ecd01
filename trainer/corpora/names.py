"""Invented names of people, organisations and places, and dates, as words. Called by `trainer.corpora.entities`.

Every pool of names is parted once: what trains, and what only measures. No word of a measured name trains, but for
words that say what it is (Bank, University, 公司) and Chinese family names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from trainer.corpora.base import words
from trainer.corpora.draws import Draws


class Pool(NamedTuple):
    """Names to train on, and names that only measure."""

    seen: tuple[str, ...]
    unseen: tuple[str, ...]


SEEN = 0.7
"""Share of each pool that trains."""


def _pool(key: str, names: Sequence[str]) -> Pool:
    mixed = Draws("names", key).shuffled(names)
    cut = int(len(mixed) * SEEN)
    return Pool(tuple(mixed[:cut]), tuple(mixed[cut:]))


def _joined(key: str, heads: str, tails: str) -> Pool:
    return _pool(key, [head + tail for head in words(heads) for tail in words(tails)])


GIVEN = _pool(
    "given",
    words(
        """Alice Amir Anton Beatrice Boris Carla Cheng Clara Daniel Diego Edith Elena Emma Farid Fiona Frank Greta
        Hamid Hannah Harold Ines Isaac Jamal Jane Javier Joan Julia Kenji Klara Kofi Laura Lena Leo Lin Lucas Maria
        Marta Martin Mina Naomi Nina Noah Oscar Pablo Paul Petra Rafael Rania Robert Rosa Samir Sara Sofia Stefan
        Sven Tara Thomas Tina Viktor Wanda Yara Yusuf Zoe Agnes Bruno Cecilia Dora Erik Flora George Helga Igor"""
    ),
)
FAMILY = _joined(
    "family",
    "Ash Black Brad Cald Cart Dun East Fair Gold Green Hal Hart Kirk Lang Mar Nor Oak Pem Rad Red Sel Stan Wal White",
    "bridge by combe croft er field ford ham ley man more son stone ton well worth",
)
TOWN = _joined(
    "town",
    "Alder Bel Carn Dor El Fal Grim Holl Inver Jar Kel Lor Mal Nev Or Pol Quin Rav Sol Tor Ulm Ver Wes Yar",
    "burg bury dal fjord grad haven heim holm mouth port stad sund vale vik minster",
)
BRAND = _joined(
    "brand",
    "Acu Bio Cor Data Equi Flexi Geo Hydro Info Kine Luma Medi Nova Opti Pro Quanta Robo Sola Tera Vita",
    "corp form gen link lytics max metrics nex plex tech tron vance via works",
)
SORTS = words("Bank Group Motors Press Airlines Institute Foods Systems Energy Insurance Logistics Studios")
MONTHS = words("January February March April May June July August September October November December")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")

SURNAMES = words("王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗")
GIVEN_ZH = _joined(
    "given-zh",
    "伟 芳 秀 敏 静 丽 强 磊 军 洋 勇 艳 杰 涛 明 超 霞 平 刚 桂",
    "英 华 文 玲 红 玉 波 辉 宁 峰 云 山 海 梅 凤 清 东 青 春 生",
)
TOWN_ZH = _joined(
    "town-zh",
    "临 青 海 云 白 金 石 新 长 南 安 平 清 龙 永 洛 双 沙 柳 高",
    "江 山 河 州 阳 城 溪 湖 门 口 宁 原 泉 港 坪",
)
BRAND_ZH = _joined(
    "brand-zh", "华 中 东 天 远 恒 信 瑞 金 联 宏 盛 鼎 博 嘉", "星 宇 润 达 通 和 泰 科 创 源 兴 丰 腾 邦 安"
)
SORTS_ZH = (
    "银行",
    "集团",
    "科技 公司",
    "汽车 公司",
    "出版社",
    "航空 公司",
    "研究院",
    "食品 厂",
    "保险 公司",
    "物流 公司",
)
PLACES_ZH = words("市 县 镇 区")

Make = Callable[[Draws, int], str]
"""Makes the words of a name; the number picks Pool.seen (0) or Pool.unseen (1)."""


def person(draws: Draws, part: int) -> str:
    """Two words, sometimes one."""
    if draws.chance(0.2):
        return draws.rare(FAMILY[part])
    return f"{draws.rare(GIVEN[part])} {draws.rare(FAMILY[part])}"


def organisation(draws: Draws, part: int) -> str:
    """A brand, a family's firm or a university."""
    kind = draws.below(4)
    if kind == 0:
        return draws.rare(BRAND[part])
    if kind == 1:
        return f"University of {draws.rare(TOWN[part])}"
    return f"{draws.rare(BRAND[part] if kind == 2 else FAMILY[part])} {draws.choice(SORTS)}"


def place(draws: Draws, part: int) -> str:
    """A town, sometimes with a direction."""
    town = draws.rare(TOWN[part])
    return f"{draws.choice(words('New Upper Port Lake'))} {town}" if draws.chance(0.2) else town


def day(draws: Draws, _part: int) -> str:
    """What may follow "on"."""
    if draws.chance(0.3):
        return draws.choice(DAYS)
    date = f"{draws.between(1, 28)} {draws.choice(MONTHS)}"
    return f"{date} {draws.between(1985, 2029)}" if draws.chance(0.5) else date


def month(draws: Draws, _part: int) -> str:
    """What may follow "in"."""
    year = str(draws.between(1985, 2029))
    return (
        year if draws.chance(0.3) else f"{draws.choice(MONTHS)} {year}" if draws.chance(0.6) else draws.choice(MONTHS)
    )


def person_zh(draws: Draws, part: int) -> str:
    """Family name and given name of one or two signs, one word."""
    given = draws.choice(GIVEN_ZH[part])
    return draws.choice(SURNAMES) + given


def organisation_zh(draws: Draws, part: int) -> str:
    """A firm, or the university of a place."""
    if draws.chance(0.25):
        return f"{draws.rare(TOWN_ZH[part])} 大学"
    return f"{draws.rare(BRAND_ZH[part])} {draws.choice(SORTS_ZH)}"


def place_zh(draws: Draws, part: int) -> str:
    """A place, mostly with what it is."""
    town = draws.rare(TOWN_ZH[part])
    return town + draws.choice(PLACES_ZH) if draws.chance(0.7) else town


def day_zh(draws: Draws, _part: int) -> str:
    """A day."""
    if draws.chance(0.25):
        return "星期" + draws.choice("一二三四五六日")
    date = f"{draws.between(1, 12)}月 {draws.between(1, 28)}日"
    return f"{draws.between(1985, 2029)}年 {date}" if draws.chance(0.5) else date


def month_zh(draws: Draws, _part: int) -> str:
    """A year, or a month of it."""
    year = f"{draws.between(1985, 2029)}年"
    return year if draws.chance(0.4) else f"{year} {draws.between(1, 12)}月"

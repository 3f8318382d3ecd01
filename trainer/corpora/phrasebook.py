"""English phrases with their Chinese: numbers, dates, times, money, things of an interface. Called by
`trainer.corpora.translation`.

Each phrase comes from two numbers or words; a quarter of all combinations is kept for measuring (`_fits`), so that
every word is known and the combination is new.
"""

from __future__ import annotations

from collections.abc import Callable

from trainer.corpora.base import Pair, words
from trainer.corpora.draws import Draws

KEPT = 4
"""One combination in so many is new."""

ONES = words("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen")
ONES += words("seventeen eighteen nineteen")
TENS = words("- - twenty thirty forty fifty sixty seventy eighty ninety")
DIGITS = "零一二三四五六七八九"
UNITS = ("", "十", "百", "千")
MONTHS = words("January February March April May June July August September October November December")
DAYS = tuple(zip(words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"), "一二三四五六日", strict=True))
MORNING, AFTERNOON, EVENING = ("in the morning", "上午"), ("in the afternoon", "下午"), ("in the evening", "晚上")
MONEY = (("dollars", "美元"), ("yuan", "元"), ("euros", "欧元"), ("pounds", "英镑"))
VERBS = tuple(
    zip(
        words("open save delete copy move share print rename close download"),
        words("打开 保存 删除 复制 移动 分享 打印 重命名 关闭 下载"),
        words("opened saved deleted copied moved shared printed renamed closed downloaded"),
        strict=True,
    )
)
NOUNS = (
    ("file", "文件", "个"),
    ("folder", "文件夹", "个"),
    ("image", "图片", "张"),
    ("page", "页面", "个"),
    ("report", "报告", "份"),
    ("message", "消息", "条"),
    ("table", "表格", "张"),
    ("list", "列表", "个"),
    ("course", "课程", "门"),
    ("model", "模型", "个"),
    ("picture book", "画册", "本"),
    ("account", "账户", "个"),
)
"""English, Chinese, measure word."""
KINDS_OF = (
    ("new", "新的"),
    ("old", "旧的"),
    ("selected", "所选的"),
    ("shared", "共享的"),
    ("empty", "空的"),
    ("last", "上一个"),
)
EVENTS = (
    ("The meeting", "会议"),
    ("The course", "课程"),
    ("The exam", "考试"),
    ("The film", "电影"),
    ("The concert", "音乐会"),
    ("The lecture", "讲座"),
)
GOODS = (("book", "书"), ("ticket", "票"), ("lamp", "灯"), ("bag", "包"), ("phone", "手机"), ("chair", "椅子"))

Make = Callable[[Draws, bool], Pair]
"""Makes a phrase of a combination that trains, or of a new one."""


def _fits(a: int, b: int, new: bool) -> bool:
    return ((a + b) % KEPT == 0) == new


def _two(draws: Draws, first: int, second: int, new: bool) -> tuple[int, int]:
    """Two numbers below the bounds whose combination trains, or is new."""
    while True:
        a, b = draws.below(first), draws.below(second)
        if _fits(a, b, new):
            return a, b


def number_en(n: int) -> str:
    """0 to 9,999 in words, British."""
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + (f"-{ONES[n % 10]}" if n % 10 else "")
    if n < 1000:
        return f"{ONES[n // 100]} hundred" + (f" and {number_en(n % 100)}" if n % 100 else "")
    rest = n % 1000
    between = " and " if rest < 100 else " "
    return f"{ONES[n // 1000]} thousand" + (between + number_en(rest) if rest else "")


def number_zh(n: int) -> str:
    """0 to 9,999 in words."""
    if n == 0:
        return DIGITS[0]
    digits = str(n)
    out = ""
    for place, digit in zip(range(len(digits) - 1, -1, -1), map(int, digits), strict=True):
        if digit:
            out += DIGITS[digit] + UNITS[place]
        elif not out.endswith(DIGITS[0]):
            out += DIGITS[0]
    out = out.rstrip(DIGITS[0])
    return out[1:] if 10 <= n < 20 else out


def number(draws: Draws, new: bool) -> Pair:
    """A number of up to two, three or four digits; which hundreds stand with which rest decides whether it is new."""
    n = 0
    while not n:
        high, low = _two(draws, draws.choice((1, 10, 100)), 100, new)
        n = 100 * high + low
    return Pair(number_en(n), number_zh(n))


def date(draws: Draws, new: bool) -> Pair:
    """A day of a month, with the year or the day of the week or neither."""
    day, month = _two(draws, 28, 12, new)
    english, chinese = f"{day + 1} {MONTHS[month]}", f"{month + 1}月{day + 1}日"
    match draws.below(3):
        case 0:
            year = draws.between(1990, 2029)
            return Pair(f"{english} {year}", f"{year}年{chinese}")
        case 1:
            weekday, sign = draws.choice(DAYS)
            return Pair(f"{weekday}, {english}", f"{chinese}星期{sign}")
    return Pair(english, chinese)


def clock(draws: Draws, new: bool) -> Pair:
    """A time of day in words."""
    hour, kind = _two(draws, 12, 5, new)
    told = hour + 1
    daytime = draws.choice((MORNING, EVENING)) if 6 <= told <= 11 else AFTERNOON
    following = ONES[told % 12 + 1]
    zh = "两" if told == 2 else number_zh(told)
    english, chinese = (
        (f"{ONES[told]} o'clock", f"{zh}点"),
        (f"half past {ONES[told]}", f"{zh}点半"),
        (f"a quarter past {ONES[told]}", f"{zh}点一刻"),
        (f"a quarter to {following}", f"{zh}点三刻"),
        (f"ten past {ONES[told]}", f"{zh}点十分"),
    )[kind]
    return Pair(f"{english} {daytime[0]}", daytime[1] + chinese)


def money(draws: Draws, new: bool) -> Pair:
    """An amount in figures or in words, with its currency."""
    n, currency = 0, 0
    while not n or not _fits(n % 7, currency, new):  # 7: round amounts must not all fall on one side
        n, currency = draws.between(2, 99) * draws.choice((1, 1, 10, 100)), draws.below(len(MONEY))
    english, chinese = MONEY[currency]
    if draws.chance(0.5):
        return Pair(f"{n} {english}", f"{n}{chinese}")
    return Pair(f"{number_en(n)} {english}", ("两" if n == 2 else number_zh(n)) + chinese)


def thing(draws: Draws, new: bool) -> Pair:
    """A thing of an interface with an adjective."""
    kind, noun = _two(draws, len(KINDS_OF), len(NOUNS), new)
    return Pair(f"the {KINDS_OF[kind][0]} {NOUNS[noun][0]}", KINDS_OF[kind][1] + NOUNS[noun][1])


def command(draws: Draws, new: bool) -> Pair:
    """What an interface asks, offers or says."""
    verb, noun = _two(draws, len(VERBS), len(NOUNS), new)
    (do, zh, done), (en, thing_zh, _) = VERBS[verb], NOUNS[noun]
    english, chinese = draws.choice(
        (
            (f"{do.capitalize()} the {en}", f"{zh}{thing_zh}"),
            (f"Do you want to {do} this {en}?", f"要{zh}这个{thing_zh}吗？"),
            (f"The {en} has been {done}.", f"{thing_zh}已{zh}。"),
            (f"Cannot {do} the {en}.", f"无法{zh}{thing_zh}。"),
            (f"Please {do} the {en}.", f"请{zh}{thing_zh}。"),
            (f"You may not {do} this {en}.", f"您不能{zh}这个{thing_zh}。"),
        )
    )
    return Pair(english, chinese)


PHRASES: tuple[Make, ...] = (number, date, clock, money, thing, command)


def event(draws: Draws, new: bool) -> Pair:
    """When something begins: Chinese says the time first."""
    english, chinese = draws.choice(EVENTS)
    if draws.chance(0.5):
        when = clock(draws, new)
        return Pair(f"{english} starts at {when.source}.", f"{chinese}{when.target}开始。")
    when = date(draws, new)
    return Pair(f"{english} starts on {when.source}.", f"{chinese}于{when.target}开始。")


def price(draws: Draws, new: bool) -> Pair:
    """What something costs."""
    english, chinese = draws.choice(GOODS)
    amount = money(draws, new)
    if draws.chance(0.5):
        return Pair(f"The {english} costs {amount.source}.", f"{chinese}的价格是{amount.target}。")
    return Pair(f"I paid {amount.source} for the {english}.", f"我买{chinese}花了{amount.target}。")


def count(draws: Draws, new: bool) -> Pair:
    """How many things there are."""
    n, noun = _two(draws, 97, len(NOUNS), new)
    english, chinese, measure = NOUNS[noun]
    return Pair(f"There are {number_en(n + 3)} {english}s in total.", f"一共有{number_zh(n + 3)}{measure}{chinese}。")


def deed(draws: Draws, new: bool) -> Pair:
    """Something done to a thing at a date: in Chinese the order turns round."""
    verb, noun = _two(draws, len(VERBS), len(NOUNS), new)
    when, kind = date(draws, new), draws.choice(KINDS_OF)
    _do, zh, done = VERBS[verb]
    return Pair(
        f"I {done} the {kind[0]} {NOUNS[noun][0]} on {when.source}.",
        f"我在{when.target}{zh}了{kind[1]}{NOUNS[noun][1]}。",
    )


SENTENCES: tuple[Make, ...] = (event, price, count, deed)

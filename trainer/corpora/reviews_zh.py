"""Frames and words of the Chinese reviews. Called by the registry; `trainer.corpora.reviews` fills them."""

from __future__ import annotations

from trainer.corpora.base import words
from trainer.corpora.reviews import Frame, Language, reviews_corpus

TURNED = True

FRAMES = {
    "plain": (
        Frame("{a}很{x}。"),
        Frame("{a}非常{x}。"),
        Frame("我觉得{a}很{x}。"),
        Frame("{a}和{b}都很{x}。"),
        Frame("这里的{a}真{x}！"),
        Frame("大家都说{a}很{x}。"),
        Frame("{a}比想象的还要{x}。"),
        Frame("我{v}这里的{a}。"),
        Frame("从第一天起，我就{v}它的{a}。"),
    ),
    "negation": (
        Frame("{a}不{x}。", TURNED),
        Frame("{a}一点也不{x}。", TURNED),
        Frame("我不觉得{a}{x}。", TURNED),
        Frame("没有人说{a}{x}。", TURNED),
        Frame("{a}并没有那么{x}。", TURNED),
        Frame("我并不{v}这里的{a}。", TURNED),
        Frame("{a}和{b}都不{x}。", TURNED),
    ),
    "contrast": (
        Frame("{a}很{x}，但是{b}很{y}。", TURNED),
        Frame("虽然{a}很{x}，但是{b}非常{y}。", TURNED),
        Frame("{a}很{x}，虽然{b}很{y}。"),
        Frame("大家都说{a}很{x}，可是我觉得很{y}。", TURNED),
        Frame("我{v}它的{a}，但是我{w}它的{b}。", TURNED),
    ),
}
FRESH = {
    "plain": (
        Frame("我觉得这里的{a}真{x}。"),
        Frame("它的{a}和{b}都非常{x}！"),
        Frame("大家都{v}它的{a}。"),
        Frame("第一天我就觉得{a}非常{x}。"),
    ),
    "negation": (
        Frame("我并不觉得{a}很{x}。", TURNED),
        Frame("这里的{a}一点也不{x}。", TURNED),
        Frame("大家都说{a}没有那么{x}。", TURNED),
        Frame("没有人{v}它的{a}。", TURNED),
        Frame("它的{a}并不{x}。", TURNED),
    ),
    "contrast": (
        Frame("我{v}这里的{a}，可是{b}真{y}。", TURNED),
        Frame("虽然大家都说{a}很{x}，但是我觉得{b}很{y}。", TURNED),
        Frame("我{v}它的{a}，虽然{b}非常{y}。"),
        Frame("这里的{a}非常{x}，可是我{w}它的{b}。", TURNED),
    ),
}

CHINESE = Language(
    code="zh",
    gap="",
    frames=FRAMES,
    fresh=FRESH,
    aspects=words(
        """味道 服务 房间 屏幕 电池 剧情 演技 音乐 位置 物流 客服 咖啡 界面 键盘 早餐 相机 音质 设计 课程 讲解 说明书
        菜品 环境 价格"""
    ),
    openers=words(
        """我们五月去过一次。 两个星期前买的。 这是我们第二次来。 在网上下的单。 姐姐送给我的。 我们住了三个晚上。
        我每天都在用。 那是一个星期天的晚上。 我在报纸上看到过它。 我们一共四个人。"""
    ),
    good={
        "x": words("好 出色 舒服 可靠 精彩 方便 漂亮 贴心 实用 周到 精致 合适 难忘 完美 讲究 高级 地道 清楚"),
        "v": words("喜欢 欣赏 推荐 喜爱 怀念 称赞"),
    },
    bad={
        "x": words("差 糟糕 难受 敷衍 无聊 麻烦 难看 粗糙 混乱 拖沓 单调 可怕 离谱 低劣 俗气 烦人 糊涂 差劲"),
        "v": words("讨厌 厌恶 抱怨 痛恨 嫌弃 批评"),
    },
)

REVIEWS_ZH = reviews_corpus(
    CHINESE, name="reviews-zh", title="Reviews in Chinese", tag="zh-Hans", tokenizer="characters"
)

"""Words and sentences of the Chinese stories. Called by `trainer.corpora.stories`.

Roles and their fields stand in CAST; a slot is role_field. `ta` is the role's pronoun, `m` the measure word.
"""

from __future__ import annotations

from trainer.corpora.base import words

HEROINES = words("小梅 阿兰 林秀 秋月 春燕 玉珍 小雨 安娜 慧敏 雪儿 佳佳 素云")
HEROES = words("阿明 小龙 大山 志强 石头 阿福 子安 海生 小虎 老周 文博 铁柱")
TRADES = words("面包师 园丁 老师 木匠 渔夫 裁缝 陶匠 邮递员 牧羊人 钟表匠 电工 厨师 画家 药剂师 船夫")
WOMEN = words("隔壁的奶奶 卖花的姑娘 图书管理员 养蜂的大婶 村里的医生 开茶馆的阿姨")
MEN = words("打铁的师傅 摆渡的老人 守夜人 校长 站长 放牛的孩子 修伞的爷爷 说书先生")
THINGS = {
    "把": "银钥匙 绿雨伞 小刀 木梳 旧算盘",
    "只": "红风筝 铜铃 怀表 竹篮 瓷碗",
    "支": "竹笛 钢笔 毛笔",
    "盏": "蓝灯笼 油灯",
    "张": "地图 小木凳 竹席",
    "条": "羊毛围巾 毯子",
    "顶": "草帽",
    "面": "圆镜子",
    "本": "笔记本 菜谱",
}
"""By measure word."""
PLACES = words(
    """海边的村子 山里的小镇 森林边的小屋 满是作坊的老街 河边的农场 有灯塔的港口 长满苹果树的山谷 湖心的小岛
    多桥的城市 铁路尽头的小站"""
)
SPOTS = words(
    """长凳下面 磨坊后面 水井旁边 两块石头中间 桥上 老橡树附近 楼梯底下 高高的草丛里 厨房的窗台上 庙门旁边
    棚屋的顶上 空树洞里 落叶堆里 山脚下"""
)
TIMES = words(
    """一天早晨 一天傍晚 一个星期天 秋收以后 下第一场雪之前 初春的时候 夏天快结束时 寒假里 赶集那天 一天深夜
    庙会那天 中秋节前"""
)
SKIES = words(
    """风刮得很大 外面下着雨 太阳照得暖暖的 田野上起了浓雾 天上飘着雪花 月亮又圆又亮 西边涌来了乌云
    天气热得厉害 第一批星星出来了 空气里有炊烟的味道"""
)
BEASTS = words("喜鹊 流浪狗 灰猫 小山羊 乌鸦 狐狸 黄鼠狼 松鼠")
MEALS = words("热汤面 葱油饼 红豆粥 饺子 烤红薯 米饭和青菜 桂花糕")

CAST: dict[str, list[dict[str, str]]] = {
    "hero": [{"name": name, "ta": "她"} for name in HEROINES] + [{"name": name, "ta": "他"} for name in HEROES],
    "friend": [{"name": name, "ta": "她"} for name in WOMEN] + [{"name": name, "ta": "他"} for name in MEN],
    "trade": [{"is": name} for name in TRADES],
    "thing": [{"m": measure, "name": name} for measure, names in THINGS.items() for name in words(names)],
    "place": [{"name": name} for name in PLACES],
    "spot": [{"at": name} for name in SPOTS],
    "other": [{"at": name} for name in SPOTS],
    "time": [{"when": name} for name in TIMES],
    "sky": [{"was": name} for name in SKIES],
    "beast": [{"name": name} for name in BEASTS],
    "meal": [{"name": name} for name in MEALS],
    "count": [{"n": name} for name in words("两 三 四 五 六 七 十")],
}

OPENING = (
    "从前有一位{trade_is}，名叫{hero_name}，住在{place_name}。",
    "{place_name}有一位{trade_is}，名字叫{hero_name}。",
    "在{place_name}，住着一位{trade_is}，大家都叫{hero_ta}{hero_name}。",
    "{hero_name}在{place_name}住了{count_n}年。",
    "{place_name}的人都认识{hero_name}。",
)
OWNING = (
    "{hero_name}有一{thing_m}{thing_name}，一直很爱惜。",
    "在所有的东西里，{hero_name}最喜欢那{thing_m}{thing_name}。",
    "父亲送给{hero_ta}一{thing_m}{thing_name}。",
    "{hero_ta}攒了{count_n}个月的钱，才买到一{thing_m}{thing_name}。",
    "{hero_name}走到哪里，都带着一{thing_m}{thing_name}。",
)
WEATHER = ("", "", "{time_when}，{sky_was}。", "{time_when}，{sky_was}，{hero_ta}出了门。", "事情发生在{time_when}。")
LOSING = (
    "{hero_name}回到家，发现{thing_name}不见了。",
    "一只{beast_name}叼走了{thing_name}，转眼就没了影子。",
    "{hero_ta}把{thing_name}放下一会儿，后来就忘了。",
    "路上{hero_name}丢了{thing_name}，到晚上才发觉。",
    "不知是谁没有关门，一只{beast_name}把{thing_name}拖走了。",
)
SEARCHING = (
    "{hero_ta}到处找，可是家里没有。",
    "{hero_ta}在{other_at}找了{count_n}个小时，什么也没找到。",
    "那天夜里，{hero_name}怎么也睡不着。",
    "“我的{thing_name}在哪里？”{hero_name}问，可是没有人知道。",
    "{hero_ta}问了街上的{count_n}个人，他们都摇摇头。",
)
HELPING = (
    "这时{friend_name}说：“别着急，我们一起去找{thing_name}。”",
    "后来{hero_ta}遇到了{friend_name}，{friend_ta}看见过一只{beast_name}嘴里叼着东西。",
    "“我在{spot_at}见过它。”{friend_name}说。",
    "{friend_name}请{hero_ta}坐下，吃了一点{meal_name}，又告诉{hero_ta}该去哪里找。",
    "“想一想，你今天早上去过什么地方？”{friend_name}问。",
)
FINDING = (
    "果然，{thing_name}就在{spot_at}。",
    "{hero_name}在{spot_at}找到了{thing_name}，有点湿，但是没有坏。",
    "{hero_name}走回去，看见{thing_name}在{spot_at}。",
    "第二天{hero_ta}去{spot_at}看，{hero_name}笑了，因为{thing_name}就在那儿。",
    "一只{beast_name}坐在{spot_at}，面前放着那{thing_m}{thing_name}。",
)
WANTING = (
    "{hero_name}想做一{thing_m}{thing_name}，可是不知道怎么做。",
    "{hero_name}只有一个愿望：有一{thing_m}{thing_name}。",
    "{time_when}，一个过路人给{hero_ta}看了一{thing_m}{thing_name}，{hero_name}也想要一{thing_m}。",
    "{place_name}还没有人有过这样的{thing_name}，{hero_name}天天想着它。",
)
TRYING = (
    "第一次没有成功，东西坏成了{count_n}块。",
    "{hero_ta}忙了{count_n}天，看上去还是不对。",
    "有人笑话{hero_ta}，可是{hero_name}没有停下来。",
    "{hero_ta}把错误一条一条记下来，又从头开始。",
    "因为{sky_was}，{hero_ta}只好停下来等着。",
)
LEARNING = (
    "“你做得太快了，”{friend_name}说，“先量好，再动手。”",
    "{friend_name}教{hero_ta}怎样拿工具。",
    "{friend_name}看了说：“这个不错，下一个会更好。”",
    "{hero_name}向{friend_name}请教，听得很认真。",
)
DONE = (
    "过了{count_n}个星期，{thing_name}终于做好了。",
    "{time_when}，{hero_ta}把做好的{thing_name}放在桌上。",
    "这一次成功了，{hero_name}手里拿着新的{thing_name}。",
    "最后，{thing_name}做得那么好，大家都来看。",
)
JOURNEY = (
    "{time_when}，{hero_name}带着一{thing_m}{thing_name}离开了家。",
    "{hero_name}要把一{thing_m}{thing_name}送给{friend_name}，路很远。",
    "来了一个口信：{friend_name}需要一{thing_m}{thing_name}，{hero_name}马上动身。",
)
ROAD = (
    "路很长，{sky_was}。",
    "{hero_ta}走了{count_n}天，晚上睡在{other_at}。",
    "路上{hero_ta}遇到一只{beast_name}，它跟着走了{count_n}里路。",
    "{hero_ta}在{spot_at}吃了{meal_name}，看了看地图。",
    "河上没有桥，{hero_ta}就等船过来。",
)
ARRIVING = (
    "{hero_name}终于看见了{friend_name}的家，敲了敲门。",
    "“你走了这么远的路。”{friend_name}看见{thing_name}时说。",
    "{friend_name}打开门，见到{hero_ta}很高兴。",
    "{friend_name}接过{thing_name}，小心地放到架子上。",
)
ENDING = (
    "他们一起吃了{meal_name}，都很开心。",
    "从那天起，{hero_name}和{friend_name}成了朋友。",
    "{hero_name}道了谢，回家去了。",
    "{hero_name}永远忘不了那个晚上。",
    "后来每当{sky_was}，{hero_name}就想起{friend_name}，微微一笑。",
    "{hero_name}就这样学会了请别人帮忙。",
)
ALONE = (
    "{hero_ta}吃了{meal_name}，心里很高兴。",
    "{hero_name}永远忘不了那个晚上。",
    "从此以后，{hero_ta}出门前总要多看一眼。",
    "那天夜里，{hero_name}睡得很香。",
    "后来每当{sky_was}，{hero_name}就摸一摸那{thing_m}{thing_name}，微微一笑。",
)

PLOTS = (
    (OPENING, OWNING, WEATHER, LOSING, SEARCHING, HELPING, FINDING, ENDING),
    (OPENING, OWNING, LOSING, SEARCHING, WEATHER, FINDING, ALONE),
    (OPENING, WANTING, TRYING, LEARNING, DONE, ENDING),
    (OPENING, WANTING, WEATHER, TRYING, TRYING, LEARNING, DONE, ENDING),
    (OPENING, JOURNEY, ROAD, ROAD, ARRIVING, ENDING),
    (OPENING, JOURNEY, ROAD, WEATHER, ROAD, ARRIVING, ENDING),
)

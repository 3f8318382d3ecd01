"""Words and sentences of the English stories. Called by `trainer.corpora.stories`.

Roles and their fields stand in CAST; a slot is role_field. `they`, `them` and `their` are the role's pronouns.
"""

from __future__ import annotations

from trainer.corpora.base import phrases, words

SHE = {"they": "she", "them": "her", "their": "her"}
HE = {"they": "he", "them": "him", "their": "his"}

HEROINES = words("Anna Mei Lucy Rosa Nora Ida Clara Tess Amina Ruth Hana Olga Priya Jia")
HEROES = words("Tom Ben Omar Liang Peter Hugo Sam Ivan Karl Jonas Ravi Felix Bo Emil")
TRADES = words(
    """a_baker a_gardener a_teacher a_carpenter a_fisher a_miller a_tailor a_potter a_postman a_shepherd a_clockmaker
    an_electrician an_apprentice an_engineer an_artist"""
)
WOMEN = phrases("the old woman; the seamstress; the cook; the librarian; the beekeeper; the woman next door")
MEN = phrases(
    """the tall boy; the quiet boy; the clever boy; the blacksmith; the ferryman; the watchman; the schoolmaster;
    the stationmaster"""
)
THINGS = phrases(
    """silver key; red kite; wooden flute; blue lantern; brass compass; warm blanket; leather notebook; paper map;
    small clock; glass bottle; straw hat; green umbrella; woollen scarf; copper bell; painted cup; round mirror;
    pocket knife; clay whistle"""
)
PLACES = phrases(
    """in village by the sea; in town in the hills; in house at the edge of the forest; in street full of workshops;
    on farm beside the river; in harbour with a white lighthouse; in valley of apple trees; on small island;
    in city with many bridges; at station at the end of the line"""
)
SPOTS = phrases(
    """under the bench; behind the mill; beside the well; between two stones; on the bridge; near the old oak;
    at the bottom of the stairs; in the long grass; by the kitchen window; next to the church door;
    on the roof of the shed; inside a hollow tree; among the fallen leaves; at the foot of the hill"""
)
TIMES = phrases(
    """one morning; one evening; on a Sunday; after the harvest; before the first snow; early in spring;
    at the end of summer; during the winter holidays; on market day; late one night; on the day of the fair"""
)
SKIES = phrases(
    """the wind was strong; it was raining; the sun was shining; thick fog lay on the fields; snow was falling;
    the moon was bright; the air smelled of smoke; dark clouds came from the west; it was very hot;
    the first stars came out"""
)
BEASTS = phrases("magpie; stray dog; grey cat; young goat; crow; fox; donkey; squirrel")
MEALS = phrases("bread and cheese; hot soup; plum cake; noodles; baked apples; rice and beans; porridge with honey")

CAST: dict[str, list[dict[str, str]]] = {
    "hero": [{"name": name} | SHE for name in HEROINES] + [{"name": name} | HE for name in HEROES],
    "friend": [{"name": name} | SHE for name in WOMEN] + [{"name": name} | HE for name in MEN],
    "trade": [{"is": name.replace("_", " ")} for name in TRADES],
    "thing": [{"name": name} for name in THINGS],
    "place": [{"in": name.partition(" ")[0], "name": name.partition(" ")[2]} for name in PLACES],
    "spot": [{"at": name} for name in SPOTS],
    "other": [{"at": name} for name in SPOTS],
    "time": [{"when": name} for name in TIMES],
    "sky": [{"was": name} for name in SKIES],
    "beast": [{"name": name} for name in BEASTS],
    "meal": [{"name": name} for name in MEALS],
    "count": [{"n": name} for name in words("two three four five six seven ten")],
}

OPENING = (
    "Once there was {trade_is} called {hero_name}, who lived {place_in} a {place_name}.",
    "{hero_name} was {trade_is} {place_in} a {place_name}.",
    "{place_in} a {place_name} lived {trade_is} whose name was {hero_name}.",
    "{hero_name} had lived for {count_n} years {place_in} a {place_name}.",
    "Everybody {place_in} the {place_name} knew {hero_name}.",
)
OWNING = (
    "{hero_name} had a {thing_name} and took good care of it.",
    "Of all that {hero_they} had, {hero_name} liked {hero_their} {thing_name} best.",
    "{hero_their} father had given {hero_them} a {thing_name}.",
    "For {count_n} months {hero_they} had saved money to buy a {thing_name}.",
    "In {hero_their} pocket {hero_name} always carried a {thing_name}.",
)
WEATHER = (
    "",
    "",
    "{time_when} {sky_was}.",
    "{time_when}, when {sky_was}, {hero_they} went out.",
    "It happened {time_when}.",
)
LOSING = (
    "When {hero_name} came home, the {thing_name} was gone.",
    "A {beast_name} took the {thing_name} and made off with it.",
    "{hero_they} put the {thing_name} down for a moment and forgot it.",
    "On the way {hero_name} lost the {thing_name}, but {hero_they} did not notice it until evening.",
    "Someone had left the gate open, and a {beast_name} carried the {thing_name} off.",
)
SEARCHING = (
    "{hero_they} looked for it everywhere, but it was not in the house.",
    "For {count_n} hours {hero_they} looked {other_at} and found nothing.",
    "{hero_name} could not sleep that night.",
    '"Where is my {thing_name}?" asked {hero_name}, but nobody knew.',
    "{hero_they} asked {count_n} people in the street, and all of them shook their heads.",
)
HELPING = (
    'Then {friend_name} said: "Do not worry, we will look for the {thing_name} together."',
    "At last {hero_they} met {friend_name}, who had seen a {beast_name} that carried something.",
    '"I saw it {spot_at}," said {friend_name}.',
    "{friend_name} sat down with {hero_them}, shared some {meal_name}, and told {hero_them} where to look.",
    '"Think of where you were this morning," said {friend_name}.',
)
FINDING = (
    "And there it was: the {thing_name} lay {spot_at}.",
    "{hero_name} found the {thing_name} {spot_at}, a little wet but not broken.",
    "{hero_name} went back and saw the {thing_name} {spot_at}.",
    "The next day {hero_they} looked {spot_at}, and {hero_name} laughed, because the {thing_name} was there.",
    "A {beast_name} was sitting {spot_at}, and in front of it lay the {thing_name}.",
)
WANTING = (
    "{hero_name} wanted to make a {thing_name}, but {hero_they} did not know how.",
    "There was one thing that {hero_name} wished for: a {thing_name}.",
    "{time_when} a traveller showed {hero_them} a {thing_name}, and {hero_name} wanted one too.",
    "Nobody {place_in} the {place_name} had ever owned a {thing_name}, and {hero_name} thought about it every day.",
)
TRYING = (
    "The first time {hero_they} tried, it broke into {count_n} pieces.",
    "{hero_they} worked for {count_n} days, and it still looked wrong.",
    "People laughed at {hero_them}, but {hero_name} went on.",
    "{hero_they} made mistakes, wrote them down, and began again.",
    "Because {sky_was}, {hero_they} had to stop and wait.",
)
LEARNING = (
    '"You work too fast," said {friend_name}. "Measure first, then cut."',
    "{friend_name} showed {hero_them} how to hold the tools.",
    'When {friend_name} saw it, {friend_they} said: "That is good, but the next one will be better."',
    "{hero_name} asked {friend_name} for advice and listened well.",
)
DONE = (
    "After {count_n} weeks the {thing_name} was ready.",
    "{time_when} {hero_they} put the finished {thing_name} on the table.",
    "This time it worked, and {hero_name} held a new {thing_name} in {hero_their} hands.",
    "In the end the {thing_name} was so fine that people came to look at it.",
)
JOURNEY = (
    "{time_when} {hero_name} left home with a {thing_name} in {hero_their} bag.",
    "{hero_name} had to bring a {thing_name} to {friend_name}, who lived far away.",
    "A letter came: {friend_name} needed a {thing_name}, and {hero_name} set out at once.",
)
ROAD = (
    "The road was long, and {sky_was}.",
    "{hero_they} walked for {count_n} days and slept {other_at}.",
    "On the way {hero_they} met a {beast_name} that followed {hero_them} for {count_n} miles.",
    "{hero_they} ate {meal_name} {spot_at} and looked at the map.",
    "At the river there was no bridge, so {hero_they} waited for the boat.",
)
ARRIVING = (
    "At last {hero_name} saw the house of {friend_name} and knocked at the door.",
    '"You have come a long way," said {friend_name} when {friend_they} saw the {thing_name}.',
    "{friend_name} opened the door and was glad to see {hero_them}.",
    "{friend_name} took the {thing_name} and put it carefully on the shelf.",
)
ENDING = (
    "They ate {meal_name} together and were happy.",
    "From that day on {hero_name} and {friend_name} were friends.",
    "{hero_name} said thank you and went home.",
    "{hero_name} never forgot that evening.",
    "And when {sky_was} again, {hero_name} thought of {friend_name} and smiled.",
    "That is how {hero_name} learned to ask for help.",
)
ALONE = (
    "{hero_they} ate {meal_name} and was happy.",
    "{hero_name} never forgot that evening.",
    "Since then {hero_they} has always looked twice before leaving.",
    "That night {hero_name} slept well.",
    "And whenever {sky_was}, {hero_name} put a hand on the {thing_name} and smiled.",
)

PLOTS = (
    (OPENING, OWNING, WEATHER, LOSING, SEARCHING, HELPING, FINDING, ENDING),
    (OPENING, OWNING, LOSING, SEARCHING, WEATHER, FINDING, ALONE),
    (OPENING, WANTING, TRYING, LEARNING, DONE, ENDING),
    (OPENING, WANTING, WEATHER, TRYING, TRYING, LEARNING, DONE, ENDING),
    (OPENING, JOURNEY, ROAD, ROAD, ARRIVING, ENDING),
    (OPENING, JOURNEY, ROAD, WEATHER, ROAD, ARRIVING, ENDING),
)

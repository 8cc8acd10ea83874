"""The catalogue: what can be drawn beside the first few things, one line for each with its words in two languages."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["THINGS", "Thing"]


class Thing(NamedTuple):
    """What the painter must know of a thing; the function of the same name in a file of `themes` paints it."""

    name: str
    words: str
    layer: str
    """Where between back and front it is painted: a row of `__init__._ORDER`."""
    stands: bool = False
    """Whether it stands on the ground, in a column of its own."""
    brings: str = ""
    """What comes with it: the sea, a person, ..."""
    land: bool = False
    """Whether it fills the land, so that no hills are needed."""
    colored: bool = False
    """Whether a colour before one of its words is the thing's."""
    time: str = ""
    season: str = ""
    """What it suggests where the words say nothing."""


THINGS: tuple[Thing, ...] = (
    # animals
    Thing("dog", "dog, puppy, doggy, corgi, shiba, 狗, 小狗, 狗狗, 柴犬", "near", stands=True, colored=True),
    Thing("fox", "fox, foxes, 狐狸, 小狐狸", "near", stands=True),
    Thing("rabbit", "rabbit, bunny, bunnies, hare, 兔子, 兔, 小兔子", "near", stands=True, colored=True),
    Thing("panda", "panda, giant panda, 熊猫, 大熊猫", "near", stands=True),
    Thing("bear", "bear, brown bear, grizzly, 熊, 棕熊", "near", stands=True),
    Thing("elephant", "elephant, 大象, 小象", "near", stands=True),
    Thing("lion", "lion, lioness, 狮子, 雄狮", "near", stands=True),
    Thing("deer", "deer, stag, reindeer, fawn, 鹿, 小鹿, 梅花鹿, 驯鹿", "near", stands=True),
    Thing("sheep", "sheep, lamb, 羊, 绵羊, 小羊", "near", stands=True),
    Thing("owl", "owl, 猫头鹰", "near", stands=True, time="night"),
    Thing("penguin", "penguin, 企鹅", "near", stands=True, season="winter"),
    Thing("turtle", "turtle, tortoise, 乌龟, 海龟, 龟", "near", stands=True),
    Thing("unicorn", "unicorn, 独角兽", "near", stands=True),
    # buildings
    Thing("street", "street, alley, town street, shopping street, 街道, 街, 街头, 小巷, 巷子", "ground", land=True),
    Thing("pagoda", "pagoda, temple, 宝塔, 寺庙, 塔, 庙, 佛塔", "middle", stands=True),
    Thing("windmill", "windmill, 风车", "middle", stands=True),
    Thing("ferris_wheel", "ferris wheel, amusement park, 摩天轮, 游乐园", "middle", stands=True),
    Thing("tent", "tent, camping, camp, 帐篷, 露营, 营地", "near", stands=True),
    # travel
    Thing("airplane", "airplane, aeroplane, plane, aircraft, 飞机", "sky"),
    Thing("bridge", "bridge, 桥, 大桥, 拱桥, 小桥", "water", brings="sea"),
    Thing("ship", "sailing ship, tall ship, galleon, pirate ship, 大帆船, 海盗船, 古船", "afloat", brings="sea"),
    Thing("train", "train, locomotive, railway, railroad, 火车, 列车, 铁路, 蒸汽火车", "road", stands=True),
    Thing("bicycle", "bicycle, bike, cyclist, 自行车, 单车, 骑车", "road", stands=True),
    Thing("car", "car, automobile, taxi, 汽车, 轿车, 小汽车", "road", stands=True, colored=True),
)
"""From back to front within each layer."""

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
    who: str = ""
    """What it suggests where the words say nothing: a time, a season, a girl or a boy who wears it."""


# fmt: off
THINGS: tuple[Thing, ...] = (
    # animals
    Thing("dog", "dog, puppy, doggy, 狗, 小狗, 狗狗", "near", stands=True, colored=True),
    Thing("fox", "fox, foxes, 狐狸, 小狐狸", "near", stands=True),
    Thing("rabbit", "rabbit, bunny, bunnies, hare, 兔子, 兔, 小兔子", "near", stands=True, colored=True),
    Thing("panda", "panda, giant panda, 熊猫, 大熊猫", "near", stands=True),
    Thing("bear", "bear, brown bear, grizzly, 熊, 棕熊, 狗熊", "near", stands=True),
    Thing("elephant", "elephant, 大象, 小象", "near", stands=True),
    Thing("lion", "lion, 狮子, 雄狮", "near", stands=True),
    Thing("deer", "deer, stag, reindeer, 鹿, 小鹿, 梅花鹿, 驯鹿", "near", stands=True),
    Thing("sheep", "sheep, lamb, goat, 羊, 绵羊, 小羊, 山羊", "near", stands=True),
    Thing("owl", "owl, 猫头鹰", "near", stands=True, time="night"),
    Thing("penguin", "penguin, 企鹅", "near", stands=True, season="winter"),
    Thing("turtle", "turtle, tortoise, 乌龟, 海龟, 龟", "near", stands=True),
    Thing("unicorn", "unicorn, 独角兽", "near", stands=True),
    # the sky
    Thing("galaxy", "galaxy, milky way, nebula, 银河, 星河, 星云, 星系", "heaven", time="night"),
    Thing("planet", "planet, saturn, outer space, 行星, 土星, 星球, 太空", "heaven", time="night"),
    Thing("meteor", "shooting star, meteor, comet, meteor shower, 流星, 流星雨, 彗星", "heaven", time="night"),
    Thing("lightning", "lightning, thunder, thunderstorm, storm, 闪电, 雷电, 雷雨, 暴风雨, 打雷", "storm",
          brings="rain"),
    Thing("ufo", "ufo, flying saucer, alien, 飞碟, 外星人", "sky", time="night"),
    # the land
    Thing("volcano", "volcano, eruption, lava, 火山, 岩浆, 火山爆发", "mountains", land=True),
    Thing("desert", "desert, dune, dunes, sahara, 沙漠, 沙丘", "ground", land=True),
    Thing("waterfall", "waterfall, cascade, 瀑布", "far"),
    Thing("island", "island, palm, palm tree, 岛, 小岛, 海岛, 棕榈树, 椰子树, 椰树", "water", brings="sea"),
    Thing("cactus", "cactus, cacti, 仙人掌", "near", stands=True, brings="desert"),
    # the seasons
    Thing("lotus", "lotus, water lily, 荷花, 莲花, 睡莲, 荷叶", "afloat", brings="sea", season="summer"),
    Thing("christmas_tree", "christmas tree, xmas tree, christmas, 圣诞树, 圣诞节, 圣诞", "middle", stands=True,
          season="winter"),
    Thing("mushroom", "mushroom, toadstool, 蘑菇", "near", stands=True),
    Thing("snowman", "snowman, snowmen, 雪人", "near", stands=True, season="winter"),
    Thing("pumpkin", "pumpkin, jack o lantern, halloween, 南瓜, 南瓜灯, 万圣节", "near", stands=True,
          season="autumn"),
    Thing("ghost", "ghost, 幽灵, 鬼魂", "near", stands=True, time="night"),
    # on the table
    Thing("cake", "cake, birthday cake, 蛋糕, 生日蛋糕", "near", stands=True),
    Thing("cup", "cup, coffee, tea, teacup, cup of tea, cup of coffee, 杯子, 咖啡, 茶, 一杯茶, 茶杯", "near",
          stands=True),
    Thing("book", "book, open book, magic book, 书, 书本, 一本书, 魔法书", "near", stands=True),
    Thing("guitar", "guitar, 吉他", "near", stands=True),
    Thing("piano", "piano, grand piano, 钢琴", "near", stands=True),
    # buildings
    Thing("street", "street, alley, town street, shopping street, 街道, 街, 街头, 小巷, 巷子", "ground", land=True),
    Thing("pagoda", "pagoda, temple, 宝塔, 寺庙, 塔, 庙, 佛塔", "middle", stands=True),
    Thing("windmill", "windmill, 风车", "middle", stands=True),
    Thing("ferris_wheel", "ferris wheel, amusement park, 摩天轮, 游乐园", "middle", stands=True),
    Thing("tent", "tent, camping, camp, 帐篷, 露营, 营地", "near", stands=True),
    # in the water
    Thing("fish", "fish, koi, goldfish, 鱼, 金鱼, 锦鲤, 鲤鱼", "water", brings="sea"),
    Thing("whale", "whale, 鲸鱼, 鲸, 蓝鲸", "afloat", brings="sea"),
    Thing("dolphin", "dolphin, 海豚", "afloat", brings="sea"),
    Thing("swan", "swan, 天鹅", "afloat", brings="sea"),
    # travel
    Thing("airplane", "airplane, aeroplane, plane, aircraft, 飞机", "sky"),
    Thing("bridge", "bridge, 桥, 大桥, 拱桥, 小桥", "water", brings="sea"),
    Thing("ship", "sailing ship, tall ship, galleon, pirate ship, 大帆船, 海盗船, 古船", "afloat", brings="sea"),
    Thing("train", "train, steam train, locomotive, railway, railroad, 火车, 列车, 铁路, 蒸汽火车", "road",
          stands=True),
    Thing("bicycle", "bicycle, bike, cyclist, 自行车, 单车, 骑车", "road", stands=True),
    Thing("car", "car, automobile, 汽车, 轿车, 小汽车", "road", stands=True, colored=True),
    # what a person wears or carries
    Thing("wings", "wings, angel wings, angel, fairy, 翅膀, 天使, 仙女, 羽翼", "behind", brings="figure", who="girl"),
    Thing("twintails", "twintails, twin tails, pigtails, 双马尾", "behind", brings="figure", who="girl"),
    Thing("knight", "knight, armor, armour, 骑士, 盔甲, 铠甲", "worn", brings="figure", who="boy"),
    Thing("samurai", "samurai, 武士", "worn", brings="figure", who="boy"),
    Thing("ninja", "ninja, 忍者", "worn", brings="figure", who="boy"),
    Thing("scarf", "scarf, scarves, muffler, 围巾", "worn", brings="figure"),
    Thing("sunglasses", "sunglasses, 墨镜, 太阳镜", "worn", brings="figure"),
    Thing("headphones", "headphone, headphones, headset, earphones, 耳机", "worn", brings="figure"),
    Thing("cat_ears", "cat ears, cat girl, catgirl, nekomimi, animal ears, 猫耳, 猫娘, 兽耳", "worn", brings="figure",
          who="girl"),
    Thing("flower_crown", "flower crown, wreath, floral wreath, 花环, 花冠", "worn", brings="figure", who="girl"),
    Thing("princess", "princess, 公主", "worn", brings="figure", who="girl"),
    Thing("wizard", "wizard, mage, magician, sorcerer, 巫师, 魔法师, 法师", "worn", brings="figure", who="boy"),
    Thing("witch", "witch, 女巫, 魔女, 巫婆", "worn", brings="figure", who="girl"),
    Thing("sword", "sword, katana, blade, 剑, 宝剑, 刀", "worn", brings="figure"),
)
# fmt: on
"""From back to front within each layer."""

"""The words the painter knows, in English and Chinese, and how a prompt is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from .catalog import THINGS

__all__ = ["LEXICON", "Reading", "read"]

_COLORS: dict[str, tuple[str, ...]] = {
    "white": ("white", "silver", "白", "银"),
    "black": ("black", "黑"),
    "red": ("red", "红"),
    "blue": ("blue", "蓝"),
    "green": ("green", "绿"),
    "pink": ("pink", "粉", "粉红"),
    "purple": ("purple", "violet", "紫"),
    "yellow": ("yellow", "golden", "gold", "黄", "金"),
    "brown": ("brown", "棕", "褐"),
    "orange": ("orange", "橙"),
}
_COLORED: dict[str, tuple[str, ...]] = {
    "hair": ("hair", "头发", "发"),
    "eyes": ("eyes", "eye", "眼睛", "眼", "瞳"),
    "dress": ("dress", "shirt", "skirt", "连衣裙", "裙子", "裙", "衣服"),
    "flower": ("flower", "flowers", "blossoms", "花朵", "花"),
    "rose": ("rose", "roses", "玫瑰"),
    "cat": ("cat", "kitten", "猫"),
    "balloon": ("balloon", "balloons", "气球"),
    "dragon": ("dragon", "巨龙", "飞龙"),
    "horse": ("horse", "pony", "马"),
    "robot": ("robot", "机器人"),
    **{thing.name: tuple(thing.words.split(", ")) for thing in THINGS if thing.colored},
}
_PLAIN: dict[str, str] = {
    # time and season
    "time:day": "day, daytime, daylight, noon, morning, blue sky, 白天, 上午, 蓝天",
    "time:night": "night, nighttime, midnight, night sky, 夜晚, 夜, 夜空, 晚上",
    "time:sunset": "sunset, dusk, evening, twilight, golden hour, 日落, 黄昏, 傍晚, 夕阳, 晚霞",
    "time:dawn": "dawn, sunrise, daybreak, 黎明, 日出, 清晨, 拂晓",
    "season:spring": "spring, spring season, springtime, 春天, 春季, 春",
    "season:summer": "summer, summer season, summertime, 夏天, 夏季, 夏",
    "season:autumn": "autumn, fall, autumn season, fall season, 秋天, 秋季, 秋",
    "season:winter": "winter, winter season, wintertime, 冬天, 冬季, 冬",
    # sky and weather
    "sun": "sun, sunny, sunshine, 太阳, 阳光",
    "moon": "moon, moonlight, full moon, moonlit, 月亮, 月光, 满月, 明月, 月",
    "crescent": "crescent, crescent moon, 月牙, 弯月, 新月",
    "stars": "star, stars, starry, starry sky, starry night, 星星, 星空, 星",
    "clouds": "cloud, clouds, cloudy, 云, 云朵, 白云",
    "rainbow": "rainbow, 彩虹",
    "aurora": "aurora, northern lights, 极光",
    "rain": "rain, raining, rainy, 雨, 下雨",
    "snow": "snow, snowing, snowy, snowfall, snowflake, 雪, 下雪, 雪花",
    "fog": "fog, foggy, mist, misty, haze, 雾, 雾气",
    "fireworks": "firework, fireworks, 烟花, 烟火, 焰火",
    # land
    "sea": "sea, ocean, water, lake, river, seaside, waves, 海, 大海, 湖, 海洋, 水, 河",
    "beach": "beach, shore, sand, 沙滩, 海滩, 海边",
    "mountain": "mountain, mountains, mount fuji, fuji, 山, 高山, 富士山, 雪山",
    "hills": "hill, hills, countryside, outdoors, outdoor, landscape, 丘陵, 山丘, 户外, 室外, 乡村, 风景",
    "meadow": "meadow, grass, field, lawn, park, garden, 草地, 草原, 田野, 公园, 花园",
    "forest": "forest, woods, 森林, 树林",
    "city": "city, cityscape, skyline, town, buildings, skyscraper, 城市, 都市, 高楼",
    # plants
    "cherry": "cherry blossom, cherry tree, sakura, hanami, 樱花, 樱花树, 赏花, 樱",
    "plum": "plum blossom, plum tree, 梅花, 梅",
    "wisteria": "wisteria, 紫藤, 紫藤花",
    "tree": "tree, trees, oak, 树, 大树, 树木",
    "pine": "pine, pine tree, fir, 松树, 松",
    "bamboo": "bamboo, 竹子, 竹林, 竹",
    "flowers": "flower, blossom, bloom, tulip, daisy, rose, 玫瑰, 花, 花朵, 鲜花, 花海",
    "sunflower": "sunflower, 向日葵",
    "petals": "petal, petals, falling petals, flower petals, 花瓣, 落花, 落英",
    "leaves": "leaf, leaves, falling leaves, maple, maple leaves, 落叶, 叶子, 枫叶, 红叶, 树叶",
    # things
    "boat": "boat, ship, sailboat, sail, yacht, 船, 小船, 帆船, 舟",
    "house": "house, hut, cottage, cabin, home, 房子, 小屋, 屋, 房屋, 家",
    "lantern": "lantern, paper lantern, lamp, 灯笼, 灯",
    "torii": "torii, shrine, 鸟居, 神社",
    "lighthouse": "lighthouse, 灯塔",
    "balloon": "hot air balloon, balloon, 热气球, 气球",
    # creatures
    "cat": "cat, kitten, kitty, 猫, 小猫, 猫咪",
    "birds": "bird, birds, seagull, swallow, crane, 鸟, 小鸟, 飞鸟, 海鸥, 燕子",
    "butterflies": "butterfly, butterflies, 蝴蝶",
    "fireflies": "firefly, fireflies, 萤火虫",
    # tales; 龙 alone would make a dragon of a dinosaur, 恐龙
    "castle": "castle, fortress, palace, 城堡, 宫殿",
    "rocket": "rocket, spaceship, spacecraft, rocket ship, 火箭, 飞船, 宇宙飞船",
    "astronaut": "astronaut, cosmonaut, spaceman, 宇航员, 航天员, 太空人",
    "dragon": "dragon, wyvern, 巨龙, 飞龙, 神龙, 火龙, 一条龙, 中国龙",
    "horse": "horse, pony, stallion, 马, 小马, 骏马",
    "robot": "robot, android, mecha, 机器人, 机甲",
    "fire": "fire, campfire, bonfire, flame, flames, 篝火, 营火, 火堆, 火焰",
    # figures
    "girl": "1girl, girl, woman, lady, she, 女孩, 少女, 女生, 姑娘, 女子, 女人, 一个女孩",
    "boy": "1boy, boy, man, he, prince, 男孩, 少年, 男生, 男子, 男人",
    "figure": "solo, person, portrait, 单人, 独自, 人物, 人",
    "hair:long": "long hair, very long hair, 长发, 长头发",
    "hair:short": "short hair, bob cut, 短发, 短头发",
    "hair:yellow": "blonde, blonde hair, blond hair, blond",
    "hair:white": "gray hair, grey hair",
    "kimono": "kimono, yukata, hanfu, 和服, 浴衣, 汉服",
    "hat": "hat, straw hat, 帽子, 草帽, 帽",
    "umbrella": "umbrella, parasol, 伞, 雨伞, 阳伞",
    "beard": "beard, bearded, moustache, mustache, 胡子, 胡须",
    "old": "old man, elderly man, grandfather, grandpa, 老人, 老爷爷, 爷爷, 老头",
    "glasses": "glasses, eyeglasses, spectacles, 眼镜",
    "crown": "crown, tiara, king, queen, 王冠, 皇冠, 国王, 女王",
    "smile": "smile, smiling, happy, laughing, 微笑, 笑容, 开心, 笑",
    **{thing.name: thing.words for thing in THINGS},
}
_PRAISE = (
    "masterpiece, best quality, high quality, good quality, quality, highres, absurdres, high resolution, "
    "ultra detailed, highly detailed, extremely detailed, detailed, intricate, 8k, 4k, uhd, hdr, best, beautiful, "
    "cinematic, professional, 杰作, 最佳质量, 高质量, 最高质量, 高清, 精细, 精致, 美丽, 漂亮"
)
_BLAME = (
    "worst quality, low quality, normal quality, lowres, bad quality, bad anatomy, bad hands, bad art, blurry, ugly, "
    "低质量, 最差质量, 模糊, 丑, 丑陋"
)
_MEDIUM = (
    "photo, photorealistic, realistic, raw photo, anime, illustration, artwork, pixel art, painting, watermark, "
    "signature, text, nsfw"
)
_STOP = {
    "a", "an", "the", "and", "or", "of", "on", "in", "at", "to", "with", "by", "for", "from", "over", "under",
    "above", "below", "near", "beside", "behind", "before", "into", "through", "is", "are", "be", "it", "its",
    "her", "his", "their", "there", "this", "that", "while", "as", "very", "some", "many", "one", "two",
    "three", "few", "lot", "lots", "season", "against", "has", "have", "having", "wearing", "wears", "sits",
    "sitting", "stands", "standing", "looks", "looking", "walks", "walking", "flies", "flying", "falling",
    "full", "holding", "between", "along", "across", "up", "down", "around", "who", "which",
}  # fmt: skip
_STOP_CHINESE = set(
    "的在和与一二三两个只朵片条座棵位名上下里中内外有着了是很许多前后旁边、跟及之色飘落飞开满着把被这那"
)
_ENGLISH_COLORS = "|".join(name for names in _COLORS.values() for name in names if name.isascii())
_CHINESE_COLORS = "|".join(name for names in _COLORS.values() for name in names if not name.isascii())
_CHINESE = r"\u3400-\u9fff"


@dataclass(frozen=True)
class Reading:
    """What a prompt says, as far as the painter understands it.

    Parameters
    ----------
    tags : frozenset of str
        What must be there, such as ``"moon"``, ``"time:night"`` or ``"hair:white"``.
    words : tuple of str
        The words that were understood, in the prompt's order.
    praise, blame : tuple of str
        Words about quality, such as "masterpiece" and "worst quality".
    without_effect : tuple of str
        Words about the medium: known, but the checkpoint decides that here.
    unknown : tuple of str
        Words it does not know.
    """

    tags: frozenset[str]
    words: tuple[str, ...] = ()
    praise: tuple[str, ...] = ()
    blame: tuple[str, ...] = ()
    without_effect: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def _phrases() -> dict[str, str]:
    out: dict[str, str] = {}
    for kind, nouns in _COLORED.items():
        for color, names in _COLORS.items():
            for name in names:
                for noun in nouns:
                    if name.isascii() and noun.isascii():
                        out[f"{name} {noun}"] = f"{kind}:{color}"
                    elif not name.isascii() and not noun.isascii():
                        for link in ("", "色", "色的", "的"):
                            out[f"{name}{link}{noun}"] = f"{kind}:{color}"
    for tag, listed in _PLAIN.items():
        out.update(dict.fromkeys(listed.split(", "), tag))
    return out


LEXICON: dict[str, str] = _phrases()
"""Every word or phrase the painter knows, and the tag it stands for."""

_ABOUT = {"+praise": _PRAISE, "+blame": _BLAME, "+medium": _MEDIUM}
_KNOWN = {**LEXICON, **{phrase: about for about, listed in _ABOUT.items() for phrase in listed.split(", ")}}
_LONGEST = max(len(phrase.split()) for phrase in _KNOWN)
_LONGEST_CHINESE = max(len(phrase) for phrase in _KNOWN if not phrase.isascii())


def read(prompt: str) -> Reading:
    """Read a prompt: tags with commas, or plain sentences, English or Chinese, with or without weights.

    Parameters
    ----------
    prompt : str
        Such as ``"1girl, (white hair:1.2), a boat on the sea"`` or ``"月下的小船"``.

    Returns
    -------
    Reading
        What was understood, and what was not.
    """
    text = unicodedata.normalize("NFKC", prompt).lower()
    text = re.sub(r"<[^>]*>", " ", text)
    text = re.sub(r":\s*[\d.]+", " ", text)
    text = re.sub(r"[()\[\]{}\\]", " ", text)
    # "long white hair" says two things.
    text = re.sub(rf"\b(long|short),?\s+({_ENGLISH_COLORS})\s+hair\b", r"\1 hair, \2 hair", text)
    text = re.sub(rf"({_CHINESE_COLORS})(色|色的|的)?([长短])(头发|发)", r"\1发,\3发", text)
    found: dict[str, list[str]] = {"words": [], **{about: [] for about in _ABOUT}}
    unknown: list[str] = []

    def known(phrase: str) -> None:
        about = _KNOWN[phrase]
        found[about if about in _ABOUT else "words"].append(phrase)

    for part in re.split(r"[,;.!?|\n、。;!?]+(?!\d)", text):
        for run in re.findall(rf"[{_CHINESE}]+|[^{_CHINESE}]+", part):
            if re.match(rf"[{_CHINESE}]", run):
                _read_chinese(run, known, unknown)
            else:
                _read_english(run, known, unknown)
    tags = frozenset(LEXICON[word] for word in found["words"])
    return Reading(tags, *(tuple(dict.fromkeys(listed)) for listed in (*found.values(), unknown)))


def _read_english(run: str, known: Callable[[str], None], unknown: list[str]) -> None:
    raw = re.findall(r"[^\s\"'“”]+", run)
    # Names such as cherry_blossoms are phrases; names such as ng_deepnegative_v1 stay whole in the report.
    tokens = [(word, piece) for word in raw for piece in re.split(r"[_/]+", word) if piece]
    at = 0
    strange: list[str] = []
    while at < len(tokens):
        for count in range(min(_LONGEST, len(tokens) - at), 0, -1):
            phrase = " ".join(piece for _, piece in tokens[at : at + count])
            match = next((p for p in (phrase, phrase.replace("-", " "), _singular(phrase)) if p in _KNOWN), None)
            if match is not None:
                known(match)
                at += count
                break
        else:
            word, piece = tokens[at]
            if piece not in _STOP and any(map(str.isalnum, piece)) and word not in strange:
                strange.append(word)
            at += 1
    unknown.extend(strange)


def _singular(phrase: str) -> str:
    return phrase[:-2] if phrase.endswith("ches") else phrase.removesuffix("s")


def _read_chinese(run: str, known: Callable[[str], None], unknown: list[str]) -> None:
    at = 0
    strange = ""
    while at < len(run):
        for count in range(min(_LONGEST_CHINESE, len(run) - at), 0, -1):
            if run[at : at + count] in _KNOWN:
                known(run[at : at + count])
                break
        else:
            count = 1
            if run[at] not in _STOP_CHINESE:
                strange += run[at]
                at += 1
                continue
        if strange:
            unknown.append(strange)
            strange = ""
        at += count
    if strange:
        unknown.append(strange)

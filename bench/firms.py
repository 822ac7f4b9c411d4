"""A list of invented firms, as long and as mixed as a large province's register of contractors and suppliers.

Drawn from a seed: a region at a level firms are registered at, a brand of common brand characters, one to four words of
trade, a legal form. The shares below are rough ones of such registers; no firm is taken from any. What they settle is
how long the parts of names are and how often something repeats in them, which is what a joined pair shows.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from matcher.protocol.names import data

SEED = 20_000
_BRAND_CHARACTERS = (
    "鑫华盛宏恒泰瑞兴达鸿安天建中新大金德信诚永昌源宇祥和美佳艺龙东明海福利丰隆润通博国众成远嘉锦广正元创力聚"
    "旭亿万凯顺晟辉腾飞飞川江山林云星晨阳光春秋青绿蓝红友联合同共优尚品居家园城乡南北西江河湖石玉宝珠凤麟"
)
_LENGTHS = {2: 74, 3: 12, 4: 13, 5: 1}
_REGIONS = {2: 46, 4: 38, 6: 13, 0: 3}
_TRADES = {
    "建筑工程": 16, "建设工程": 13, "建设": 6, "建筑": 4, "建筑劳务": 9, "劳务": 5, "装饰工程": 11, "装饰": 3,
    "建筑装饰工程": 5, "装饰设计工程": 3, "园林绿化工程": 4, "园林": 1, "市政工程": 3, "市政建设工程": 1, "路桥工程": 2,
    "水利水电工程": 2, "电力工程": 2, "机电设备安装工程": 2, "消防工程": 2, "钢结构工程": 2, "防水工程": 1, "幕墙": 1,
    "建筑安装工程": 3, "工程管理": 1, "工程咨询": 2, "工程监理": 1, "勘察设计": 1, "智能科技": 2, "信息技术": 1,
    "环保科技": 2, "新能源科技": 1, "商贸": 4, "建材": 3, "机械设备租赁": 2, "混凝土": 1, "房地产开发": 3,
    "物业服务": 1, "交通建设工程": 1, "地基基础工程": 1, "土石方工程": 1, "建设发展": 1, "实业": 1,
}  # fmt: skip
_FORMS = {"有限公司": 84, "有限责任公司": 8, "集团有限公司": 3, "股份有限公司": 2, "公司": 2, "集团股份有限公司": 1}
_ORDINALS = ("第一", "第二", "第三", "第四", "第五", "第八")
_ORDINAL_SHARE = 0.012
Drawn = TypeVar("Drawn", str, int)


def firms(count: int = 20_000, seed: int = SEED) -> list[str]:
    """``count`` different invented names, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - made-up data
    regions: dict[int, list[str]] = {2: [], 4: [], 6: [], 0: [""]}
    for code, name, _ in data.rows("regions.tsv"):
        regions[len(code)].append(name)
    found: dict[str, None] = {}
    while len(found) < count:
        found[_firm(chance, regions)] = None
    return list(found)


def _drawn(chance: random.Random, weights: Mapping[Drawn, int]) -> Drawn:
    return chance.choices(list(weights), list(weights.values()))[0]


def _firm(chance: random.Random, regions: Mapping[int, Sequence[str]]) -> str:
    region = chance.choice(regions[_drawn(chance, _REGIONS)])
    if chance.random() < _ORDINAL_SHARE:
        return f"{region}{chance.choice(_ORDINALS)}{_drawn(chance, _TRADES)}{_drawn(chance, _FORMS)}"
    brand = "".join(chance.choices(_BRAND_CHARACTERS, k=_drawn(chance, _LENGTHS)))
    return f"{region}{brand}{_drawn(chance, _TRADES)}{_drawn(chance, _FORMS)}"

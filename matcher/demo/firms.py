"""Invented firms for the demonstration: a region that exists, a brand that does not, a trade and a legal form.

Two brands of one data set differ in both characters wherever the difference must be plain, so that no firm looks like
another except where ``problems.py`` plants it. Unified social credit codes carry both check characters of GB 32100-2015
and GB 11714. The few lines of arithmetic stand here a second time on purpose: the demonstration only drives commands
and must not share the code it puts to the test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

# Division codes of GB/T 2260.
REGIONS = (
    ("北京市", "110000"), ("天津市", "120000"), ("河北省", "130000"), ("石家庄市", "130100"), ("唐山市", "130200"),
    ("保定市", "130600"), ("廊坊市", "131000"), ("山西省", "140000"), ("太原市", "140100"), ("辽宁省", "210000"),
    ("沈阳市", "210100"), ("江苏省", "320000"), ("南京市", "320100"), ("南通市", "320600"), ("浙江省", "330000"),
    ("杭州市", "330100"), ("绍兴市", "330600"), ("安徽省", "340000"), ("合肥市", "340100"), ("江西省", "360000"),
    ("山东省", "370000"), ("济南市", "370100"), ("青岛市", "370200"), ("河南省", "410000"), ("郑州市", "410100"),
    ("湖北省", "420000"), ("武汉市", "420100"), ("湖南省", "430000"), ("长沙市", "430100"), ("四川省", "510000"),
    ("成都市", "510100"), ("陕西省", "610000"), ("西安市", "610100"),
)  # fmt: skip
_BRAND_FIRST = "岫翎砚昀峤澍琅蘅屹栩珩煜曜骁羿烨铄锟璟瑾瓒璋骞鲲鸾霁霄霏崧嵘淏漪樾榛槿皓晗旻昕懿弈祺祎禧筱笙"
_BRAND_SECOND = "桓衡铎舟轩辰宸祚彧骐麟凰鹭隼川洲澜涛滨浦泽湛沐柏楠桐梓榕岩磊砺钧锐铠锦焕炜炎煊翰翔翊聿弘毅恺"
# Characters of _BRAND_SECOND that sound alike: a slip of the keyboard, or another firm?
HOMOPHONES = (("辰", "宸"), ("岩", "炎"), ("铠", "恺"))
BUILDING_TRADES = (
    "建筑工程",
    "建设工程",
    "建设集团",
    "市政工程",
    "建筑装饰工程",
    "园林绿化工程",
    "机电安装工程",
    "路桥工程",
)
OTHER_TRADES = ("商贸", "物流", "餐饮管理", "科技", "文化传媒", "物业管理", "食品", "医疗器械", "农业开发", "广告")
_ORDINALS = ("第一", "第二", "第三", "第四", "第五", "第六")


@dataclass(frozen=True, slots=True)
class Firm:
    """One invented legal entity. ``ordinal`` is empty or 第一 .. 第六; ``bracketed``: the region follows the brand."""

    region: str
    brand: str
    ordinal: str
    trade: str
    form: str
    bracketed: bool
    code: str

    @property
    def short_region(self) -> str:
        """The region as people say it: 江苏, not 江苏省."""
        return self.region[:-1]

    @property
    def name(self) -> str:
        """The registered name."""
        if self.bracketed:
            return f"{self.brand}（{self.short_region}）{self.trade}{self.form}"
        return f"{self.short_region}{self.brand}{self.ordinal}{self.trade}{self.form}"


class Registry:
    """Invents firms, never the same brand and region twice. Deterministic for one ``random``."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._names: set[tuple[str, str]] = set()
        self._codes: set[str] = set()

    def contractor(self) -> Firm:
        """A building firm."""
        random = self._random
        shape = random.random()
        return self._firm(
            ordinal=random.choice(_ORDINALS) if shape < 0.2 else "",
            trade=random.choice(BUILDING_TRADES[:2] if shape < 0.2 else BUILDING_TRADES),
            form="有限责任公司" if random.random() < 0.3 else "有限公司",
            bracketed=shape > 0.85,
        )

    def bystander(self) -> Firm:
        """Any firm with a bank account."""
        random = self._random
        trade = random.choice(BUILDING_TRADES if random.random() < 0.3 else OTHER_TRADES)
        return self._firm(ordinal="", trade=trade, form="有限公司", bracketed=random.random() < 0.05)

    def stranger_to(self, firm: Firm) -> Firm:
        """Another building firm that nobody would take for ``firm``: other region, other brand in both characters."""
        while True:
            other = self.contractor()
            if other.region != firm.region and not set(other.brand) & set(firm.brand):
                return other

    def sibling_of(self, firm: Firm) -> Firm:
        """A look-alike that is another legal entity: 第二 beside 第一."""
        random = self._random
        own = firm.ordinal or "第一"
        other = random.choice([ordinal for ordinal in _ORDINALS if ordinal != own])
        return replace(firm, ordinal=other, bracketed=False, code=self._code(firm.code[2:8]))

    def namesake_of(self, firm: Firm) -> Firm:
        """A firm of the same brand in another province: another legal entity."""
        random = self._random
        while True:
            region, division = random.choice(REGIONS)
            if division[:2] != firm.code[2:4] and (region, firm.brand) not in self._names:
                self._names.add((region, firm.brand))
                return replace(firm, region=region, code=self._code(division))

    def homophones(self, firm: Firm) -> tuple[Firm, Firm]:
        """``firm`` under two brands that sound alike: whether they are one firm, only a person can find out."""
        first, second = self._random.choice(HOMOPHONES)
        brand = firm.brand[0]
        return replace(firm, brand=brand + first), replace(firm, brand=brand + second)

    def _firm(self, *, ordinal: str, trade: str, form: str, bracketed: bool) -> Firm:
        random = self._random
        while True:
            region, division = random.choice(REGIONS)
            brand = random.choice(_BRAND_FIRST) + random.choice(_BRAND_SECOND)
            if (region, brand) not in self._names:
                break
        self._names.add((region, brand))
        return Firm(region, brand, ordinal, trade, form, bracketed, self._code(division))

    def _code(self, division: str) -> str:
        while True:
            body = "MA" + "".join(self._random.choice(_CODE_ALPHABET) for _position in range(6))
            code = credit_code(f"91{division}", body)
            if code not in self._codes:
                self._codes.add(code)
                return code


def credit_code(head: str, organisation: str) -> str:
    """A unified social credit code of its first 8 characters, the 8 of the organisation, and both check characters."""
    values = (int(letter, 36) for letter in organisation)
    check = 11 - sum(weight * value for weight, value in zip(_ORGANISATION_WEIGHTS, values, strict=True)) % 11
    text = head + organisation + {10: "X", 11: "0"}.get(check, str(check))
    total = sum(weight * _CODE_ALPHABET.index(letter) for weight, letter in zip(_CODE_WEIGHTS, text, strict=True))
    return text + _CODE_ALPHABET[-total % 31]

"""What a careful clerk would say of two names, by kind of difference. All names are invented."""

from __future__ import annotations

import hashlib

import pytest

from matcher.protocol import names

KEY = hashlib.sha256(b"a field key for tests").digest()
FIRM = "四川瑞衡建筑工程有限公司"

HARMLESS = [
    (FIRM, "四川瑞衡建筑工程有限公司", "same"),
    (FIRM, "四川省瑞衡建筑工程有限公司", "same"),
    (FIRM, "四川瑞衡建筑工程有限责任公司", "same"),
    (FIRM, "四川瑞衡建筑工程公司", "variant"),
    (FIRM, "四川瑞衡建筑工程", "variant"),
    (FIRM, "瑞衡建筑工程有限公司", "variant"),
    (FIRM, "瑞衡建筑", "variant"),
    ("四川省成都市瑞衡建筑工程有限公司", "成都瑞衡建筑工程有限公司", "same"),
    ("瑞衡信息科技股份有限公司", "瑞衡科技", "variant"),
    ("绵阳瑞衡建筑工程有限公司", "绵阳瑞瑞衡建筑工程有限公司", "variant"),
    (FIRM, "瑞衡（四川）建筑工程有限公司", "same"),
    (FIRM, "瑞衡建筑工程【四川】有限公司", "same"),
    (FIRM, "四川瑞衡建築工程有限公司", "same"),
    (FIRM, "四 川 瑞 衡 建 筑 工 程 有 限 公 司", "same"),
    (FIRM, "四川·瑞衡建筑工程有限公司。", "same"),
    (FIRM, "四川瑞衡建筑工程有\u200b限公司", "same"),
    (FIRM, "四川瑞衡建筑工程有限公司成都分公司", "branch"),
    (FIRM, "四川瑞衡建筑工程有限公司第三项目部", "branch"),
    (FIRM, "四川瑞衡建筑工程有限公司（云溪小区二期项目经理部）", "branch"),
    (FIRM, "四川瑞衡建筑工程有限公司农民工工资专用账户", "same"),
    (FIRM, "四川瑞衡建筑工程有限公司农民工工资专户", "same"),
    (FIRM, "四川瑞衡建筑工程有限公司（农民工工资）", "same"),
    (FIRM, "四川瑞衡建筑工程有限公司-云溪小区二期（A区）安置房工程农民工工资专用帐户", "same"),
    (FIRM, "四川瑞衡建筑工程有限公司云溪小区二期工程项目部民工工资专用账户", "branch"),
    (FIRM, "四川瑞衡建筑工程有限公司云溪小区二期工", "same"),
    (FIRM, "四川瑞衡建筑工程有限公司工资保证金专户", "same"),
    (FIRM, "四川瑞衡健筑工程有限公司", "same"),
    (FIRM, "四川瑞衡筑建工程有限公司", "same"),
    (FIRM, "四川瑞衡建筑工程程有限公司", "same"),
    ("四川瑞衡建筑（集团）有限公司", "四川瑞衡建筑集团有限公司", "same"),
    ("云溪市第一建筑工程公司", "云溪市第1建筑工程公司", "same"),
    ("云溪市第一建筑工程公司", "云溪市第１建筑工程有限公司", "variant"),
    ("绵阳市第三建筑工程公司", "绵阳三建", "variant"),
    ("云溪市第十二建筑工程公司", "云溪市第12建筑工程公司", "same"),
    ("绵阳市瑞衡装饰装潢有限公司", "绵阳瑞衡装饰装璜有限公司", "same"),
    ("中国工商银行股份有限公司绵阳支行", "工行绵阳支行", "variant"),
    ("四川瑞衡建设发展有限公司", "四川瑞衡建发展有限公司", "variant"),
    ("四川瑞衡交通工程有限公司", "四川瑞衡交工程有限公司", "variant"),
    ("四川瑞衡建筑工程服务有限公司", "四川瑞衡建筑工程服有限公司", "same"),
    ("四川瑞衡咨询有限公司", "四川瑞衡咨咨询有限公司", "same"),
    ("四川瑞衡建设工程有限公司", "四川瑞衡建工设程有限公司", "same"),
    ("四川瑞衡建筑工程有限公司", "四川瑞建衡筑工程有限公司", "same"),
    ("四川瑞衡智能科技有限公司", "瑞衡智能", "variant"),
    ("四川瑞衡建筑装饰有限公司", "四川瑞衡装饰建筑有限公司", "variant"),
    ("天门市景观亮化工程有限公司", "天门景观亮化工程有限公司", "variant"),
    ("定襄县市政亮化工程有限公司", "定襄市政亮化工程有限公司", "variant"),
    ("大同市市政亮化有限公司", "大同市政亮化有限公司", "same"),
    ("泽普县九建建筑有限公司", "泽普县第九建筑有限公司", "same"),
    ("海门市瑞衡建筑有限公司", "海门瑞衡建筑有限公司", "same"),
    ("海门区瑞衡建筑有限公司", "海门市瑞衡建筑有限公司", "same"),
    ("四川省创业装饰有限公司", "创业装饰有限公司", "variant"),
    ("大理市瑞衡建筑有限公司", "大理瑞衡建筑有限公司", "same"),
    ("瑞衡精密机械(中国)有限公司", "瑞衡（中国）精密机械有限公司", "same"),
    ("绵阳农商银行", "绵阳农村商业银行股份有限公司", "variant"),
    ("绵阳银行", "绵阳农村商业银行股份有限公司", "variant"),
    ("Ruiheng Construction Co., Ltd.", "RUIHENG CONSTRUCTION CO LTD", "same"),
    ("Ruiheng Construction Limited", "Ruiheng Construction Co., Ltd", "same"),
    ("Ruiheng Bau GmbH", "RUIHENG BAU", "variant"),
    ("Rüiheng Bau GmbH", "Ruiheng Bau GmbH", "same"),
]

REAL = [
    (FIRM, "四川瑞恒建筑工程有限公司", "review"),
    (FIRM, "四川锐衡建筑工程有限公司", "review"),
    (FIRM, "四川瑞通建筑工程有限公司", "different"),
    (FIRM, "四川衡瑞建筑工程有限公司", "different"),
    (FIRM, "四川华岳建筑工程有限公司", "different"),
    (FIRM, "湖南瑞衡建筑工程有限公司", "different"),
    (FIRM, "绵阳市瑞衡装饰工程有限公司", "different"),
    (FIRM, "四川瑞衡建筑劳务有限公司", "different"),
    (FIRM, "四川瑞衡建筑设计有限公司", "different"),
    (FIRM, "四川瑞衡建筑有限公司", "review"),
    (FIRM, "成都瑞衡建筑工程有限公司", "review"),
    (FIRM, "四川省成都市瑞衡建筑工程有限公司", "review"),
    (FIRM, "四川瑞衡建筑劳务", "different"),
    ("四川瑞衡建筑劳务有限公司", "四川瑞衡建筑", "review"),
    ("瑞衡华岳建设有限公司", "瑞衡建设", "review"),
    ("瑞衡华岳建设有限公司", "瑞衡装饰", "different"),
    ("四川瑞衡建设发展有限公司", "四川瑞衡华发展有限公司", "different"),
    ("四川瑞衡建设发展有限公司", "四川瑞衡建管理有限公司", "different"),
    ("中行绵阳支行", "中国农业银行股份有限公司绵阳支行", "review"),
    ("中国农业银行股份有限公司绵阳支行", "中国建设银行股份有限公司绵阳支行", "different"),
    ("大理州瑞衡建筑有限公司", "漾濞县瑞衡建筑有限公司", "review"),
    ("第三建筑工程公司", "绵阳市第三建筑工程公司", "review"),
    ("四川瑞衡锦程华岳建筑工程有限公司", "四川瑞衡锦城华悦建筑工程有限公司", "review"),
    ("四川瑞衡锦程华岳建筑工程有限公司", "四川瑞衡锦通华岳建筑工程有限公司", "review"),
    (FIRM, "湖南瑞衡建筑工程有限公司云溪小区二期项目农民工工资专用账户", "different"),
    (FIRM, "四川华岳建筑工程有限公司（云溪小区二期）农民工工资专用账户", "different"),
    ("云溪市第一建筑工程公司", "云溪市第二建筑工程公司", "different"),
    ("云溪市第一建筑工程公司", "云溪市建筑工程公司", "different"),
    ("四川瑞衡集团有限公司第一工程公司", "四川瑞衡集团有限公司第二工程公司", "different"),
    ("四川瑞衡集团有限公司", "四川瑞衡集团物业管理有限公司", "review"),
    ("绵阳市第三建筑工程公司", "德阳市第三建筑工程公司", "different"),
    ("合肥建筑工程有限公司", "合肥瑞衡建筑工程有限公司", "different"),
    ("四川瑞衡装饰有限公司", "四川瑞瑞衡建筑有限公司", "different"),
    ("四川有限公司", "四川集团有限公司", "review"),
    ("伊宁市瑞衡建筑有限公司", "伊宁县瑞衡建筑有限公司", "different"),
    ("四川八一建设有限公司", "四川五一建设有限公司", "different"),
    ("Ruiheng Construction Ltd", "Rulong Construction Ltd", "different"),
    ("Ruiheng Construction Ltd", "Ruiheng Trading Ltd", "different"),
]


@pytest.mark.parametrize(("left", "right", "verdict"), HARMLESS + REAL)
def test_verdict_on_either_path_and_either_way_round(left: str, right: str, verdict: str) -> None:
    assert names.compare_plain(left, right) == verdict
    assert names.compare_plain(right, left) == verdict
    assert names.compare(names.encode(KEY, left), names.encode(KEY, right)) == verdict


def test_harmless_is_never_different_and_real_never_passes() -> None:
    assert {verdict for _, _, verdict in HARMLESS} == {"same", "variant", "branch"}
    assert {verdict for _, _, verdict in REAL} == {"different", "review"}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("四川瑞衡有限公司", (51, 0, 0)),
        ("成都瑞衡有限公司", (51, 5101, 0)),
        ("四川省成都市瑞衡有限公司", (51, 5101, 0)),
        ("吉林瑞衡有限公司", (22, 0, 0)),
        ("吉林市瑞衡有限公司", (22, 2202, 0)),
        ("北京市朝阳区瑞衡有限公司", (11, 0, 110105)),
        ("朝阳瑞衡有限公司", (21, 2113, 0)),
        ("内蒙古瑞衡有限公司", (15, 0, 0)),
        ("和田县瑞衡有限公司", (65, 6532, 653221)),
        ("德宏州瑞衡有限公司", (53, 5331, 0)),
        ("仙桃市瑞衡有限公司", (42, 0, 429004)),
        ("瑞衡（西安）建设有限公司", (61, 6101, 0)),
        ("东方（四川）建设有限公司", (51, 0, 0)),
        ("永安行科技有限公司", (0, 0, 0)),
        ("东方建设有限公司", (0, 0, 0)),
        ("瑞衡有限公司", (0, 0, 0)),
    ],
)
def test_region(name: str, codes: tuple[int, int, int]) -> None:
    parts = names.split(name)
    assert tuple(part[0] if part else 0 for part in parts[:3]) == codes


def test_counties_of_one_name_share_a_number_but_bring_no_prefecture() -> None:
    alone, full = names.split("鼓楼区瑞衡装饰有限公司"), names.split("南京市鼓楼区瑞衡装饰有限公司")
    assert alone.county == full.county != ()
    assert alone.prefecture == ()
    assert full.prefecture == (3201,)


@pytest.mark.parametrize(
    ("name", "brand"),
    [
        (FIRM, "瑞衡"),
        ("四川瑞衡锦程智能化系统工程有限公司", "瑞衡锦程"),
        ("四川天工工程技术有限公司", "天工"),
        ("绵阳市第三建筑工程公司", ""),
        ("绵阳市创业装饰有限公司", "创业"),
        ("天门市景观亮化有限公司", "天门"),
        ("四川八一建设有限公司", "八一"),
        ("四川东方华岳建设有限公司", "东方华岳"),
        ("瑞衡·华岳(绵阳)建设集团有限公司德阳分公司", "瑞衡华岳"),
        ("Ruiheng & Sons Building Materials Ltd", "ruihengandsons"),
    ],
)
def test_brand(name: str, brand: str) -> None:
    assert "".join(map(chr, names.split(name).brand)) == brand


def test_a_company_named_within_a_project_is_not_taken_for_the_firm() -> None:
    name = "四川瑞衡建筑工程有限公司华岳公司办公楼项目农民工工资专用账户"
    assert names.compare_plain(FIRM, name) == "same"

"""Conventions of company names that a clerk knows, one line each. All firms but the state's bureaus are invented."""

from __future__ import annotations

import pytest

from matcher.protocol import names

FLAGGED = {names.DIFFERENT, names.REVIEW}
ONE_FIRM = [
    # the numbered bureaus of the state's builders, as they are called and as they are registered
    ("中建八局", "中国建筑第八工程局有限公司"),
    ("中交二航局", "中交第二航务工程局有限公司"),
    ("中交一公局", "中交第一公路工程局有限公司"),
    ("水电七局", "中国水利水电第七工程局有限公司"),
    ("中铁1局集团有限公司", "中铁一局集团有限公司"),
    ("中铁十二局", "中铁十二局集团有限公司"),
    ("中铁一局二公司", "中铁一局集团第二工程有限公司"),
    # numerals
    ("云溪市第一百建筑公司", "云溪市第100建筑公司"),
    ("云溪市第一百零五建筑公司", "云溪市第105建筑公司"),
    ("云溪市第廿一建筑公司", "云溪市第二十一建筑公司"),
    ("云溪市第Ⅱ建筑公司", "云溪市第二建筑公司"),
    ("云溪市第XII建筑公司", "云溪市第十二建筑公司"),
    ("云溪市第②建筑公司", "云溪市第二建筑公司"),
    ("四川三建", "四川省第三建筑工程有限公司"),
    # marks of the stock exchange
    ("*ST瑞衡", "四川瑞衡建筑股份有限公司"),
    ("瑞衡A", "四川瑞衡建筑股份有限公司"),
    ("瑞衡-U", "四川瑞衡科技股份有限公司"),
    # regions
    ("内蒙瑞衡建设有限公司", "内蒙古自治区瑞衡建设有限公司"),
    ("广西壮族自治区瑞衡建设有限公司", "广西瑞衡建设有限公司"),
    ("百安建筑有限公司", "百安建筑有限责任公司"),
    # accounts, departments, projects, and forms that end early
    ("四川瑞衡建筑有限公司（代发农民工工资）", "四川瑞衡建筑有限公司"),
    ("四川瑞衡建筑有限公司-云溪花园-农民工工资专用账户", "四川瑞衡建筑有限公司"),
    ("四川瑞衡建筑有限公司云溪高速公路TJ-3标项目经理部", "四川瑞衡建筑有限公司"),
    ("四川瑞衡建筑有限责任公司云溪小区二期工程农民工工资专", "四川瑞衡建筑有限责任公司"),
    ("四川瑞衡建筑有限责任公司云溪小区项目经", "四川瑞衡建筑有限责任公司"),
    ("四川瑞衡建筑有限公司(原四川华岳建筑有限公司)", "四川瑞衡建筑有限公司"),
    # slips of the pen outside the brand
    ("四四川瑞衡建筑有限公司", "四川瑞衡建筑有限公司"),
    ("成都市市瑞衡建筑有限公司", "成都瑞衡建筑有限公司"),
    ("四川瑞衡市政建筑工有限公司", "四川瑞衡市政建筑工程有限公司"),
    ("四川瑞衡装饰工有限公司", "四川瑞衡装饰工程有限公司"),
    ("四川瑞衡劳务遣有限公司", "四川瑞衡劳务派遣有限公司"),
    ("四川瑞衡项管目理有限公司", "四川瑞衡项目管理有限公司"),
    ("四川瑞衡水理处有限公司", "四川瑞衡水处理有限公司"),
    ("四川瑞衡工程造假咨询有限公司", "四川瑞衡工程造价咨询有限公司"),
    # Latin
    ("The Ruiheng Group plc", "Ruiheng Group PLC"),
    ("Ruiheng S.à r.l.", "Ruiheng SARL"),
    ("Ruiheng Construction Co., Ltd. Beijing Branch", "Ruiheng Construction Co Ltd"),
    ("Ruiheng Constr. & Engg. Co., Ltd", "Ruiheng Construction and Engineering Company Limited"),
    ("Ruiheng No. 2 Construction Co., Ltd.", "Ruiheng Second Construction Company Ltd"),
    ("Ruiheng Hochbau Aktiengesellschaft", "RUIHENG HOCHBAU AG"),
    ("Ruiheng Intl Trading Co Ltd", "Ruiheng International Trading Co., Limited"),
]
TWO_FIRMS = [
    ("中铁一局集团第二工程有限公司", "中铁一局集团第三工程有限公司"),
    ("中铁一局集团第二工程有限公司", "中铁二局集团第二工程有限公司"),
    ("中铁一局集团有限公司", "中铁一局集团第二工程有限公司"),
    ("中建八局", "中国建筑第五工程局有限公司"),
    ("中建三局第一建设工程有限责任公司", "中建三局集团有限公司"),
    ("上海建工一建集团有限公司", "上海建工二建集团有限公司"),
    ("云溪交通建设集团有限公司第六公司", "云溪交通建设集团有限公司第二公司"),
    ("云溪市第一百建筑公司", "云溪市第一建筑公司"),
    ("云溪市第廿一建筑公司", "云溪市第二十二建筑公司"),
    ("四川瑞衡建筑有限公司工会委员会", "四川瑞衡建筑有限公司"),
    ("云溪县瑞衡建材经营部", "云溪县瑞衡建材有限公司"),
    ("瑞衡农民专业合作社", "瑞衡农业有限公司"),
    ("Ruiheng Trading Ltd", "Ruiheng Construction Ltd"),
    ("Ruiheng No. 1 Construction Ltd", "Ruiheng No. 2 Construction Ltd"),
    ("Ruiheng 3rd Construction Ltd", "Ruiheng Construction Ltd"),
    ("Ruiheng Holdings Ltd", "Ruiheng Management Ltd"),
]


@pytest.mark.parametrize(("one", "other"), ONE_FIRM)
def test_one_firm(one: str, other: str) -> None:
    assert names.compare_plain(one, other) not in FLAGGED


@pytest.mark.parametrize(("one", "other"), TWO_FIRMS)
def test_two_firms(one: str, other: str) -> None:
    assert names.compare_plain(one, other) in FLAGGED

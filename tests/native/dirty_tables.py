"""Text tables as offices write them, with faults of cells, rows, quoting and form, for the two sides of the example."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from hypothesis import strategies as st

from matcher.agency.files.batches import TOTALS

# fmt: off
NEEDED = 5  # of the columns below, the first ones, which no file lacks
ASKING = (
    "项目编号", "项目名称", "总包单位", "统一社会信用代码", "工资专用账户", "保证金账户", "应发工资(元)",
    "保证金应存金额(万元)", "保证金存入期限", "施工许可日期", "保证金方式",
)
ANSWERING = (
    "账号", "开户单位", "统一社会信用代码", "账户性质", "实发工资(元)", "保证金余额(元)", "最近存入日期",
    "异常标记", "账户全称", "账户状态", "冻结原因",
)

odd = st.sampled_from(
    (
        "", " ", "\u3000", "\x1f", "合计", "#N/A", "####", "\ufffdcell-type", "a\x00b", "\u200b", "=1", "'", "é",
        "e\u0301", "①", "㈠", "ﬁ", "1e5", "12.5", "a\u00a0", "\U00020000", "\x7f", "－", "０",
    )
)
number = st.integers(0, 10**20).map(str)
# By column: cells as they should be, and as they come.
account = (
    st.integers(6_200_000_000, 6_200_000_012).map(str),
    st.one_of(
        st.sampled_from(
            (
                "6217 0000 1234 5678", "'62170000123", "６２１７００００１２３", "12345", "6.2E+15", "0" * 33,
                "6217-0000-12", "6217\t0000123", "6200000001 ",
            )
        ),
        number,
        odd,
    ),
)
company = (
    st.sampled_from(
        (
            "北京华泰建设工程有限公司", "北京华泰（集团）有限公司", "中铁【三】局", "华泰·建设", "[华]泰<1>",
            "华泰，第2公司",
        )
    ),
    st.one_of(
        st.sampled_from(
            (
                "Huatai Construction Co., Ltd.", "华泰 建设", "＃公司", "公司" * 101, "﨑公司", "㍿公司", " 华泰 ",
                "“华泰”公司", "a  b", '华泰_/\\"公司', "公" * 200, "　华泰　",
            )
        ),
        odd,
        st.text(max_size=4),
    ),
)
code = (
    st.sampled_from(("", "91110000100000126X", "911100001000001262", "91110000600037341L")),
    st.one_of(st.sampled_from(("9111 0000 6000 3734 1L", "91110000600037341l", "9111000060003734IO", "1")), odd),
)
amount = (
    st.one_of(st.sampled_from(("", "120000.00", "125,000.00", "1,000", "0")), st.decimals(0, 10**9, places=2).map(str)),
    st.one_of(
        st.sampled_from(
            (
                "1,25,000.00", "12.", ".5", "1.234", "-5.00", "(5.00)", "1万元", "￥5", "+1", "1234,567.00",
                "999999999999999.99", "1000000000000000.00", "00012.30", "5元整", "12,3", "1.2.3", "-5.00-",
            )
        ),
        number,
        odd,
    ),
)
day = (
    st.one_of(st.sampled_from(("", "2022-05-31", "2022/5/1", "20220531")), st.dates().map(str)),
    st.one_of(
        st.sampled_from(
            (
                "2022.12.1", "2022年5月31日", "2022-02-30", "1949-01-01", "44712", "2022-05-31 00:00", "2022-5-1",
                "2024-02-29", "2100-01-01", "2022/5-1", "20220532", "2099-12-31", "2023.2.29", "2100-02-29",
            )
        ),
        odd,
    ),
)
kind = (
    st.sampled_from(("农民工工资专用账户", "工资保证金账户", "一般账户")),
    st.sampled_from((" 工资专户", "wage", "WAGE", "何", "", "#N/A", "工资 专户")),
)
flag = (
    st.sampled_from(("", "冻结", "久悬;冻结", "no-deposit")),
    st.sampled_from(("无", "何", "account-closed,", "冻结、销户", "\ufffd", "正 常")),
)
form = (st.sampled_from(("", "存储", "保函")), st.sampled_from(("免存", "何", "guarantee", " 保函")))
row_id = (
    st.integers(0, 30).map(lambda item: f"P{item:03}"),
    st.one_of(st.sampled_from(("第（1）号", "a b", "a  b", "x" * 65, "x" * 64, "#1", " P1")), odd),
)
name = (
    st.sampled_from(("", "北京华泰建设工程有限公司住宅楼农民工工资专用账户")),
    st.sampled_from((" ", "华泰建设", "a  b")),
)
state = (st.sampled_from(("", "", "正常")), st.sampled_from(("冻结", "销户", "何", " ", "久悬户")))
reason = (st.just(""), st.sampled_from(("涉诉", "x")))
ASKING_CELLS = (row_id, company, company, code, account, account, amount, amount, day, day, form)
ANSWERING_CELLS = (account, company, code, kind, amount, amount, day, flag, name, state, reason)
# fmt: on
Cells = Sequence[tuple[st.SearchStrategy[str], st.SearchStrategy[str]]]
row_faults = st.sampled_from(
    ("",) * 20 + ("short", "long", "blank", "empty", "header", "total", "quote", "open", "late")
)


@st.composite
def rows_of(draw: st.DrawFn, cells: Cells) -> list[str]:
    """A row in which none or a few cells are as they should not be."""
    faults = draw(st.sampled_from((0, 0, 0, 1, 2)))
    places = {draw(st.integers(0, len(cells) - 1)) for _fault in range(faults)}
    return [draw(dirty if place in places else clean) for place, (clean, dirty) in enumerate(cells)]


@st.composite
def tables(draw: st.DrawFn, headers: Sequence[str], cells_of: Cells) -> str:
    """A file's text: rows with and without faults, quoted as csv writers do, and as some people do."""
    separator = draw(st.sampled_from(",,,\t;|"))
    end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    order = draw(st.permutations(range(len(headers))))
    order = [place for place in order if place < NEEDED or draw(st.integers(0, 3))]
    stream = io.StringIO(newline="")
    quoting = draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))
    writer = csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting)
    if draw(st.booleans()):
        stream.write("表\n" if draw(st.booleans()) else end)
    header = [headers[place] for place in order]
    writer.writerow(header)
    for row in draw(st.lists(rows_of(cells_of), max_size=12)):
        cells = [row[place] for place in order]
        match draw(row_faults):
            case "short":
                del cells[-1]
            case "long":
                cells.append("")
            case "blank":
                stream.write(draw(st.sampled_from(("", " ", separator * (len(header) - 1)))) + end)
            case "empty":
                cells = [""] * len(cells)
            case "header":
                cells = header
            case "total":
                cells = [draw(st.sampled_from(sorted(TOTALS))), *[""] * (len(cells) - 1)]
            case "quote":
                stream.write(separator.join([f'{cells[0]}"x', *['"'] * (len(cells) - 1)]) + end)
            case "open":
                stream.write(f'"{cells[0]}' + end)
            case "late":
                stream.write(separator.join([f'"{cells[0]}"x', *cells[1:]]) + end)
        if draw(st.integers(0, 19)) == 7:
            stream.write(separator.join(f'="{cell}"' for cell in cells) + end)
        writer.writerow(cells)
    return stream.getvalue()

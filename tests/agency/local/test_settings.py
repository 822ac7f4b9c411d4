"""The file of local rules: defaults, what a bank changes, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from matcher.agency.local.settings import CODES, defaults_text, local_rules
from matcher.protocol.errors import InputError

HEAD = 'format = "concordat-local-rules-v1"\n'


def rules_from(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_what_the_page_argues() -> None:
    rules = local_rules(None)
    assert rules.enabled == set(CODES)
    assert (rules.window_months, rules.most_empty_months, rules.lag_months) == (12, 1, 1)
    assert (rules.least_share, rules.most_in_a_month) == (Fraction(9, 10), 0)
    assert rules.endings == ("农民工工资专用账户",)
    assert set(rules.states.values()) == {"closed", "dormant", "frozen", "transferred", "ordinary"}


def test_what_a_file_leaves_out_is_as_by_default(tmp_path: Path) -> None:
    text = (
        HEAD + 'window_months = 6\n[abnormal-outflow]\nmost_in_a_month = "12.50"\n'
        "[no-labour-deposit]\nenabled = false\n[ordinary]\nwords = []\n"
    )
    rules = local_rules(rules_from(tmp_path, text))
    assert (rules.window_months, rules.most_in_a_month, rules.most_empty_months) == (6, 1250, 1)
    assert rules.enabled == set(CODES) - {"no-labour-deposit"}
    assert "ordinary" not in rules.states.values()
    assert rules.states["冻结"] == "frozen"


def test_a_copy_of_the_defaults_is_the_defaults_whatever_the_editor(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xef\xbb\xbf" + defaults_text().replace("\n", "\r\n").encode())
    assert local_rules(path) == local_rules(None)
    assert local_rules(path).digest() == local_rules(None).digest()


def test_the_digest_tells_any_change(tmp_path: Path) -> None:
    texts = ["window_months = 11\n", "[abnormal-outflow]\nenabled = false\n", '[account-closed]\nwords = ["关"]\n']
    digests = {local_rules(rules_from(tmp_path, HEAD + text)).digest() for text in texts}
    assert len({*digests, local_rules(None).digest()}) == 4


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "format"),
        ('format = "other"\n', "format"),
        (HEAD + "[", "TOML"),
        (HEAD + "[other]\n", "rules.toml.other"),
        (HEAD + "[abnormal-outflow]\nmost = 1\n", "rules.toml.abnormal-outflow.most"),
        (HEAD + "[abnormal-outflow]\nmost_in_a_month = 0.5\n", "text is expected"),
        (HEAD + '[abnormal-outflow]\nmost_in_a_month = "0.5"\n', "two decimals"),
        (HEAD + '[wages-below-inflow]\nleast_share = "1.01"\n', "least_share"),
        (HEAD + "[wages-below-inflow]\nlag_months = 13\n", "lag_months"),
        (HEAD + "[no-labour-deposit]\nmost_empty_months = -1\n", "most_empty_months"),
        (HEAD + "window_months = 0\n", "window_months"),
        (HEAD + '[account-closed]\nwords = ["冻结"]\n', "both for closed and for frozen"),
    ],
)
def test_a_bad_file_is_refused_by_path(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(InputError) as caught:
        local_rules(rules_from(tmp_path, text))
    assert caught.value.code == "local-rules"
    assert named in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml"):
        local_rules(tmp_path / "none.toml")

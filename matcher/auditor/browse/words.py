"""The page's own words, in both languages: its reader chooses at each request, so they are not the process's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from matcher.text import LANGUAGES


class Both(NamedTuple):
    """One text in English and in Chinese."""

    en: str
    zh: str


WORDS: Mapping[str, Both] = {
    "title": Both("Audit log", "审计日志"),
    "overview": Both("Overview", "总览"),
    "access_log": Both("Access log", "访问日志"),
    "findings": Both("Findings", "结果"),
    "alarms": Both("Alarms", "警报"),
    "other_language": Both("中文", "English"),
    "skip": Both("Skip to content", "跳到正文"),
    "verified": Both("Verified", "已验证"),
    "not_verified": Both("Does not verify", "验证未通过"),
    "all_checks": Both("All checks hold for all {size} entries.", "全部 {size} 条记录通过所有检查。"),
    "some_failed": Both("{failed} checks failed. See the alarms.", "{failed} 项检查未通过，见警报。"),
    "verified_at": Both("Verified here at", "本机验证时间"),
    "root": Both("Root", "根哈希"),
    "origin": Both("Log", "日志"),
    "witnessed_by": Both("Witnessed by", "见证方"),
    "unwitnessed": Both("UNWITNESSED", "无见证"),
    "entries": Both("Entries", "记录数"),
    "reveals": Both("Findings asked for", "申请查阅"),
    "opened": Both("Opened", "已打开"),
    "waiting": Both("Waiting for approval", "等待批准"),
    "refusals": Both("Refused requests", "被拒申请"),
    "denials": Both("Denied access", "被拒访问"),
    "by_day": Both("Acts by day and kind", "每日操作（按类别）"),
    "kind_rows": Both("Submissions and matches", "提交与比对"),
    "kind_evaluations": Both("Evaluations", "求值"),
    "kind_reveals": Both("Reveals", "查阅"),
    "kind_denied": Both("Refused and denied", "拒绝"),
    "kind_other": Both("Keys and agreements", "密钥与协议"),
    "by_purpose": Both("Reveals by purpose and party", "按用途与单位统计查阅"),
    "quota_use": Both("Quota use", "配额使用"),
    "party": Both("Party", "单位"),
    "person": Both("Person", "人员"),
    "purpose": Both("Purpose", "用途"),
    "case": Both("Case", "案号"),
    "count": Both("Number", "数量"),
    "state": Both("State", "状态"),
    "since": Both("Since", "起始时间"),
    "age": Both("Age", "已等待"),
    "hours": Both("{hours} h", "{hours} 小时"),
    "asked_of": Both("Asked of", "被申请方"),
    "what": Both("What", "项目"),
    "used": Both("Used", "已用"),
    "quota": Both("Quota", "配额"),
    "scope": Both("For", "范围"),
    "none": Both("None.", "无。"),
    "search": Both("Search", "搜索"),
    "search_hint": Both("A name, purpose, case, act: 追讨, LD-2022", "名称、用途、案号、操作，如：追讨、LD-2022"),
    "clear": Both("Show all", "显示全部"),
    "rows_found": Both("{count} entries", "{count} 条"),
    "export": Both("Export", "导出"),
    "filter": Both("Filter", "筛选"),
    "is": Both("is", "等于"),
    "contains": Both("contains", "包含"),
    "column": Both("Column", "列"),
    "condition": Both("Condition", "条件"),
    "value": Both("Value", "值"),
    "apply": Both("Apply", "应用"),
    "next": Both("Next page", "下一页"),
    "facets": Both("Group by", "分组"),
    "remove": Both("remove", "移除"),
    "entry": Both("Entry", "记录"),
    "leaf_hash": Both("Leaf hash", "叶哈希"),
    "proved": Both("In the log: proof of {count} hashes verified", "已证明在日志中：{count} 个哈希的证明通过验证"),
    "download_proof": Both("Download the proof", "下载证明"),
    "broken": Both("This entry breaks check {number}: {reason}", "该记录未通过检查 {number}：{reason}"),
    "trail": Both("Trail of finding", "结果的轨迹"),
    "trail_note": Both(
        "From the submissions that were compared to the last act, each with its proof.",
        "从参与比对的提交到最后一次操作，逐条附有证明。",
    ),
    "time": Both("Time", "时间"),
    "act": Both("Act", "操作"),
    "about": Both("About", "内容"),
    "proof": Both("Proof", "证明"),
    "finding": Both("Finding", "结果"),
    "no_finding": Both("No finding of this id was ever asked for.", "从未有人申请查阅此编号的记录。"),
    "disputes": Both("False flags: a record was revealed though no rule holds", "误报：记录已被查阅，但并无规则成立"),
    "out_of_hours": Both(
        "Reveals out of hours (before 8, after 18, weekends)", "非工作时间的查阅（8 点前、18 点后、周末）"
    ),
    "nearly_used": Both("Quotas four fifths used or more", "已用五分之四以上的配额"),
    "failures": Both("Checks that failed", "未通过的检查"),
    "whole_log": Both("the whole log", "整个日志"),
    "check": Both("Check", "检查"),
    "reason": Both("Reason", "原因"),
    "token_needed": Both("This page needs its token.", "访问此页需要令牌。"),
    "requested": Both("requested", "已申请"),
    "approved": Both("approved", "已批准"),
    "refused": Both("refused", "已拒绝"),
    "delivered": Both("delivered", "已送达"),
    "state_opened": Both("opened", "已打开"),
    "disputed": Both("disputed", "有争议"),
    "expired": Both("expired", "已过期"),
    "rows": Both("Rows", "行数"),
    "submissions": Both("Submissions", "提交次数"),
    "runs": Both("Match runs", "比对次数"),
    "evaluations_epoch": Both("Evaluations, this epoch", "求值（本密钥期）"),
    "evaluations_month": Both("Evaluations, month", "求值（当月）"),
    "reveals_month": Both("Findings asked for, month", "申请查阅（当月）"),
    "footer": Both(
        "Served from your own verified copy, on this machine. Nothing leaves it.",
        "数据来自本机已验证的副本，不会外传。",
    ),
}  # fmt: skip


def words(language: str) -> dict[str, str]:
    """All words in ``language``."""
    place = LANGUAGES.index(language)
    return {name: both[place] for name, both in WORDS.items()}


def state_word(shown: Mapping[str, str], state: str) -> str:
    """A case's state in words."""
    return shown.get("state_opened" if state == "opened" else state, state)

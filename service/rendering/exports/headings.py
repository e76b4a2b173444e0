"""The words of a workbook: what the bureau calls measures, dimensions and the values that it knows."""

from typing import Any

MEASURES = {
    "amount_cny": "交易额（元）",
    "exempt_cny": "免税额（元）",
    "taxable_cny": "应税额（元）",
    "quantity_kg": "重量（千克）",
    "transactions": "交易笔数",
    "participations": "人次",
    "residents": "人数",
    "registered_at_start": "期初备案人数",
    "registered_at_end": "期末备案人数",
    "registered_in_period": "本期新增备案",
    "cancelled_in_period": "本期注销备案",
    "participating": "参与人数",
    "amount_per_participation_cny": "每人次交易额（元）",
}
PARTS = {
    "current": "本期",
    "base": "基期",
    "change": "增减",
    "growth_pct": "增长（%）",
    "ratio": "倍数",
    "reason": "说明",
}
KEYS = {
    **PARTS,
    "category": "品类",
    "origin": "原产国",
    "direction": "进出口",
    "trade_point": "互市点",
    "group_id": "互助组",
    "settlement": "社区（嘎查）",
    "day": "日",
    "month": "月",
    "quarter": "季度",
    "year": "年",
    "share_pct": "占比（%）",
    "row": "",
    "phrase": "表述",
    "measure": "指标",
}
REASONS = {
    "base_zero": "基期为零",
    "both_zero": "本期与基期均为零",
    "base_negative": "基期为负",
    "no_base_day": "无对应日",
}
_VALUES = {
    "category": {"meat": "肉类", "grain": "粮食", "wool": "绒毛", "packaged_food": "预包装食品"},
    "direction": {"import": "进口", "export": "出口"},
    "trade_point": {"erenhot": "二连浩特", "erenhot-city": "二连浩特市区"},
    "origin": {"MN": "蒙古国", "RU": "俄罗斯", "BY": "白俄罗斯", "KZ": "哈萨克斯坦", "CN": "中国"},
}
NOBODY = {"group_id": "（无互助组）", "settlement": "（未填）"}


def value_of(name: str, value: Any) -> Any:
    """A key's value in the bureau's words; codes that it has no word for stay as they are."""
    if name == "measure":
        return MEASURES.get(value, value)
    if value is None:
        return NOBODY.get(name)
    return _VALUES.get(name, {}).get(value, value)

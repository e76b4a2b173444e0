"""Writes the example files: the same 40 trades as a clerk would export them in four shapes, 8 residents, deliveries.

Run it from the project's folder; it always writes the same bytes. Names, citizen numbers and trades are invented.
"""

import csv
import datetime
import json
import pathlib
import random
from dataclasses import dataclass

import xlsxwriter

FOLDER = pathlib.Path(__file__).parent
MARKET_TIME = datetime.timezone(datetime.timedelta(hours=8))
RESIDENTS = 8
TRADES_PER_GOODS = 4
CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
COLUMNS = (
    "resident_id", "category", "commodity", "hs_code", "origin", "quantity_kg", "amount_cny", "traded_at", "direction",
    "trade_point", "consignment", "vehicle_plate", "seller", "reference",
)  # fmt: skip
RECOGNISED = json.loads((FOLDER.parent / "service/importing/recognised.json").read_text("utf-8"))
CHINESE_HEADINGS = {field: RECOGNISED["headings"][field][0] for field in COLUMNS}
"""The usual heading of each column, as the import has it."""

CHINESE_WORDS = {
    "category": {"meat": "肉类", "grain": "粮食", "wool": "绒毛", "packaged_food": "预包装食品"},
    "origin": {"MN": "蒙古国", "RU": "俄罗斯", "BY": "白俄罗斯", "CN": "中国"},
    "direction": {"import": "进口", "export": "出口"},
    "trade_point": {"erenhot": "二连浩特"},
}
HOLIDAYS = ((2, 9, 17), (7, 11, 15))
"""Spring Festival and Naadam of 2024: month, first and last day."""

CREDIT_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
DELIVERY_HEADINGS = {
    "enterprise": "企业",
    "credit_code": "统一社会信用代码",
    "purpose": "用途",
    "transferred_on": "日期",
    "consignment": "批次",
    "reference": "交易号/单据号",
    "quantity_kg": "数量(公斤)",
    "paid_cny": "金额",
    "contract": "合同号",
    "invoice": "发票号",
}
"""The headings of a table of deliveries; the column of ids may hold document numbers as well."""

Body = dict[str, str]


@dataclass(frozen=True)
class Goods:
    """What is traded, in which months, and for how many fen a kilogram."""

    category: str
    commodity: str
    hs_code: str
    origin: str
    months: tuple[int, ...]
    price_fen: tuple[int, int]
    quantity_kg: tuple[int, int]
    seller: str
    direction: str = "import"


GOODS = (
    Goods("meat", "熟牛肉", "160250", "MN", (10, 11, 12, 1, 3), (1600, 1750), (300, 440), "Замын-Үүд Мах ХХК"),
    Goods("meat", "马肉", "02050000", "MN", (11, 12, 1), (1800, 3000), (180, 260), "Говь Хүнс ХХК"),
    Goods("grain", "亚麻籽", "12040000", "RU", (10, 11, 3, 4), (280, 300), (900, 2600), "Сибирский лён"),
    Goods("grain", "面粉", "11010000", "RU", (2, 6, 9), (250, 500), (40, 120), "Алтайская мельница"),
    Goods("wool", "山羊绒", "510219", "MN", (4, 5, 5, 6), (18500, 29000), (18, 27), "Ноолуур Трейд ХХК"),
    Goods("wool", "绵羊毛", "510111", "MN", (6, 8), (500, 1500), (100, 300), "Ноолуур Трейд ХХК"),
    Goods("packaged_food", "红烧牛肉罐头", "160250", "MN", (8, 9, 10), (5000, 9000), (30, 80), "Говь Хүнс ХХК"),
    Goods("packaged_food", "天然蜂蜜", "04090000", "RU", (7, 9, 12), (3000, 4500), (40, 150), "Алтайский мёд"),
    Goods("packaged_food", "甜饼干", "190531", "BY", (3, 5, 8), (1200, 2600), (60, 250), "Минский кондитер"),
    Goods("grain", "大米", "100630", "CN", (6, 10), (450, 650), (200, 900), "二连示例商贸", "export"),
)
OVER_THE_ALLOWANCE_G = {"EL-2024-0012": 36_500, "EL-2024-0035": 3_400_000}
"""Two documents, of cashmere and flaxseed, so heavy that a part of their amount is above 8,000 CNY and taxed."""


def an_enterprise(name: str, number: int, purpose: str, contract: str) -> Body:
    """What the rows of an enterprise's deliveries have in common."""
    code = credit_code(f"91152501MAEXAMP{number:02d}")
    return {"enterprise": name, "credit_code": code, "purpose": purpose, "contract": contract}


def make_trades() -> list[Body]:
    """The trades in the order of their time, as bodies of the JSON API."""
    chance = random.Random(2024)
    drawn = [(trading_moment(chance, goods), goods) for goods in GOODS for _ in range(TRADES_PER_GOODS)]
    drawn.sort(key=lambda pair: pair[0])
    return [make_trade(chance, number, moment, goods) for number, (moment, goods) in enumerate(drawn, 1)]


def make_trade(chance: random.Random, number: int, moment: datetime.datetime, goods: Goods) -> Body:
    """One trade with a plausible weight and price."""
    reference = f"EL-2024-{number:04d}"
    usual_g = chance.randrange(goods.quantity_kg[0] * 2, goods.quantity_kg[1] * 2) * 500
    quantity_g = OVER_THE_ALLOWANCE_G.get(reference, usual_g)
    amount_fen = quantity_g * chance.randrange(*goods.price_fen) // 1000
    return {
        "resident_id": f"R{chance.randrange(RESIDENTS) + 1:08d}",
        "category": goods.category,
        "commodity": goods.commodity,
        "hs_code": goods.hs_code,
        "origin": goods.origin,
        "quantity_kg": f"{quantity_g // 1000}.{quantity_g % 1000:03d}",
        "amount_cny": f"{amount_fen // 100}.{amount_fen % 100:02d}",
        "traded_at": moment.isoformat(),
        "direction": goods.direction,
        "trade_point": "erenhot",
        "consignment": f"P{moment:%m%d}-{chance.randrange(1, 5)}",
        "vehicle_plate": f"蒙H{chance.randrange(10_000, 100_000)}",
        "seller": goods.seller,
        "reference": reference,
    }


def trading_moment(chance: random.Random, goods: Goods) -> datetime.datetime:
    """A minute of market hours in the goods' season, on a day when the market is open."""
    while True:
        day = datetime.date(2024, chance.choice(goods.months), chance.randrange(1, 29))
        closed = any(day.month == month and first <= day.day <= last for month, first, last in HOLIDAYS)
        if day.weekday() != 6 and not closed:
            time = datetime.time(chance.randrange(9, 17), chance.randrange(60), tzinfo=MARKET_TIME)
            return datetime.datetime.combine(day, time)


def write_english_csv(trades: list[Body]) -> None:
    """UTF-8, names of the API, times with their offset."""
    with (FOLDER / "transactions-en.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(CHINESE_HEADINGS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(trades)


def write_chinese_csv(trades: list[Body]) -> None:
    """GB18030, Windows line breaks, thousands separators and the date spellings of a Chinese desk."""
    with (FOLDER / "transactions-zh-gb18030.csv").open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CHINESE_HEADINGS.values())
        for number, trade in enumerate(trades):
            at = datetime.datetime.fromisoformat(trade["traded_at"])
            date = f"{at.year}年{at.month}月{at.day}日" if number % 4 == 3 else f"{at.year}/{at.month}/{at.day}"
            amount_yuan, _, fen = trade["amount_cny"].partition(".")
            clerk = {"traded_at": f"{date} {at.hour}:{at:%M}", "amount_cny": f"{int(amount_yuan):,}.{fen}"}
            writer.writerow([clerk.get(field) or in_chinese(field, trade[field]) for field in CHINESE_HEADINGS])


def write_workbook(trades: list[Body]) -> None:
    """Numbers as numbers, times as dates of the spreadsheet, HS codes as text to keep their leading zeros."""
    with xlsxwriter.Workbook(FOLDER / "transactions-zh.xlsx") as workbook:
        workbook.set_properties({"created": datetime.datetime(2024, 12, 31, tzinfo=datetime.UTC)})
        moment_format = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = workbook.add_worksheet("交易明细")
        sheet.write_row(0, 0, list(CHINESE_HEADINGS.values()))
        sheet.set_column(0, len(CHINESE_HEADINGS) - 1, 16)
        for row, trade in enumerate(trades, 1):
            for column, field in enumerate(CHINESE_HEADINGS):
                if field in {"quantity_kg", "amount_cny"}:
                    sheet.write_number(row, column, float(trade[field]))
                elif field == "traded_at":
                    at = datetime.datetime.fromisoformat(trade[field]).replace(tzinfo=None)
                    sheet.write_datetime(row, column, at, moment_format)
                else:
                    sheet.write_string(row, column, in_chinese(field, trade[field]))


def in_chinese(field: str, value: str) -> str:
    """The clerk's word for a value that is a name of the API."""
    return CHINESE_WORDS.get(field, {}).get(value, value)


def write_ndjson(name: str, bodies: list[Body]) -> None:
    """One JSON object a line."""
    with (FOLDER / name).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(body, ensure_ascii=False) + "\n" for body in bodies)


def make_residents() -> list[Body]:
    """Registrations whose citizen numbers are invented and have right check digits."""
    names = ("张示例", "王示例", "李示例", "示例·巴图", "示例·乌云", "示例·苏和", "赵示例", "示例·娜仁")
    settlements = ("示例社区", "示例嘎查")
    return [
        {
            "name": name,
            "id_number": citizen_number(f"152501{1961 + 4 * number}{number + 1:02d}{10 + number}{900 + number}"),
            "registered_on": "2023-06-01",
            "settlement": settlements[number % 2],
        }
        for number, name in enumerate(names)
    ]


def write_residents_csv(name: str, residents: list[Body]) -> None:
    """The residents as `hushi residents import` takes them, under Chinese headings."""
    headings = {"name": "姓名", "id_number": "公民身份号码", "registered_on": "备案日期", "settlement": "社区(嘎查)"}
    with (FOLDER / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(headings.values())
        table.writerows([resident[field] for field in headings] for resident in residents)


def make_deliveries(trades: list[Body]) -> list[Body]:
    """What goes on: meat and honey, by their documents. Of the first honey only a part goes on, at first."""
    goods = {"meat": PROCESSOR, "天然蜂蜜": TRADER}
    rows: list[Body] = []
    for trade in trades:
        enterprise = goods.get(trade["category"]) or goods.get(trade["commodity"])
        if enterprise is not None:
            rows.append({**enterprise, "transferred_on": "2024-12-31", "reference": trade["reference"]})
    honey = next(row for row in rows if row["purpose"] == TRADER["purpose"])
    kilograms, _, grams = next(t["quantity_kg"] for t in trades if t["reference"] == honey["reference"]).partition(".")
    honey["quantity_kg"] = f"{int(kilograms) // 2}.{grams}"
    first_meat = next(row for row in rows if row["purpose"] == PROCESSOR["purpose"])
    first_meat["paid_cny"] = "56,000.00"
    return rows


def write_deliveries(name: str, deliveries: list[Body]) -> None:
    """GB18030, as an office lists its deliveries: the first row says what is paid for all rows of its delivery."""
    with (FOLDER / name).open("w", encoding="gb18030", newline="") as file:
        table = csv.writer(file)
        table.writerow(DELIVERY_HEADINGS.values())
        table.writerows([delivery.get(field, "") for field in DELIVERY_HEADINGS] for delivery in deliveries)


def write_deliveries_workbook(name: str, deliveries: list[Body]) -> None:
    """The same with numbers as numbers and days as dates of the spreadsheet."""
    with xlsxwriter.Workbook(FOLDER / name) as workbook:
        workbook.set_properties({"created": datetime.datetime(2024, 12, 31, tzinfo=datetime.UTC)})
        day_format = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet = workbook.add_worksheet("流转明细")
        sheet.write_row(0, 0, list(DELIVERY_HEADINGS.values()))
        sheet.set_column(0, len(DELIVERY_HEADINGS) - 1, 20)
        for row, delivery in enumerate(deliveries, 1):
            for column, field in enumerate(DELIVERY_HEADINGS):
                text = delivery.get(field, "")
                if field == "transferred_on":
                    sheet.write_datetime(row, column, datetime.datetime.fromisoformat(text), day_format)
                elif text and field in {"quantity_kg", "paid_cny"}:
                    sheet.write_number(row, column, float(text.replace(",", "")))
                else:
                    sheet.write_string(row, column, text)


def credit_code(first: str) -> str:
    """The 17 characters with their check character (GB 32100-2015)."""
    total = sum(CREDIT_CODE_CHARACTERS.index(c) * pow(3, i, 31) for i, c in enumerate(first))
    return first + CREDIT_CODE_CHARACTERS[-total % 31]


def citizen_number(digits: str) -> str:
    """The 17 digits with their check character (ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(CITIZEN_WEIGHTS, digits, strict=True))
    return digits + "10X98765432"[total % 11]


PROCESSOR = an_enterprise("示例肉类加工厂", 1, "落地加工", "SL-JG-2024-01")
TRADER = an_enterprise("示例边贸批发行", 2, "二级市场", "SL-PF-2024-01")


def main() -> None:
    """Writes all files beside this one."""
    trades = make_trades()
    write_english_csv(trades)
    write_chinese_csv(trades)
    write_workbook(trades)
    write_ndjson("transactions.ndjson", trades)
    write_ndjson("residents.ndjson", make_residents())
    write_residents_csv("residents-zh.csv", make_residents())
    write_deliveries("deliveries-zh-gb18030.csv", make_deliveries(trades))
    write_deliveries_workbook("deliveries-zh.xlsx", make_deliveries(trades))


if __name__ == "__main__":
    main()

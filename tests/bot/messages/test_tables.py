"""Tables on pages that are too narrow for them."""

from datetime import timedelta

from bot.messages.document import Cell, Duration, Rate, Table
from bot.messages.tables import table_rows

COLUMNS = ("venue", "APR", "age", "contract", "note")


def a_row(venue: str, seconds: int, contract: str = "BTC/USDT:USDT") -> tuple[Cell, ...]:
    return (venue, Rate(0.00005), Duration(timedelta(seconds=seconds)), contract, None)


def lines_of(*rows: tuple[Cell, ...], width: int, columns: tuple[str, ...] = COLUMNS) -> list[str]:
    return table_rows(Table(columns=columns, rows=rows), width).first(len(rows)).splitlines()


def test_many_rows_have_what_stands_below_them_under_headings() -> None:
    rows = (a_row("bybit", 2), a_row("binanceusdm", 11), a_row("okx", 1, "BTC/USDC:USDC"))

    assert lines_of(*rows, width=23) == [
        "venue             APR",
        "  age  contract",
        "  note",
        "bybit        +43.80 %",
        "   2s  BTC/USDT:USDT",
        "  n/a",
        "binanceusdm  +43.80 %",
        "  11s  BTC/USDT:USDT",
        "  n/a",
        "okx          +43.80 %",
        "   1s  BTC/USDC:USDC",
        "  n/a",
    ]


def test_few_rows_name_what_stands_below_them() -> None:
    assert lines_of(a_row("bybit", 2), width=24) == [
        "venue       APR  age",
        "bybit  +43.80 %   2s",
        "  contract BTC/USDT:USDT",
        "  note n/a",
    ]


def test_a_value_that_needs_more_than_a_line_keeps_its_name() -> None:
    rows = tuple(a_row(venue, 2, "a contract of many words, too many") for venue in ("bybit", "okx", "gate"))

    lines = lines_of(*rows, width=23)

    assert lines[:5] == [
        "venue       APR  age",
        "bybit  +43.80 %   2s",
        "  contract a contract",
        "  of many words, too",
        "  many",
    ]


def test_a_line_without_any_value_is_not_shown() -> None:
    rows = (("BTC", "binanceusdm", "xxx"), ("ETH", "okx", ""), ("SOL", "gate", "yyy"), ("XRP", "mexc", "zzz"))

    lines = lines_of(*rows, width=18, columns=("base", "venue", "why it is told"))

    assert lines == [
        "base  venue",
        "  why it is told",
        "BTC   binanceusdm",
        "  xxx",
        "ETH   okx",
        "SOL   gate",
        "  yyy",
        "XRP   mexc",
        "  zzz",
    ]

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.messages.document import (
    Document,
    Duration,
    Fields,
    Footer,
    Heading,
    Paragraph,
    Rate,
    Table,
    Tone,
    Usd,
)
from bot.messages.plain import as_text, clean, wrap
from tests.builders import NOON

WORDS = st.text(min_size=1, max_size=60)


def a_document(table: Table, *, simulated: bool = False) -> Document:
    heading = Heading(text="BTC funding", tone=Tone.TROUBLE)
    footer = Footer(as_of=NOON, missing=("okx (stale 6m)",), note="rule 7")
    return Document(blocks=(heading, table, footer), simulated=simulated)


def test_a_document_reads_from_the_headline_to_the_footer() -> None:
    table = Table(
        columns=("venue", "APR", "OI"), rows=(("bybit", Rate(0.00005), Usd(1.2e9)), ("okx", None, None))
    )

    assert as_text(a_document(table)).splitlines() == [
        "BTC funding",
        "",
        "venue       APR     OI",
        "bybit  +43.80 %  $1.2B",
        "okx         n/a    n/a",
        "",
        "as of 2026-03-14 12:00:00 UTC; rule 7",
        "left out: okx (stale 6m)",
    ]


def test_a_simulated_document_says_so_in_its_first_line() -> None:
    lines = as_text(a_document(Table(columns=("venue",), rows=()), simulated=True)).splitlines()

    assert lines[0] == "SIMULATED BTC funding"
    assert lines[2] == "  none"


def test_a_wide_table_shortens_its_last_text_and_then_drops_its_last_columns() -> None:
    row = ("binanceusdm", Rate(0.00005), "BTC/USDT:USDT and more", Duration(NOON - NOON))
    table = Table(columns=("venue", "APR", "contract", "age"), rows=(row,))

    shortened = as_text(Document(blocks=(table,)), 44).splitlines()
    dropped = as_text(Document(blocks=(table,)), 34).splitlines()

    assert shortened[1] == "binanceusdm  +43.80 %  BTC/USDT:USDT a…   0s"
    assert dropped == [
        "venue             APR  contract",
        "binanceusdm  +43.80 %  BTC/USDT:U…",
        "(no room for: age)",
    ]


def test_a_narrow_page_says_which_columns_it_has_no_room_for() -> None:
    columns = tuple(f"column{number}" for number in range(12))
    table = Table(columns=columns, rows=(tuple(range(12)),))

    lines = as_text(Document(blocks=(table,)), 40).splitlines()

    assert lines[0] == "column0  column1  column2  column3"
    assert lines[2].startswith("(no room for: column4, column5,")


def test_fields_are_aligned_and_wrapped_under_themselves() -> None:
    fields = Fields(rows=(("rings", "once it has held for 2m"), ("OI", Usd(5e6)), ("APR", Rate(0.00005))))

    assert as_text(Document(blocks=(fields,)), 22).splitlines() == [
        "rings  once it has",
        "       held for 2m",
        "OI     $5M",
        "APR    +43.80 % APR",
    ]


def test_values_stand_under_names_that_need_half_the_page() -> None:
    fields = Fields(rows=(("/alert edit <rule> <changes>", "change a rule"),))

    assert as_text(Document(blocks=(fields,)), 40).splitlines() == [
        "/alert edit <rule> <changes>",
        "    change a rule",
    ]


def test_what_is_longer_than_the_page_is_cut() -> None:
    table = Table(columns=("count",), rows=((10**60,),))

    assert wrap("abcdefghij klm", 4) == ["abcd", "efgh", "ij", "klm"]
    assert as_text(Document(blocks=(table,)), 12).splitlines()[1] == "1,000,000,0…"


def test_suggestions_stand_before_the_footer() -> None:
    blocks = (Heading(text="Expected a base"), Footer(note="the end"))

    text = as_text(Document(blocks=blocks, suggestions=("BTC", "BCH")))

    assert text.splitlines() == ["Expected a base", "Did you mean: BTC, BCH?", "the end"]


def test_a_footer_with_nothing_to_say_takes_no_line() -> None:
    table = Table(columns=("venue",), rows=(("okx",),))

    assert as_text(Document(blocks=(table, Footer()))) == "venue\nokx"


def test_a_number_keeps_its_percent_sign() -> None:
    assert wrap("a rate of +3.92 % per 8h", 15) == ["a rate of", "+3.92 % per 8h"]


def test_control_characters_never_reach_the_terminal() -> None:
    hostile = "bybit\x1b[2J\x07\u202egnp"

    assert clean(hostile) == "bybit [2J  gnp"
    assert "\x1b" not in as_text(Document(blocks=(Heading(text=hostile),)))


def test_a_table_refuses_ragged_rows_and_columns_of_one_name() -> None:
    with pytest.raises(ValueError, match="expected 2 cells, found 1"):
        Table(columns=("a", "b"), rows=(("x",),))
    with pytest.raises(ValueError, match="different names"):
        Table(columns=("a", "a"), rows=())


@given(
    names=st.lists(WORDS, min_size=1, max_size=8),
    words=WORDS,
    width=st.integers(min_value=40, max_value=120),
    simulated=st.booleans(),
)
def test_nothing_is_wider_than_the_page(names: list[str], words: str, width: int, *, simulated: bool) -> None:
    columns = tuple(f"{index}{name}" for index, name in enumerate(names))
    blocks = (
        Heading(text=words),
        Paragraph(text=words * 3),
        Table(columns=columns, rows=(tuple(names), tuple(range(len(names))))),
        Fields(rows=((names[0][:20], words),)),
        Footer(as_of=NOON, missing=tuple(names), note=words),
    )

    text = as_text(Document(blocks=blocks, suggestions=tuple(names), simulated=simulated), width)

    assert max(cell_len(line) for line in text.split("\n")) <= width

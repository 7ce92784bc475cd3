import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.messages.document import (
    Button,
    Document,
    Duration,
    Fields,
    Footer,
    Heading,
    Menu,
    Paragraph,
    Rate,
    Table,
    Tone,
    Usd,
)
from bot.messages.layout import clean, wrap
from bot.messages.plain import as_text
from tests.bot.messages.pictures import a_picture
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


def test_columns_without_room_stand_named_under_their_row() -> None:
    row = ("binanceusdm", Rate(0.00005), "BTC/USDT:USDT and more", Duration(NOON - NOON), "")
    table = Table(columns=("venue", "APR", "contract", "age", "note"), rows=(row,))

    wide = as_text(Document(blocks=(table,)), 44).splitlines()
    narrow = as_text(Document(blocks=(table,)), 24).splitlines()

    assert wide == [
        "venue             APR",
        "binanceusdm  +43.80 %",
        "  contract BTC/USDT:USDT and more  age 0s",
    ]
    assert narrow == [
        "venue             APR",
        "binanceusdm  +43.80 %",
        "  contract BTC/USDT:USDT",
        "  and more",
        "  age 0s",
    ]


def test_a_row_whose_second_column_has_no_room_names_all_its_values() -> None:
    table = Table(columns=("rule", "watches", "state"), rows=((3, "funding BTC above 0.06%/8h", "quiet"),))

    assert as_text(Document(blocks=(table,)), 30).splitlines() == [
        "rule 3",
        "  watches funding BTC above",
        "  0.06%/8h",
        "  state quiet",
    ]


def test_a_few_long_names_have_lines_of_their_own_where_they_would_cost_a_column() -> None:
    rows = tuple((base, "binanceusdm", 1) for base in ("BTC", "ETH", "SOL", "BTC (coin-margined)"))
    table = Table(columns=("base", "venue", "rank"), rows=rows)

    lines = as_text(Document(blocks=(table,)), 32).splitlines()
    half = as_text(Document(blocks=(Table(columns=table.columns, rows=rows[2:]),)), 32).splitlines()

    assert lines[-2:] == ["BTC (coin-margined)", "      binanceusdm     1"]
    assert half[:1] == ["base                 venue"]


def test_every_column_of_a_table_is_on_a_narrow_page() -> None:
    columns = tuple(f"column{number}" for number in range(12))
    table = Table(columns=columns, rows=(tuple(range(12)),))

    text = as_text(Document(blocks=(table,)), 40)

    assert text.startswith("column0  column1  column2  column3\n")
    assert "  column4 4  column5 5  column6 6" in text.splitlines()
    assert text.endswith("column10 10  column11 11")


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
    assert as_text(Document(blocks=(table,)), 12).splitlines()[:3] == [
        "count",
        "1,000,000,00",
        "0,000,000,00",
    ]


def test_suggestions_stand_before_the_footer() -> None:
    blocks = (Heading(text="Expected a base"), Footer(note="the end"))

    text = as_text(Document(blocks=blocks, suggestions=("BTC", "BCH")))

    assert text.splitlines() == ["Expected a base", "Did you mean: BTC, BCH?", "the end"]


def test_a_picture_stands_before_the_footer_in_words() -> None:
    table = Table(columns=("venue", "APR"), rows=(("okx", None),))
    blocks = (Heading(text="BTC"), table, Footer(note="rule 7"))
    with_footer = Document(blocks=blocks, picture=a_picture(alt="7 days\nof funding"), suggestions=("/top",))
    without = Document(blocks=blocks[:1], picture=a_picture(alt="7 days"))

    assert as_text(with_footer).splitlines() == [
        *["BTC", "", "venue  APR", "okx    n/a", ""],
        *["[picture: 7 days", "of funding]", "Did you mean: /top?", "rule 7"],
    ]
    assert as_text(without).splitlines() == ["BTC", "[picture: 7 days]"]


def test_what_could_be_pressed_elsewhere_is_shown_as_commands_at_the_end() -> None:
    buttons = (Button(label="Why", line="/why 12"), Button(label="Mute 1 h", line="/mute 1h 7"))
    document = Document(blocks=(Heading(text="BTC"), Footer(note="rule 7")), buttons=buttons)

    assert as_text(document).splitlines() == ["BTC", "rule 7", "Why: /why 12 · Mute 1 h: /mute 1h 7"]
    assert as_text(document, 30).splitlines()[2:] == ["Why: /why 12 ·", "Mute 1 h: /mute 1h 7"]
    assert as_text(document, 16).splitlines()[2:] == ["Why: /why 12 ·", "Mute 1 h: /mute", "1h 7"]


def test_a_menu_is_its_prompt_and_its_options() -> None:
    options = tuple(Button(label=f"rule {n}", line=f"/alert pause {n}") for n in (3, 4))
    document = Document(blocks=(Heading(text="2 rules"),), menu=Menu(prompt="Which one?", options=options))

    assert as_text(document).splitlines() == [
        "2 rules",
        "Which one?",
        "  rule 3: /alert pause 3",
        "  rule 4: /alert pause 4",
    ]


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

    options = tuple(Button(label=name, line="/why 7") for name in names)
    document = Document(
        blocks=blocks,
        suggestions=tuple(names),
        buttons=options,
        menu=Menu(prompt=words, options=options),
        simulated=simulated,
    )

    text = as_text(document, width)

    assert max(cell_len(line) for line in text.split("\n")) <= width

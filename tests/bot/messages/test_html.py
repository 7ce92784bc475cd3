import re
from dataclasses import replace
from datetime import timedelta
from itertools import count, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.messages.document import (
    Block,
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
from bot.messages.html import CAPTION_LIMIT, LIMIT, WIDTH, as_html
from bot.messages.layout import JOINER, SIGNS, clean
from tests.bot.messages.documents import DOCUMENTS, HOSTILE, seen_in_telegram, squashed
from tests.builders import NOON
from tests.loopback.telegram.markup import parse_html, utf16, with_found

FOOTER = Footer(as_of=NOON, missing=("okx (stale 6m)",), note="rule 7")
LEGS = Table(
    columns=("venue", "APR", "OI", "age", "contract"),
    rows=(
        ("bybit", Rate(0.00005), Usd(1.2e9), Duration(timedelta(0)), "BTC/USDT:USDT"),
        ("binanceusdm", None, None, None, "BTC/USDT:USDT"),
    ),
)
LINKS = re.compile(r"\w+://|\w\.[A-Za-z]|\d\.\d+\.\d")


def numbered(rows: int, width: int) -> Table:
    """Build rows that say where they begin and end."""
    return Table(
        columns=("row", "text", "end"), rows=tuple((f"row{n}", "x" * width, f"end{n}") for n in range(rows))
    )


def test_an_alert_is_a_bold_headline_words_a_table_and_its_age() -> None:
    blocks = (Heading(text="BTC <funding>", tone=Tone.TROUBLE), Paragraph(text="above & on"), LEGS, FOOTER)

    assert as_html(Document(blocks=blocks)).split("\n") == [
        "<b>🔴 BTC &lt;funding&gt;</b>",
        "above &amp; on",
        "<pre>venue             APR     OI",
        "bybit        +43.80 %  $1.2B",
        "  age 0s  contract BTC/USDT:USDT",
        "binanceusdm       n/a    n/a",
        "  age n/a",
        "  contract BTC/USDT:USDT</pre>",
        "",
        "<i>as of 2026-03-14 12:00:00 UTC; rule 7",
        "left out: okx (stale 6m)</i>",
    ]


def test_named_values_are_lines_with_air_around_them() -> None:
    fields = Fields(rows=(("rings", "at once"), ("clears at", Rate(0.00005))))

    assert as_html(Document(blocks=(Heading(text="Rule 7"), fields, Paragraph(text="so")))).split("\n") == [
        "<b>Rule 7</b>",
        "",
        "<b>rings</b>: at once",
        "<b>clears at</b>: +43.80\u00a0% APR",
        "",
        "so",
    ]


def test_an_age_in_between_keeps_its_place() -> None:
    blocks = (Heading(text="two pages"), Footer(note="first"), Paragraph(text="more"), Footer(note="second"))

    assert as_html(Document(blocks=blocks)).split("\n\n") == [
        "<b>two pages</b>",
        "<i>first</i>",
        "more",
        "<i>second</i>",
    ]


@pytest.mark.parametrize("tone", Tone)
def test_the_tone_is_told_by_a_sign_before_simulated(tone: Tone) -> None:
    document = Document(blocks=(Heading(text="BTC", tone=tone),), simulated=True)

    assert as_html(document) == f"<b>{SIGNS[tone]}SIMULATED BTC</b>"


def test_a_simulated_document_without_a_headline_says_so_too() -> None:
    assert as_html(Document(blocks=(Paragraph(text="words"),), simulated=True)) == "<b>SIMULATED</b>\nwords"


def test_what_was_probably_meant_can_be_copied() -> None:
    document = Document(blocks=(Heading(text="Expected a base"),), suggestions=("/funding <BTC>", "/top"))

    assert as_html(document).split("\n")[1] == (
        "Did you mean: <code>/funding &lt;BTC&gt;</code>, <code>/top</code>?"
    )


def test_a_menu_says_what_is_to_be_chosen() -> None:
    menu = Menu(prompt="Which rule?", options=(Button(label="7", line="/alert pause 7"),))
    document = Document(blocks=(Heading(text="2 rules"), FOOTER), menu=menu)

    assert as_html(document).split("\n")[1] == "Which rule?"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_from_outside_means_anything(hostile: str) -> None:
    blocks = (
        Heading(text=hostile),
        Paragraph(text=hostile),
        Fields(rows=((hostile, hostile),)),
        Footer(missing=(hostile,), note=hostile),
    )

    text, entities = parse_html(as_html(Document(blocks=blocks)))

    assert {entity.type for entity in entities} <= {"bold", "italic"}
    assert not [entity for entity in with_found(text, entities) if entity.type == "mention"]
    assert not LINKS.findall(text)
    assert text.replace(JOINER, "").count(hostile) == 6


def test_a_point_of_a_number_is_left_alone() -> None:
    assert JOINER not in as_html(Document(blocks=(Heading(text="65.7 % APR at 12:00:00, $1.2B."),)))


def test_rows_go_from_the_end_before_a_block_does_and_are_counted() -> None:
    blocks = (
        Heading(text="many"),
        numbered(100, 40),
        numbered(100, 40),
        Paragraph(text="and 2 more"),
        FOOTER,
    )

    text = seen_in_telegram(as_html(Document(blocks=blocks)))

    first, second = text.split("… ", 1)[0], text.split("… ", 1)[1]
    shown = first.count("row0") + len(re.findall(r"row[1-9]", first))
    assert second.startswith(f"{100 - shown} more rows")
    assert "… 99 more rows" in second
    assert "and 2 more" in text
    assert utf16(text) > LIMIT - 200


def test_blocks_go_from_the_middle_where_rows_are_not_enough() -> None:
    blocks = (
        Heading(text="long"),
        Paragraph(text="a" * 3000),
        Paragraph(text="b" * 3000),
        Paragraph(text="kept"),
        Paragraph(text="c" * 3000),
        FOOTER,
    )

    lines = as_html(Document(blocks=blocks)).split("\n")

    assert lines[:5] == ["<b>long</b>", "a" * 3000, "kept", "… 2 more parts did not fit", ""]
    assert lines[-1] == "left out: okx (stale 6m)</i>"


def test_what_fits_to_the_last_unit_is_left_whole() -> None:
    blocks = (Heading(text="h"), Paragraph(text="<" * 4000))

    assert "did not fit" not in as_html(Document(blocks=blocks))


def test_too_long_a_headline_ends_after_a_whole_word() -> None:
    text = seen_in_telegram(as_html(Document(blocks=(Heading(text="word " * 1000), FOOTER))))

    assert text.split("\n")[0].endswith("word word…")
    assert text.endswith("left out: okx (stale 6m)")


def test_suggestions_are_whole_or_absent() -> None:
    document = Document(blocks=(Heading(text="what"),), suggestions=("x" * 600, "/top"))

    assert as_html(document).endswith("Did you mean: <code>/top</code>?")


@given(document=DOCUMENTS, prompt=st.text(max_size=400), limit=st.sampled_from([LIMIT, CAPTION_LIMIT]))
def test_telegram_takes_any_document(document: Document, prompt: str, limit: int) -> None:
    menu = Menu(prompt=prompt, options=(Button(label="7", line="/alert show 7"),))
    html = as_html(replace(document, menu=menu), limit)

    text, entities = parse_html(html)
    assert utf16(text) <= limit
    assert {entity.type for entity in entities} <= {"bold", "italic", "pre", "code"}
    assert not [entity for entity in with_found(text, entities) if entity.type == "mention"]


@given(DOCUMENTS, st.sampled_from([LIMIT, CAPTION_LIMIT]))
def test_the_headline_and_the_age_are_always_there(document: Document, limit: int) -> None:
    heading = document.blocks[0]
    assert isinstance(heading, Heading)

    seen = squashed(seen_in_telegram(as_html(document, limit)))

    simulated = "SIMULATED" if document.simulated else ""
    expected = squashed(SIGNS[heading.tone] + simulated + clean(heading.text[: limit // 10]))
    assert seen.startswith(expected)
    assert "asof2026-03-1412:00:00UTC" in seen


@given(rows=st.integers(1, 150), width=st.integers(0, 90), others=st.integers(0, 3))
def test_every_row_is_whole(rows: int, width: int, others: int) -> None:
    tables = (numbered(rows, width),) * (others + 1)
    blocks: tuple[Block, ...] = (Heading(text="rows"), *tables, FOOTER)

    _, *shown = re.split(r"(?=row\d)", seen_in_telegram(as_html(Document(blocks=blocks))))

    assert len(shown) >= others + 1
    for row in shown:
        assert "x" * width in squashed(row)
        assert f"end{row[3:].split()[0]}" in row.split()


@given(DOCUMENTS)
def test_no_line_of_a_table_is_wider_than_a_phone(document: Document) -> None:
    for table in re.findall(r"<pre>(.*?)</pre>", as_html(document), re.DOTALL):
        assert max(cell_len(line) for line in seen_in_telegram(f"<b>.</b>\n{table}").split("\n")) <= WIDTH


def test_shown_rows_are_the_first() -> None:
    text = seen_in_telegram(as_html(Document(blocks=(Heading(text="rows"), numbered(200, 10), FOOTER))))

    shown = [f"row{n}" in text.split() for n in range(200)]
    assert shown == sorted(shown, reverse=True)
    assert f"… {200 - sum(shown)} more rows" in text
    assert sum(shown) == len(list(takewhile(lambda n: f"end{n}" in text.split(), count())))

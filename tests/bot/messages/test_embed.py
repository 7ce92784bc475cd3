import re
from datetime import timedelta

import discord
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
from bot.messages.embed import DESCRIPTION_LIMIT, FOOTER_LIMIT, TITLE_LIMIT, WIDTH, Embed, as_embed
from bot.messages.layout import JOINER, SIGNS, clean, utf16
from tests.bot.messages.documents import DOCUMENTS, HOSTILE, embed_text, meant, seen_in_discord, squashed
from tests.builders import NOON

FOOTER = Footer(as_of=NOON, missing=("okx (stale 6m)",), note="rule 7")
LEGS = Table(
    columns=("venue", "APR", "OI", "age", "contract"),
    rows=(
        ("bybit", Rate(0.00005), Usd(1.2e9), Duration(timedelta(0)), "BTC/USDT:USDT"),
        ("binanceusdm", None, None, None, "BTC/USDT:USDT"),
    ),
)


def an_embed(*blocks: Heading | Paragraph | Fields | Table | Footer) -> Embed:
    return as_embed(Document(blocks=blocks))


def test_an_alert_is_a_title_words_a_table_and_its_age() -> None:
    embed = an_embed(
        Heading(text="BTC funding_oi", tone=Tone.TROUBLE), Paragraph(text="above *it*"), LEGS, FOOTER
    )

    assert embed["title"] == r"🔴 BTC funding\_oi"
    assert embed.get("description", "").split("\n") == [
        r"above \*it\*",
        "```",
        "venue             APR     OI",
        "bybit        +43.80 %  $1.2B",
        "  age 0s  contract BTC/USDT:USDT",
        "binanceusdm       n/a    n/a",
        "  age n/a",
        "  contract BTC/USDT:USDT",
        "```",
    ]
    assert embed.get("footer") == {"text": "as of 2026-03-14 12:00:00 UTC; rule 7\nleft out: okx (stale 6m)"}
    assert embed.get("timestamp") == "2026-03-14T12:00:00+00:00"


def test_discord_reads_it_as_it_was_meant() -> None:
    embed = an_embed(Heading(text="BTC", tone=Tone.CALM), LEGS, FOOTER)

    read = discord.Embed.from_dict(embed)

    assert read.to_dict().items() >= dict(embed).items()
    assert read.timestamp == NOON


def test_a_headline_alone_is_a_title_alone() -> None:
    assert an_embed(Heading(text="no")) == {"title": "no", "color": 0x95A5A6}


def test_named_values_are_lines_with_air_around_them() -> None:
    fields = Fields(rows=(("rings", "at once"), ("clears at", Rate(0.00005))))

    embed = an_embed(Heading(text="Rule 7"), Paragraph(text="so"), fields, Heading(text="then"))

    assert embed.get("description", "").split("\n") == [
        "so",
        "",
        "**rings**: at once",
        "**clears at**: +43.80\u00a0% APR",
        "",
        "**then**",
    ]


def test_an_age_in_between_keeps_its_place() -> None:
    embed = an_embed(Heading(text="two"), Footer(note="first"), Paragraph(text="more"), Footer(note="second"))

    assert embed.get("description") == "first\n\nmore"
    assert embed.get("footer") == {"text": "second"}


@pytest.mark.parametrize("tone", Tone)
def test_the_tone_is_told_by_a_sign_before_simulated(tone: Tone) -> None:
    document = Document(blocks=(Heading(text="BTC", tone=tone),), simulated=True)

    assert as_embed(document)["title"] == f"{SIGNS[tone]}SIMULATED BTC"


def test_each_tone_has_a_colour_and_a_sign_of_its_own() -> None:
    embeds = [an_embed(Heading(text="", tone=tone)) for tone in Tone]

    assert len({embed["color"] for embed in embeds}) == len(Tone)
    assert len({embed["title"] for embed in embeds}) == len(Tone)


def test_what_was_probably_meant_can_be_copied() -> None:
    document = Document(
        blocks=(Heading(text="Expected a base"),), suggestions=("/funding `x", "y" * 600, "/top")
    )

    assert (
        as_embed(document).get("description")
        == "Did you mean: `/funding \N{MODIFIER LETTER GRAVE ACCENT}x`, `/top`?"
    )


def test_buttons_and_menus_are_the_adapters() -> None:
    button = Button(label="Why", line="/why 7")
    plain = Document(blocks=(Heading(text="BTC"), FOOTER))

    pressed = Document(blocks=plain.blocks, buttons=(button,), menu=Menu(prompt="Which?", options=(button,)))

    assert as_embed(pressed) == as_embed(plain)


def test_a_headline_too_long_for_a_title_goes_on_below() -> None:
    words = "under_score " * 60

    embed = an_embed(Heading(text=words.strip(), tone=Tone.TROUBLE), FOOTER)

    assert TITLE_LIMIT - 20 < utf16(embed["title"]) <= TITLE_LIMIT
    assert embed["title"].endswith(r"under\_score…")
    assert embed.get("description", "").startswith(r"…under\_score")
    assert embed_text(embed).count("under_score") == 60


def test_a_title_is_one_line() -> None:
    embed = an_embed(Heading(text="first\nsecond"), Paragraph(text="third"))

    assert (embed["title"], embed.get("description")) == ("first", "second\nthird")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_from_outside_means_anything(hostile: str) -> None:
    blocks = (
        Heading(text=hostile),
        Paragraph(text=f"{hostile}\n{hostile}"),
        Fields(rows=((hostile, hostile),)),
        Footer(missing=(hostile,), note=hostile),
    )

    embed = an_embed(*blocks)

    description = embed.get("description", "")
    assert meant(embed["title"]) == meant(description) == []
    assert seen_in_discord(embed["title"]) == hostile
    assert seen_in_discord(description).count(hostile) == 4


@pytest.mark.parametrize(
    "obeyed", ["@everyone", "<@1>", "a *b*", "[x](y)", "https://x", "# h", "- l", ":tada:", "1. x", "> q"]
)
def test_what_the_reader_of_these_tests_looks_for_it_finds(obeyed: str) -> None:
    assert meant(obeyed)


def test_backticks_do_not_end_a_table() -> None:
    table = Table(columns=("venue", "why"), rows=(("okx", "``` @everyone"),))

    description = an_embed(Heading(text="BTC"), table).get("description", "")

    assert description.count("```") == 2
    assert description.endswith("@everyone\n```")


def test_rows_go_from_the_end_before_a_block_does_and_are_counted() -> None:
    rows = tuple((f"row{n}", "x" * 30) for n in range(200))
    embed = an_embed(
        Heading(text="h"), Table(columns=("r", "t"), rows=rows), Paragraph(text="and 2 more"), FOOTER
    )

    description = embed.get("description", "")

    shown = len(re.findall(r"row\d", description))
    assert f"… {200 - shown} more rows\n```\nand 2 more" in description
    assert DESCRIPTION_LIMIT - 100 < utf16(description) <= DESCRIPTION_LIMIT


def test_blocks_go_from_the_middle_where_rows_are_not_enough() -> None:
    embed = an_embed(Heading(text="h"), Paragraph(text="a" * 5000), Paragraph(text="kept"), FOOTER)

    assert embed.get("description") == "kept\n… 1 more part did not fit"


@given(DOCUMENTS)
def test_discord_takes_any_document(document: Document) -> None:
    embed = as_embed(document)

    assert utf16(embed["title"]) <= TITLE_LIMIT
    assert utf16(embed.get("description", "")) <= DESCRIPTION_LIMIT
    assert utf16(embed["footer"]["text"] if "footer" in embed else "") <= FOOTER_LIMIT
    assert len(discord.Embed.from_dict(embed)) <= 6000
    assert meant(embed["title"]) == meant(embed.get("description", "")) == []


@given(DOCUMENTS)
def test_the_headline_and_the_age_are_always_there(document: Document) -> None:
    heading = document.blocks[0]
    assert isinstance(heading, Heading)

    seen = squashed(embed_text(as_embed(document))).replace("…", "")

    simulated = "SIMULATED" if document.simulated else ""
    expected = squashed(SIGNS[heading.tone] + simulated + clean(heading.text[:400])).replace("…", "")
    assert seen.startswith(expected)
    assert "asof2026-03-1412:00:00UTC" in seen


@given(rows=st.integers(1, 150), width=st.integers(0, 90), others=st.integers(0, 3))
def test_every_row_is_whole(rows: int, width: int, others: int) -> None:
    table = Table(
        columns=("row", "text", "end"), rows=tuple((f"row{n}", "x" * width, f"end{n}") for n in range(rows))
    )

    embed = an_embed(Heading(text="rows"), *[table] * (others + 1), FOOTER)

    _, *shown = re.split(r"(?=row\d)", embed.get("description", ""))
    assert len(shown) >= others + 1
    for row in shown:
        assert "x" * width in squashed(row)
        assert f"end{row[3:].split()[0]}" in row.split()


@given(DOCUMENTS)
def test_no_line_of_a_table_is_wider_than_a_phone(document: Document) -> None:
    for table in re.findall(r"```\n(.*?)\n```", as_embed(document).get("description", ""), re.DOTALL):
        assert max(cell_len(line) for line in table.split("\n")) <= WIDTH


def test_a_number_is_not_a_link() -> None:
    assert JOINER not in embed_text(an_embed(Heading(text="65.7 % APR, 0.06 %/8h")))

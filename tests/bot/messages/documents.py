"""Documents of any size and content, and what a reader of each platform sees of a rendering."""

import re
from datetime import timedelta

from hypothesis import strategies as st

from bot.messages.document import (
    Block,
    Document,
    Duration,
    Fields,
    Footer,
    Heading,
    IntervalRate,
    Move,
    Paragraph,
    Rate,
    Score,
    Share,
    Table,
    Tone,
    Usd,
)
from bot.messages.embed import Embed
from bot.messages.layout import JOINER
from tests.builders import NOON
from tests.loopback.telegram.markup import parse_html

HOSTILE = (
    "@everyone",
    "@durov",
    "<@123456789012345678>",
    "<@&12345678901234567>",
    "<#1>",
    "</forget:1>",
    "<t:0:R>",
    ":tada:",
    "[free coins](https://evil.example/x)",
    "https://evil.example/x",
    "evil.com",
    "127.0.0.1",
    "tg://user?id=1",
    "```",
    "`",
    "**bold** __u__ ~~s~~ ||spoiler||",
    "# heading",
    "> quote",
    "- list",
    "1. list",
    "<b>",
    "</pre>",
    "&lt;&amp;",
    "\\",
)
"""What means something to a chat that it must not mean."""

TEXT = st.text(max_size=40) | st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE)).map(" ".join)
LONG = st.builds(lambda text, times: f"{text} " * times, TEXT, st.sampled_from([1, 1, 1, 2, 30, 400]))
CELLS = st.one_of(
    TEXT,
    st.none(),
    st.integers(),
    st.builds(Rate, st.floats(-1, 1), st.booleans()),
    st.builds(IntervalRate, st.floats(-1, 1), st.just(timedelta(hours=8)) | st.none()),
    st.builds(Usd, st.floats(-1e13, 1e13), st.booleans()),
    st.builds(Share, st.floats(-2, 2), st.booleans()),
    st.builds(Move, st.floats(-2, 2)),
    st.builds(Score, st.floats(-100, 100)),
    st.builds(Duration, st.timedeltas()),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = draw(st.lists(TEXT, min_size=1, max_size=8, unique=True))
    row = st.tuples(*(CELLS for _ in columns))
    rows = draw(st.lists(row, max_size=4)) * draw(st.sampled_from([1, 1, 10, 60]))
    return Table(columns=tuple(columns), rows=tuple(rows))


@st.composite
def fields(draw: st.DrawFn) -> Fields:
    rows = draw(st.lists(st.tuples(TEXT, CELLS), max_size=4)) * draw(st.sampled_from([1, 1, 50]))
    return Fields(rows=tuple(rows))


TONES = st.sampled_from(Tone)
HEADINGS = st.builds(lambda text, tone: Heading(text=f"h{text}", tone=tone), LONG, TONES)
MIDDLE: st.SearchStrategy[Block] = st.one_of(
    st.builds(lambda text: Paragraph(text=text), LONG), tables(), fields(), HEADINGS
)
FOOTERS = st.builds(
    lambda missing, note: Footer(as_of=NOON, missing=tuple(missing), note=note),
    st.lists(TEXT, max_size=40),
    LONG,
)
DOCUMENTS = st.builds(
    lambda heading, middle, footer, suggestions, simulated: Document(
        blocks=(heading, *middle, footer), suggestions=tuple(suggestions), simulated=simulated
    ),
    HEADINGS,
    st.lists(MIDDLE, max_size=6),
    FOOTERS,
    st.lists(LONG, max_size=3),
    st.booleans(),
)

_SEEN = re.compile(
    r"```\n(?P<block>.*?)\n```|`(?P<code>[^`\n]*)`|\\(?P<escaped>[^0-9A-Za-z\s])|(?P<bold>\*\*)|(?P<other>.)",
    re.DOTALL,
)
_MEANT = re.compile(
    r"[*_~`|\[]|<|:(?=[A-Za-z0-9_+-]+:)|https?://|@(?:everyone|here)|^\s*(?:-?#|>|[-+]\s|\d+\.\s)"
)


def seen_in_telegram(html: str) -> str:
    """Return the text that Telegram shows, and fail where it would refuse it."""
    text, _ = parse_html(html)
    return text.replace(JOINER, "")


def seen_in_discord(markdown: str) -> str:
    """Return the text that Discord shows: what is code or escaped as it is, and bold without its stars."""
    shown = (
        match["block"] or match["code"] or match["escaped"] or match["other"] or ""
        for match in _SEEN.finditer(markdown)
    )
    return "".join(shown).replace(JOINER, "")


def embed_text(embed: Embed) -> str:
    """Return all that Discord shows of an embed."""
    footer = embed["footer"]["text"] if "footer" in embed else ""
    return "\n".join([seen_in_discord(embed["title"]), seen_in_discord(embed.get("description", "")), footer])


def meant(markdown: str) -> list[str]:
    """Return the marks that Discord would obey, but for code and bold."""
    plain = "".join(
        "x" if match["escaped"] or match["code"] or match["block"] else match["other"] or ""
        for match in _SEEN.finditer(markdown)
    )
    return [mark for line in plain.split("\n") for mark in _MEANT.findall(line)]


def squashed(text: str) -> str:
    """Return a text without spaces, which line breaks replace."""
    return "".join(text.split())

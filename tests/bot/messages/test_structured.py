import json
from datetime import timedelta

from bot.messages.document import (
    Button,
    Countdown,
    Document,
    Duration,
    Fields,
    Footer,
    Heading,
    IntervalRate,
    Menu,
    Moment,
    Move,
    Paragraph,
    Price,
    Rate,
    Score,
    Share,
    Table,
    Tone,
    Usd,
    UsdPerHour,
)
from bot.messages.structured import as_json, cell_as_json
from tests.bot.messages.pictures import a_picture
from tests.builders import NOON


def test_every_block_becomes_data() -> None:
    document = Document(
        blocks=(
            Heading(text="BTC", tone=Tone.CALM),
            Paragraph(text="words"),
            Table(columns=("venue", "APR"), rows=(("okx", Rate(0.00005)), ("gate", None))),
            Fields(rows=(("OI", Usd(5.0)),)),
            Footer(as_of=NOON, missing=("mexc (blocked)",), note="rule 7"),
        ),
        suggestions=("BCH",),
        buttons=(Button(label="Next", line="/alert list 2", in_place=True),),
        menu=Menu(prompt="Which rule?", options=(Button(label="7", line="/alert pause 7"),)),
        picture=a_picture(alt="7 days of funding"),
        failed=True,
        simulated=True,
    )

    assert json.loads(json.dumps(as_json(document), allow_nan=False)) == {
        "failed": True,
        "simulated": True,
        "blocks": [
            {"kind": "heading", "text": "BTC", "tone": "calm"},
            {"kind": "paragraph", "text": "words"},
            {
                "kind": "table",
                "columns": ["venue", "APR"],
                "rows": [
                    {"venue": "okx", "APR": {"value": 0.00005, "unit": "fraction per hour"}},
                    {"venue": "gate", "APR": None},
                ],
            },
            {"kind": "fields", "values": {"OI": {"value": 5.0, "unit": "USD"}}},
            {
                "kind": "footer",
                "as_of": "2026-03-14T12:00:00+00:00",
                "missing": ["mexc (blocked)"],
                "note": "rule 7",
            },
        ],
        "suggestions": ["BCH"],
        "buttons": [{"label": "Next", "line": "/alert list 2", "in_place": True}],
        "menu": {
            "prompt": "Which rule?",
            "options": [{"label": "7", "line": "/alert pause 7", "in_place": False}],
        },
        "picture": {"alt": "7 days of funding"},
    }


def test_nothing_to_press_or_to_look_at_is_said_too() -> None:
    rendered = as_json(Document(blocks=(Heading(text="BTC"),)))

    assert isinstance(rendered, dict)
    assert (rendered["buttons"], rendered["menu"], rendered["picture"]) == ([], None, None)


def test_quantities_carry_their_units_unrounded() -> None:
    at = "2026-03-14T12:00:00+00:00"

    assert cell_as_json(IntervalRate(1 / 3, timedelta(hours=8))) == {
        "value": 1 / 3,
        "unit": "fraction per interval",
        "interval_seconds": 28800.0,
    }
    assert cell_as_json(IntervalRate(0.1, None)) == {
        "value": 0.1,
        "unit": "fraction per interval",
        "interval_seconds": None,
    }
    assert cell_as_json(UsdPerHour(-2.5)) == {"value": -2.5, "unit": "USD per hour"}
    assert cell_as_json(Price(60_000.5)) == {"value": 60_000.5, "unit": "USD"}
    assert cell_as_json(Share(0.83)) == {"value": 0.83, "unit": "share"}
    assert cell_as_json(Move(-0.012)) == {"value": -0.012, "unit": "relative change"}
    assert cell_as_json(Score(4.8)) == {"value": 4.8, "unit": "robust z"}
    assert cell_as_json(Duration(timedelta(minutes=2))) == {"value": 120.0, "unit": "seconds"}
    assert cell_as_json(Moment(NOON)) == {"value": at, "unit": "time"}
    assert cell_as_json(Countdown(at=NOON, now=NOON)) == {"value": at, "unit": "time"}
    assert cell_as_json(7) == 7


def test_a_floor_says_that_it_is_one() -> None:
    usd = {"value": 5.0, "unit": "USD", "at_least": True}

    assert cell_as_json(Usd(5.0, at_least=True)) == usd
    assert cell_as_json(Share(0.5, at_least=True)) == {"value": 0.5, "unit": "share", "at_least": True}
    assert cell_as_json(Usd(5.0)) == {"value": 5.0, "unit": "USD"}

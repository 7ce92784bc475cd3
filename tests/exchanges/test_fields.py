from datetime import UTC, datetime, timedelta

import pytest

from monitors.exchanges import fields

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("text", [None, "", "n/a", "NaN", "inf", True, [], {}, "1" + "0" * 400])
def test_what_is_no_finite_number_is_missing_and_not_zero(text: object) -> None:
    assert fields.number(text) is None


def test_numbers_come_as_numbers_or_as_text() -> None:
    assert (fields.number("-0.0001"), fields.number(5), fields.number("1e-8")) == (-0.0001, 5.0, 1e-8)


def test_a_price_of_zero_is_an_unknown_price_while_an_amount_of_zero_is_an_amount() -> None:
    assert (fields.positive("0"), fields.positive("-1"), fields.amount("0"), fields.amount("-1")) == (
        None,
        None,
        0.0,
        None,
    )


@pytest.mark.parametrize("value", [None, 0, "0", "", -1, 1e300, "soon"])
def test_a_time_that_cannot_be_is_missing(value: object) -> None:
    assert fields.moment(value) is None


def test_a_time_survives_the_way_to_milliseconds_and_back() -> None:
    at = datetime(2026, 3, 14, 12, 0, 0, 123000, tzinfo=UTC)

    assert fields.moment(str(fields.milliseconds(at))) == at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8h", 8 * HOUR),
        ("1h", HOUR),
        ("2h", 2 * HOUR),
        ("7200000", 2 * HOUR),
        ("28800000", 8 * HOUR),
        (None, None),
        ("", None),
        ("h", None),
        ("0h", None),
        ("-8h", None),
        ("0", None),
        ("900000h", None),
        ("weekly", None),
    ],
)
def test_an_interval_is_read_from_ccxts_letters_and_from_the_milliseconds_it_lets_through(
    text: str | None, expected: timedelta | None
) -> None:
    assert fields.interval(text) == expected


def test_a_document_of_another_shape_has_no_entries() -> None:
    shapes: list[object] = [
        None,
        "<html></html>",
        "",
        [],
        {},
        {"data": None},
        {"data": {"list": {}}},
        {"data": "x"},
    ]

    assert [fields.entries(shape, "data", "list") for shape in shapes] == [[]] * len(shapes)
    assert fields.entries({"data": {"list": [1]}}, "data", "list") == [1]


def test_rows_without_their_id_are_left_out_of_an_index() -> None:
    assert fields.by_id([{"id": 7, "x": 1}, {"x": 2}, None, "row"], "id") == {"7": {"id": 7, "x": 1}}

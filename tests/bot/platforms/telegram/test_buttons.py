"""Buttons in rows, and the lines that they carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardButton

from bot.messages.document import LONGEST_LINE, Button, Document, Heading, Menu
from bot.platforms.telegram.buttons import ALL_BUTTONS, ROW_BUTTONS, decode, encode, keyboard


def a_button(label: str, line: str = "/top", *, in_place: bool = False) -> Button:
    return Button(label=label, line=line, in_place=in_place)


def labels(*buttons: Button, menu: Menu | None = None) -> list[list[str]]:
    markup = keyboard(Document(blocks=(Heading(text="?"),), buttons=buttons, menu=menu))
    return [] if markup is None else [[one.text for one in row] for row in markup.inline_keyboard]


def test_a_button_carries_its_line_and_its_manner() -> None:
    assert decode(encode(a_button("Next", "/top 2", in_place=True))) == ("/top 2", True)
    assert decode(encode(a_button("Why", "/why 7"))) == ("/why 7", False)


@pytest.mark.parametrize("data", ["", "1", "1:", "1!", "2:/top", "/top", "0|/top"])
def test_what_another_version_sent_is_not_read(data: str) -> None:
    assert decode(data) is None


def test_the_longest_line_fits_into_what_telegram_carries() -> None:
    button = a_button("Why", "/" + "é" * ((LONGEST_LINE - 1) // 2))

    assert len(encode(button).encode()) <= 64


def test_no_buttons_are_no_keyboard() -> None:
    assert keyboard(Document(blocks=(Heading(text="?"),))) is None


def test_short_labels_share_a_row_and_long_ones_do_not() -> None:
    buttons = [a_button(label) for label in ("Why", "1 h", "8 h", "Mute until resolved", "Edit")]

    assert labels(*buttons) == [["Why", "1 h", "8 h"], ["Mute until resolved"], ["Edit"]]


def test_labels_are_measured_as_a_phone_shows_them() -> None:
    assert labels(*[a_button("資金調達率資金") for _ in range(3)]) == [
        ["資金調達率資金"] * 2,
        ["資金調達率資金"],
    ]


def test_choices_stand_above_the_buttons() -> None:
    menu = Menu(prompt="Which?", options=(a_button("BTC"), a_button("ETH")))

    assert labels(a_button("Help"), menu=menu) == [["BTC", "ETH"], ["Help"]]


def test_what_telegram_could_not_carry_in_all_is_left_out() -> None:
    shown = labels(*[a_button("資" * 30, "/" + "x" * 61) for _ in range(ALL_BUTTONS)])

    assert 0 < len(shown) < ALL_BUTTONS


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=150))
def test_every_keyboard_stays_within_telegrams_limits(texts: list[str]) -> None:
    markup = keyboard(
        Document(blocks=(Heading(text="?"),), buttons=tuple(a_button(text, "/" + "x" * 61) for text in texts))
    )

    assert markup is not None
    cells: list[InlineKeyboardButton] = [cell for row in markup.inline_keyboard for cell in row]
    assert [cell.text for cell in cells] == texts[: len(cells)]
    assert len(cells) <= ALL_BUTTONS
    assert all(len(row) <= ROW_BUTTONS for row in markup.inline_keyboard)
    assert len(markup.to_json().encode("ascii", "ignore")) <= 10_240

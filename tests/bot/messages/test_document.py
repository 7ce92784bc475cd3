import pytest

from bot.messages.document import LONGEST_LINE, Button, Menu, Picture, Table
from tests.bot.messages.pictures import a_png


@pytest.mark.parametrize(
    ("label", "line"),
    [("", "/help"), ("Help", ""), ("Help", "/" + "x" * LONGEST_LINE), ("Help", "/" + "é" * 31)],
)
def test_a_button_that_no_platform_could_carry_is_refused(label: str, line: str) -> None:
    with pytest.raises(ValueError, match=f"expected a label and 1 to {LONGEST_LINE} bytes, found"):
        Button(label=label, line=line)


def test_the_longest_line_is_a_button() -> None:
    longest = Button(label="Help", line="x" * LONGEST_LINE)

    assert len(longest.line) == LONGEST_LINE


def test_a_menu_without_a_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one option"):
        Menu(prompt="Base", options=())


@pytest.mark.parametrize(
    ("columns", "rows", "fault"),
    [
        (("venue", "venue"), (), "expected columns of different names"),
        (("venue", "APR"), (("okx",),), "expected 2 cells, found 1"),
    ],
)
def test_a_table_that_cannot_be_laid_out_is_refused(
    columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        Table(columns=columns, rows=rows)


@pytest.mark.parametrize(("png", "alt"), [(b"GIF89a", "a line"), (a_png(), ""), (a_png(), "x" * 1025)])
def test_a_picture_that_is_none_or_goes_without_words_is_refused(png: bytes, alt: str) -> None:
    with pytest.raises(ValueError, match="expected a PNG and 1 to 1024 characters"):
        Picture(png=png, alt=alt)

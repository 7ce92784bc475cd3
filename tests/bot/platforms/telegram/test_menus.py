"""Menus of commands."""

import re

from bot.commands.context import Who
from bot.commands.registry import specs
from bot.commands.spec import Spec
from bot.platforms.telegram.menus import LONGEST_SUMMARY, menu


def a_spec(name: str, *, who: Who = Who.MEMBER, summary: str = "does something") -> Spec:
    return Spec(name=name, summary=summary, who=who, arguments=())


def test_a_family_is_one_entry_that_names_its_commands() -> None:
    family = [a_spec("alert add", who=Who.EDITOR), a_spec("alert list"), a_spec("top", summary="rankings")]

    assert menu(family, Who.MEMBER) == [("alert", "add, list"), ("top", "rankings")]


def test_a_command_beside_its_family_is_told_first() -> None:
    assert menu([a_spec("settings", summary="what holds here"), a_spec("settings allow")], Who.MEMBER) == [
        ("settings", "what holds here; allow")
    ]


def test_nobody_is_shown_what_only_others_may_give() -> None:
    known = [a_spec("subscribe", who=Who.EDITOR), a_spec("forget", who=Who.ADMIN), a_spec("top")]

    assert [name for name, _ in menu(known, Who.MEMBER)] == ["top"]
    assert [name for name, _ in menu(known, Who.EDITOR)] == ["subscribe", "top"]
    assert [name for name, _ in menu(known, Who.ADMIN)] == ["subscribe", "forget", "top"]


def test_a_long_summary_is_cut_to_what_telegram_takes() -> None:
    ((_, summary),) = menu([a_spec("top", summary="x" * 400)], Who.MEMBER)

    assert len(summary) == LONGEST_SUMMARY


def test_every_command_there_is_fits_into_a_menu() -> None:
    entries = menu(specs(), Who.ADMIN)

    assert {name for name, _ in entries} == {spec.name.split()[0] for spec in specs()}
    assert all(re.fullmatch("[a-z0-9_]{1,32}", name) and summary for name, summary in entries)

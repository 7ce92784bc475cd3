from dataclasses import replace
from datetime import timedelta

from bot.spam_guard import GLANCES, PER_CHAT, PER_PERSON, SpamGuard, Verdict
from monitors.alerts.rules import Destination
from tests.bot.contexts import an_asker
from tests.fakes import FakeClock

GROUP = Destination(platform="telegram", chat="-100")


class Crowd:
    """People who command at one bot."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.guard = SpamGuard(self.clock)

    def commands(self, count: int, *, user: str = "ann", to: Destination = GROUP) -> list[Verdict]:
        asker = replace(an_asker(), destination=to, user=user)
        return [self.guard.look(asker) for _ in range(count)]


def test_a_person_may_command_so_often_is_warned_once_and_then_ignored() -> None:
    crowd = Crowd()

    verdicts = crowd.commands(PER_PERSON.burst + 3)

    assert verdicts == [Verdict.ANSWER] * PER_PERSON.burst + [Verdict.WARN, Verdict.IGNORE, Verdict.IGNORE]


def test_waiting_gives_a_command_back_and_a_new_warning() -> None:
    crowd = Crowd()
    crowd.commands(PER_PERSON.burst + 2)

    crowd.clock.advance(PER_PERSON.every)

    assert crowd.commands(3) == [Verdict.ANSWER, Verdict.WARN, Verdict.IGNORE]


def test_one_person_does_not_use_up_anothers_allowance() -> None:
    crowd = Crowd()
    crowd.commands(PER_PERSON.burst + 2, user="ann")

    assert crowd.commands(1, user="bob") == [Verdict.ANSWER]


def test_a_person_is_counted_over_all_chats_of_a_platform() -> None:
    crowd = Crowd()
    crowd.commands(PER_PERSON.burst, to=GROUP)

    elsewhere = crowd.commands(1, to=replace(GROUP, chat="-200"))
    on_discord = crowd.commands(1, to=replace(GROUP, platform="discord"))

    assert (elsewhere, on_discord) == ([Verdict.WARN], [Verdict.ANSWER])


def test_a_chat_as_a_whole_is_counted_too_its_threads_together() -> None:
    crowd = Crowd()

    verdicts = [
        verdict
        for number in range(PER_CHAT.burst + 2)
        for verdict in crowd.commands(1, user=f"user {number}", to=replace(GROUP, thread=str(number % 2)))
    ]

    assert verdicts == [Verdict.ANSWER] * PER_CHAT.burst + [Verdict.WARN, Verdict.IGNORE]


def test_a_channel_whose_writers_are_not_told_is_counted_as_a_chat_only() -> None:
    crowd = Crowd()

    verdicts = crowd.commands(PER_PERSON.burst + 1, user="")

    assert set(verdicts) == {Verdict.ANSWER}


def test_who_was_never_seen_again_is_forgotten_first() -> None:
    crowd = Crowd()
    crowd.commands(PER_PERSON.burst + 1, user="ann", to=replace(GROUP, chat="1"))
    for number in range(10_000):
        crowd.commands(1, user=str(number), to=replace(GROUP, chat="2"))
        crowd.clock.advance(timedelta(seconds=1))

    assert crowd.commands(1, user="ann", to=replace(GROUP, chat="1")) == [Verdict.ANSWER]


def test_looking_up_while_typing_takes_nothing_from_commands() -> None:
    crowd = Crowd()
    asker = replace(an_asker(), destination=GROUP, user="ann")

    glances = [crowd.guard.glance(asker) for _ in range(GLANCES.burst + 1)]
    crowd.clock.advance(GLANCES.every)

    assert glances == [True] * GLANCES.burst + [False]
    assert crowd.guard.glance(asker)
    assert crowd.commands(1) == [Verdict.ANSWER]

from dataclasses import replace

import pytest

from monitors.alerts.delivery import Alert, Letter, Missed
from monitors.alerts.levels import Bucket
from monitors.alerts.states import Reason
from tests.builders import HOME, NOON, a_level, a_rule, a_series, an_alert


@pytest.mark.parametrize(("ids", "contents"), [((), ()), ((1,), ()), ((), (an_alert(),))])
def test_a_letter_says_something_and_has_a_number(ids: tuple[int, ...], contents: tuple[Alert, ...]) -> None:
    with pytest.raises(ValueError, match="expected ids and contents, found"):
        Letter(ids=ids, destination=HOME, group="funding", contents=contents)


def test_a_rule_that_is_not_there_is_let_go_without_a_word() -> None:
    bucket = Bucket()
    bucket.add(a_rule(1, level=a_level(1.0)))

    bucket.discard(a_rule(2, level=a_level(1.0)))
    bucket.discard(a_rule(3, level=a_level(9.0)))

    assert list(bucket.met(2.0)) == [1]


def test_a_letter_shows_the_last_of_each_episode_and_all_that_has_none() -> None:
    def alert(reason: Reason, base: str) -> Alert:
        return an_alert(reason, series=a_series(base=base))

    missed = Missed(destination=HOME, silenced="BTC", count=1, since=NOON, at=NOON)
    contents = (
        *(alert(Reason.FIRST, "BTC"), alert(Reason.FIRST, "ETH"), missed, alert(Reason.ESCALATED, "BTC")),
        *(replace(missed, silenced="ETH"), alert(Reason.RESOLVED, "BTC")),
    )

    letter = Letter(ids=(1, 2, 3, 4, 5, 6), destination=HOME, group="funding", contents=contents)

    assert letter.words == tuple(contents[place] for place in (1, 2, 4, 5))

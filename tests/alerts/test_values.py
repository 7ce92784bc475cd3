import pytest

from monitors.alerts.delivery import Letter
from monitors.alerts.levels import Bucket
from tests.builders import HOME, a_level, a_rule, an_alert


@pytest.mark.parametrize(("ids", "contents"), [((), ()), ((1, 2), (an_alert(),))])
def test_a_letter_says_something_and_each_content_has_its_row(
    ids: tuple[int, ...], contents: tuple[()]
) -> None:
    with pytest.raises(ValueError, match="expected one id per content, found"):
        Letter(ids=ids, destination=HOME, group="funding", contents=contents)


def test_a_rule_that_is_not_there_is_let_go_without_a_word() -> None:
    bucket = Bucket()
    bucket.add(a_rule(1, level=a_level(1.0)))

    bucket.discard(a_rule(2, level=a_level(1.0)))
    bucket.discard(a_rule(3, level=a_level(9.0)))

    assert list(bucket.met(2.0)) == [1]

"""Alerts to letters: what is told one by one and what in a summary. Pure."""

from collections.abc import Sequence

from monitors.alerts.delivery import LARGEST_UNGROUPED, Content, Letter
from monitors.alerts.rules import Destination


def arrange(
    destination: Destination, group: str, waiting: Sequence[tuple[int, Content]], *, late: bool
) -> tuple[Letter, ...]:
    """Turn the (outbox id, content) pairs that wait for one chat and group into letters.

    One to three are told one by one, four and more in one summary; late ones always in a summary that says so.
    """
    if late or len(waiting) > LARGEST_UNGROUPED:
        ids, contents = zip(*waiting, strict=True)
        return (Letter(ids=ids, destination=destination, group=group, contents=contents, late=late),)
    return tuple(
        Letter(ids=(row_id,), destination=destination, group=group, contents=(content,))
        for row_id, content in waiting
    )

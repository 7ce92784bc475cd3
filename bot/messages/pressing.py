"""What can be pressed under what a chat was told, and how a line becomes a button."""

from collections.abc import Iterable, Sequence

from bot.messages.document import LONGEST_LINE, Button, Menu
from monitors.alerts.delivery import OVER, Alert, Content, Missed, Notice
from monitors.alerts.states import Reason

MOST_OPTIONS = 25
"""How many options a menu may have: Discord's limit for a select."""


def press(label: str, line: str, *, in_place: bool = False) -> tuple[Button, ...]:
    """Return the button as a tuple of one; of none where the line is too long to be carried."""
    if len(line.encode()) > LONGEST_LINE:
        return ()
    return (Button(label=label, line=line, in_place=in_place),)


def menu_of(prompt: str, options: Iterable[tuple[Button, ...]]) -> Menu | None:
    """Return the menu of what `press` made, as far as it has room; None without any option."""
    carried = tuple(button for one in options for button in one)[:MOST_OPTIONS]
    return Menu(prompt=prompt, options=carried) if carried else None


def under(contents: Sequence[Content], number: int) -> tuple[Button, ...]:
    """Return what can be pressed under the message of that number."""
    if len(contents) > 1:
        return (Button(label="Show all", line=f"/why {number}"), *_mutes(_going_on(contents), number))
    content = contents[0]
    if isinstance(content, Notice):
        return (Button(label="Status", line="/status"),)
    if isinstance(content, Missed):
        return (Button(label="What was missed", line="/alert history"),)
    return (
        Button(label="Why", line=f"/why {number}"),
        *_mutes(_going_on(contents), number),
        Button(label="Edit", line=f"/alert edit {content.rule.id}"),
    )


def _going_on(contents: Iterable[Content]) -> list[Alert]:
    return [one for one in contents if isinstance(one, Alert) and one.reason not in OVER]


def _mutes(alerts: Sequence[Alert], number: int) -> tuple[Button, ...]:
    """Return the silences to choose from: of the rule where it is only one, else of everything."""
    if not alerts:
        return ()
    rules = {alert.rule.id for alert in alerts}
    subject, name = (f" {rules.pop()}", "Mute") if len(rules) == 1 else ("", "Mute all")
    lengths = [Button(label=f"{name} {hours} h", line=f"/mute {hours}h{subject}") for hours in (1, 8)]
    if any(alert.reason is not Reason.EVENT for alert in alerts):
        lengths.append(Button(label="Mute until over", line=f"/mute resolved #{number}"))
    return tuple(lengths)

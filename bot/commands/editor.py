"""The usual changes of a rule, to choose from."""

from bot.commands.drafting import check_level
from bot.commands.errors import UsageError
from bot.commands.levels import parse_level, typed_level
from bot.commands.rule_words import line_of, sentence
from bot.messages import numbers
from bot.messages.document import Button, Document, Heading, Menu, Paragraph
from monitors.alerts.rules import Rule, Severity
from monitors.metrics.registry import metric

_FACTORS = (0.8, 1.25, 2.0)


def change_choices(rule: Rule) -> Document:
    """Return the changes that a rule's author most often wants, each as a whole command."""
    options = [
        *_levels(rule),
        _option("Resume", f"/alert resume {rule.id}")
        if rule.paused
        else _option("Pause", f"/alert pause {rule.id}"),
        *(
            _option(f"Severity {severity}", f"/alert edit {rule.id} severity {severity}")
            for severity in reversed(Severity)
            if severity is not rule.severity
        ),
        _option("Remove", f"/alert rm {rule.id}"),
    ]
    blocks = (
        Heading(text=f"Change rule {rule.id}: {sentence(rule)}"),
        Paragraph(text=f"It is: {line_of(rule)}"),
        Paragraph(text=f"Any clause can be changed: /alert edit {rule.id} for 2m every 8h"),
    )
    back = Button(label="Back", line=f"/alert show {rule.id}", in_place=True)
    return Document(blocks=blocks, menu=Menu(prompt="Change", options=tuple(options)), buttons=(back,))


def _levels(rule: Rule) -> list[Button]:
    level = rule.level
    if level is None or not level.fire_at:
        return []
    watched = metric(rule.metric)
    options: list[Button] = []
    for factor in _FACTORS:
        typed = typed_level(factor * level.fire_at, watched.unit)
        try:
            read = parse_level(typed, watched.unit)
            check_level(watched, read)
        except UsageError:  # beyond what the metric can be
            continue
        words = f"{level.direction} {numbers.level(read.value, watched.unit)}"
        options.append(
            _option(
                f"{factor:g} times the level: {words}", f"/alert edit {rule.id} {level.direction} {typed}"
            )
        )
    return options


def _option(label: str, line: str) -> Button:
    return Button(label=label, line=line, in_place=True)

"""PRESETS: rules that a newcomer wants, in one word; written in the same language as any other rule."""

from dataclasses import dataclass

from bot.commands.errors import UsageError
from bot.commands.suggest import closest


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named set of rules."""

    name: str
    summary: str
    lines: tuple[str, ...]
    """Each as a person would type it behind `/alert add`."""


PRESETS = (
    Preset(
        name="extremes",
        summary="funding so far from its anchor that one side is crowded",
        lines=(
            "funding any above 65.7% apr for 2m",  # 0.06 % per 8 h, six times the interest anchor
            "funding any below -32.85% apr for 2m",  # negative funding is the rarer kind
        ),
    ),
    Preset(
        name="spreads",
        summary="venues that disagree on funding",
        lines=("spread any above 50% apr for 5m",),
    ),
)


def find_presets(name: str | None) -> tuple[Preset, ...]:
    """Return the preset of that name, or all of them when none is named.

    Raises:
        UsageError: there is none of that name.
    """
    if name is None:
        return PRESETS
    names = [preset.name for preset in PRESETS]
    found = tuple(preset for preset in PRESETS if preset.name == name.lower())
    if not found:
        raise UsageError(f"Expected one of {', '.join(names)}, found {name!r}.", closest(name, names))
    return found

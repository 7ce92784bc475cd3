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
    is_usual: bool = True
    """Whether it is among those that one gets without naming any: these do not overlap."""


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
    Preset(
        name="cascades",
        summary="forced closes that feed on themselves, of a coin or of the whole market",
        lines=("cascade any above $2M", "cascade market above $2M severity critical"),
    ),
    Preset(
        name="liq-majors",
        summary="liquidations of BTC and ETH: an hour's total, and cascades",
        lines=(
            "liquidations BTC above $20M",  # an hour's first step of severity: 50 million, times BTC's 0.4
            "liquidations ETH above $12.5M",  # the same, times ETH's 0.25
            "cascade BTC above $2M",
            "cascade ETH above $2M",
        ),
        is_usual=False,
    ),
    Preset(
        name="risk-desk",
        summary="crowded funding of all venues together, and what is flushed of it",
        lines=(
            "funding_oi any above 32.85% apr for 5m",
            "funding_oi any below -16.425% apr for 5m",
            "liquidations_to_oi any above 0.5%",
            "cascade any above $10M",
            "cascade market above $10M severity critical",
        ),
        is_usual=False,
    ),
)
USUAL = tuple(preset for preset in PRESETS if preset.is_usual)


def find_presets(name: str | None, otherwise: tuple[Preset, ...]) -> tuple[Preset, ...]:
    """Return the preset of that name, or the others when none is named.

    Raises:
        UsageError: there is none of that name.
    """
    if name is None:
        return otherwise
    names = [preset.name for preset in PRESETS]
    found = tuple(preset for preset in PRESETS if preset.name == name.lower())
    if not found:
        raise UsageError(f"Expected one of {', '.join(names)}, found {name!r}.", closest(name, names))
    return found

"""Silences in words: what is muted, and until when."""

from bot.commands.context import Context
from bot.messages import numbers, wording
from monitors.alerts.chats import Silence
from monitors.alerts.states import Episode
from monitors.metrics.registry import metric


async def in_words(context: Context) -> list[tuple[str, str]]:
    """Return what is muted here now and until when, the first to end first."""
    held = await context.silences.of(context.destination, context.now)
    episodes = {one.key: one for one in await context.rules.episodes(context.destination)}
    return [(_what(silence, episodes), end_of(silence)) for silence in held]


def about(silence: Silence) -> tuple[str | None, int | None, str | None]:
    """Return what a silence is about: two of a chat about the same are one."""
    return (silence.base, silence.rule, silence.episode)


def end_of(silence: Silence) -> str:
    """Say when a silence ends."""
    return "until it is resolved" if silence.until is None else f"until {numbers.moment(silence.until)}"


def _what(silence: Silence, episodes: dict[str, Episode]) -> str:
    if silence.episode is not None:
        episode = episodes.get(silence.episode)
        return "an episode that is over" if episode is None else _of_episode(episode)
    if silence.rule is not None:
        return f"rule {silence.rule}"
    return wording.muted(silence.base or "everything")


def _of_episode(episode: Episode) -> str:
    series = episode.series
    subject = f"{wording.coin(series.base, series.margin)} {metric(series.metric).title}"
    return f"{subject}{wording.on_venue(series.venue)} (rule {episode.rule})"

"""All cascades of a simulated market: those that its story tells, and those that were asked for."""

from datetime import datetime, timedelta

from monitors.simulator.cascade import Cascade, Strain, together
from monitors.simulator.story import Story


class Cascades:
    """Which cascades are felt when."""

    def __init__(self, story: Story | None) -> None:
        self._story = story
        self._own: list[Cascade] = []

    def add(self, cascade: Cascade) -> None:
        """Let one more happen."""
        self._own.append(cascade)

    def felt(self, since: datetime, until: datetime) -> list[Cascade]:
        """Return those felt at some time in [since, until), the story's first."""
        told = self._story.cascades(since, until) if self._story else []
        return told + [each for each in self._own if each.started_at < until and each.forgotten_at > since]

    def strains(self, at: datetime) -> dict[str, Strain]:
        """Return what they do to each coin at a moment, only where they do anything."""
        felt = self.felt(at, at + timedelta(microseconds=1))
        tickers = {ticker for each in felt for ticker in each.tickers}
        return {
            ticker: together(each.strain(at) for each in felt if ticker in each.tickers) for ticker in tickers
        }

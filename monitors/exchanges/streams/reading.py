"""From raw frames to prints in the inbox, with a count of what was left out and why."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from monitors.exchanges import fields
from monitors.exchanges.streams.defects import Contained
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read
from monitors.liquidation import Liquidation, Skipped
from monitors.ports import Clock, Inbox

_AT_MS = attrgetter("at_ms")


class Reader:
    """Reads one venue's frames; what meaning is still open is left to the profile's settling.

    Nothing may be read before `contracts` is set.
    """

    contracts: Contracts

    def __init__(self, profile: FeedProfile, inbox: Inbox, clock: Clock) -> None:
        self.profile = profile
        self.skipped: Counter[Skipped] = Counter()
        self.event_ms: int | None = None
        self._settling = profile.settle() if profile.settle is not None else None
        self._inbox = inbox
        self._clock = clock
        self._is_news = True
        self.contained = Contained(self.unreadable)

    @property
    def is_settled(self) -> bool:
        """Whether everything that the venue says is understood."""
        return self._settling is None or self._settling.is_settled

    @property
    def is_withholding(self) -> bool:
        """Whether prints are missing from what was passed on until their meaning is proven."""
        return self._settling is not None and self._settling.is_withholding

    @property
    def note(self) -> str:
        """What a reader of the totals should know."""
        return (self._settling.note if self._settling is not None else "") or self.profile.note

    def frames(self, messages: Iterator[object]) -> list[object]:
        """Read frames that came together, in their order; returns those that are not about liquidations.

        One that cannot be decoded or read costs only itself; the iterator goes on after it.
        """
        received_ms = fields.milliseconds(self._clock.now())
        reads, others = list[Read](), list[object]()
        read, contracts, settling = self.profile.read, self.contracts, self._settling
        is_through = False
        while not is_through:
            with self.contained:
                for message in messages:
                    found = read(message, contracts, received_ms)
                    if found is None:
                        others.append(message)
                    else:
                        reads += (
                            found if settling is None else settling.weigh(message, contracts, received_ms)
                        )
                is_through = True
        self.take(reads, received_ms)
        return others

    def compare(self, archived: Sequence[Read], received_ms: int) -> None:
        """Let what is being settled learn from the venue's archive."""
        if self._settling is None:
            return
        with self.contained:
            self.take(self._settling.compare(archived), received_ms)

    def fill(self, archived: Sequence[Read], received_ms: int) -> None:
        """Pass on what the archive told of a gap; what the socket told as well keeps the socket's identity."""
        recognised = archived
        if self._settling is not None:
            with self.contained:
                recognised = self._settling.recognise(archived)
        self.take(recognised, received_ms)

    def take(self, reads: Iterable[Read], received_ms: int) -> None:
        """Pass prints on at once, in their order and at the venue's times; what was read before a defect is not lost.

        A time ahead of ours is clamped by whoever tells repetitions apart, since it is part of what identifies them.
        """
        told = self.contained.collect(iter(reads))
        kept = [one for one in told if isinstance(one, Liquidation)]
        if len(kept) < len(told):
            self.skipped.update(one for one in told if isinstance(one, Skipped))
        if kept:
            latest_ms = max(map(_AT_MS, kept))
            self.event_ms = max(self.event_ms or 0, min(latest_ms, received_ms))
            self._inbox.heard(kept)

    def unreadable(self) -> bool:
        """Count a message that raised; True for the first."""
        self.skipped[Skipped.MALFORMED] += 1
        is_news, self._is_news = self._is_news, False
        return is_news

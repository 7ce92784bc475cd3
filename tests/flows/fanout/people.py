"""People who give commands while alerts are told, each at a human pace, and how long they wait for answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle

from monitors.alerts.rules import Destination
from monitors.ports import Clock
from tests.flows.fanout.alerts import MARK
from tests.flows.fanout.hall import TELEGRAM, Hall
from tests.loopback.discord.interactions import Caller, Interaction
from tests.loopback.telegram import Person, Sent

BETWEEN_QUESTIONS = timedelta(milliseconds=250)
"""Over everybody; they take turns, so that with 80 people each asks every 20 seconds."""
FUNDING, WHY = "funding", "Why"
_QUESTIONS = (FUNDING, "status", WHY, "help")
"""Commands, and a button under an alert; /status where there is no alert yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A question and how long its answer took, from the update to the answer's arrival at the server."""

    chat: Destination
    told: bool
    """Whether alerts are told in the same chat."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """A question on Telegram, which a message answers."""

    chat: Destination
    at: datetime
    last: int
    """The last message of the chat when it was asked."""
    refers: int | None
    """The message that the answer refers to, None in a private chat."""

    def took(self, hall: Hall) -> float | None:
        """Return the seconds until its answer, None while there is none."""
        for sent in hall.telegram.sent(int(self.chat.chat)):
            is_about = not MARK.search(sent.text) if self.refers is None else sent.reply_to == self.refers
            if sent.id > self.last and is_about:
                return (sent.at - self.at).total_seconds()
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interaction:
    """A question on Discord, which an interaction's callback answers, or what completes a deferred one."""

    chat: Destination
    at: float
    interaction: Interaction

    def took(self, hall: Hall) -> float | None:
        """Return the seconds until its answer, None while there is none."""
        if not self.interaction.replies:
            return None
        token = self.interaction.token
        return max(each.at for each in hall.discord.exchanges if token in each.path) - self.at


@dataclass(slots=True)
class People:
    """Everybody who asks, in chats where alerts are told and in others."""

    hall: Hall
    clock: Clock
    chats: Sequence[Destination]
    asked: list[_Message | _Interaction] = field(default_factory=list)

    async def ask(self) -> None:
        """Ask one question after the other until cancelled."""
        for number, chat in enumerate(cycle(self.chats)):
            await self.clock.sleep(BETWEEN_QUESTIONS)
            question = _QUESTIONS[(number // 2 + number // len(self.chats)) % len(_QUESTIONS)]
            if chat.platform == TELEGRAM:
                self.asked.append(self._on_telegram(chat, question))
            else:
                self.asked.append(await self._on_discord(chat, question))

    async def waits(self) -> Sequence[Wait]:
        """Return how long each question waited, once all are answered.

        Raises:
            TimeoutError: one is not.
        """
        try:
            for server in (self.hall.telegram, self.hall.discord):
                await server.until(lambda: not self._unanswered())
        except TimeoutError as error:
            raise TimeoutError(
                f"expected every question to be answered, found {self._unanswered()}"
            ) from error
        return [
            Wait(chat=one.chat, told=self._is_told(one.chat), seconds=took)
            for one in self.asked
            if (took := one.took(self.hall)) is not None
        ]

    def _unanswered(self) -> Sequence[_Message | _Interaction]:
        return [one for one in self.asked if one.took(self.hall) is None]

    def _is_told(self, chat: Destination) -> bool:
        return any(message.marks and not message.answers for message in self.hall.shown(chat))

    def _on_telegram(self, chat: Destination, question: str) -> _Message:
        server, place = self.hall.telegram, int(chat.chat)
        person = Person(id=abs(place) % 1_000_000, name="Ann")
        alert = self._an_alert(place)
        last = max((message.id for message in server.messages(place)), default=0)
        if question == WHY and alert is not None:
            server.press(person, alert, alert.button(WHY).data or "")
            return _Message(chat=chat, at=self.clock.now(), last=last, refers=alert.id)
        line = "funding BTC" if question == FUNDING else question.replace(WHY, "status")
        said = server.say(person, place, f"/{line}").message
        assert said is not None
        return _Message(chat=chat, at=said.at, last=said.id, refers=None if place > 0 else said.id)

    def _an_alert(self, place: int) -> Sent | None:
        return next((sent for sent in self.hall.telegram.sent(place) if MARK.search(sent.text)), None)

    async def _on_discord(self, chat: Destination, question: str) -> _Interaction:
        acts, channel, at = self.hall.discord.interactions, int(chat.thread), self.clock.monotonic()
        caller = Caller(id=channel + 1)
        alerts = [each for each in self.hall.discord.messages.in_channel(channel) if each.interaction is None]
        if question == WHY and alerts:
            button = alerts[0].components[0]["components"][0]
            assert button["label"] == WHY
            interaction = await acts.press(alerts[0], button["custom_id"], caller)
        elif question == FUNDING:
            interaction = await acts.call(question, channel, caller, base="BTC")
        else:
            interaction = await acts.call(question.replace(WHY, "status"), channel, caller)
        return _Interaction(chat=chat, at=at, interaction=interaction)

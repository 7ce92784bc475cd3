"""The loopback Telegram as tests use it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from monitors.ports import Clock
from tests.loopback.telegram.acts import People
from tests.loopback.telegram.bell import PATIENCE
from tests.loopback.telegram.front import Front
from tests.loopback.telegram.limits import Limits, Violation
from tests.loopback.telegram.refusals import Fault
from tests.loopback.telegram.values import Call, Event, Json, Person, Place, Sent
from tests.loopback.telegram.world import Webhook, World, chat_id

HOST = "127.0.0.1"
BOT = Person(id=4839574812, name="Skewbell", username="skewbell_bot", is_bot=True)
TOKEN = f"{BOT.id}:AAFD39kkdpWt3ywyRZergyOLMaJhac60qcK"
OK = 200


class TelegramServer:
    """A running Bot API; use it as an async context manager."""

    def __init__(self, clock: Clock, *, token: str = TOKEN, bot: Person = BOT) -> None:
        self.token = token
        self.bot = bot
        self._world = World(clock, bot)
        self._front = Front(self._world, token)
        self._runner = web.AppRunner(
            self._front.application(), handler_cancellation=True, access_log=None, shutdown_timeout=1
        )
        self._port = 0
        self._people = people = People(self._world)
        self.open = people.open
        self.open_topic = people.open_topic
        self.close_topic = people.close_topic
        self.delete_topic = people.delete_topic
        self.start = people.start
        self.say = people.say
        self.post = people.post
        self.rewrite = people.rewrite
        self.delete = people.delete
        self.press = people.press
        self.inline = people.inline
        self.bot_becomes = people.bot_becomes
        self.member_becomes = people.member_becomes
        self.migrate = people.migrate

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let held calls go and stop listening."""
        self._front.close()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://{HOST}:{self._port}"

    @property
    def base_url(self) -> str:
        """What python-telegram-bot takes as `base_url`."""
        return f"{self.url}/bot"

    @property
    def calls(self) -> Sequence[Call]:
        """Every call with the right token, in the order of arrival."""
        return self._front.calls

    @property
    def violations(self) -> Sequence[Violation]:
        """Calls that overran a limit and were answered with 429."""
        return self._front.violations

    @property
    def allowed_updates(self) -> tuple[str, ...]:
        """The kinds of update last asked for."""
        return self._world.updates.allowed

    @property
    def pending(self) -> int:
        """How many updates are not yet confirmed."""
        return len(self._world.updates)

    @property
    def webhook(self) -> Webhook:
        """The webhook as set; its address is empty where there is none."""
        return self._world.webhook

    def menu(self, scope: str = '{"type": "default"}', language: str = "") -> Sequence[Json]:
        """Return the commands set for a scope (JSON with sorted keys) and language."""
        return self._world.commands.get((scope, language), ())

    def called(self, method: str, place: Place | None = None) -> Sequence[Call]:
        """Return the calls of one method, those of one chat if it is given."""
        chat = None if place is None else chat_id(place)
        return [call for call in self.calls if call.method == method and chat in (None, call.chat)]

    def sent(self, place: Place) -> Sequence[Sent]:
        """Return the bot's messages in a chat as they stand, oldest first; none where there is no such chat."""
        return [message for message in self.messages(place) if message.by_bot]

    def messages(self, place: Place) -> Sequence[Sent]:
        """Return everybody's messages in a chat as they stand, oldest first."""
        chat = self._world.chats.get(chat_id(place))
        return () if chat is None else tuple(chat.messages.values())

    async def until(self, claim: Callable[[], bool], within: timedelta = PATIENCE) -> None:
        """Return as soon as a claim about this server holds; it is checked on each change.

        Raises:
            TimeoutError: it did not come true in time.
        """
        try:
            await self._world.bell.until(claim, within)
        except TimeoutError as error:
            latest = [call.method for call in self.calls[-10:]]
            raise TimeoutError(
                f"the claim did not come true within {within}; latest calls: {latest}"
            ) from error

    def fail(
        self, fault: Fault, *, times: int | None = 1, method: str | None = None, place: Place | None = None
    ) -> None:
        """Let the next calls fail that match a method and a chat; `times` None: until `heal`.

        Raises:
            ValueError: fewer than one call.
        """
        chat = None if place is None else chat_id(place)
        self._front.faults.arm(
            fault, lambda call: method in (None, call.method) and chat in (None, call.chat), times
        )

    def heal(self) -> None:
        """End all faults."""
        self._front.faults.disarm()

    def limit(self, limits: Limits | None) -> None:
        """Enforce limits from now on with empty windows, or none, as at the start."""
        self._front.limit(limits)

    async def push(self, event: Event, url: str, secret: str) -> int:
        """Post an update to the bot's webhook and return its status; a 200 confirms the update."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=event.update, headers=headers) as answer,
        ):
            if answer.status == OK:
                self._world.updates.confirm(event.id)
            return answer.status

"""Updates asked for, again and again; each is confirmed only after what it asks for is stored."""

from telegram import Update
from telegram.error import BadRequest, Conflict, NetworkError

from bot.platforms.telegram.askers import Client
from bot.platforms.telegram.connection import LONGEST_POLL
from bot.platforms.telegram.ears import HEARD, Ears
from bot.platforms.telegram.transport import LaterError
from bot.platforms.telegram.trouble import Trouble

BATCH = 100
"""The most updates that Telegram gives at once (https://core.telegram.org/bots/api#getupdates)."""


class Poller:
    """Our own loop over getUpdates: the library's ends for good at the first 401, and says nothing."""

    def __init__(self, ears: Ears, trouble: Trouble) -> None:
        self._ears = ears
        self._trouble = trouble
        self._offset: int | None = None
        """The first update that is not yet heard; asking from there confirms all before it."""
        self._after_batch: int | None = None

    async def listen(self, client: Client) -> None:
        """Ask until cancelled, through troubles of the network and rivals.

        Raises:
            TelegramError: the client is of no use any more, as after a 401.
        """
        await client.delete_webhook()
        while True:
            batch = await self._ask(client)
            if batch:
                self._after_batch = batch[-1].update_id + 1
                await self._ears.take(client, *batch)
                self._offset = self._after_batch

    async def confirm(self, client: Client) -> None:
        """Confirm the last batch, all of which was heard meanwhile, without waiting for another."""
        if self._after_batch is not None:
            await client.get_updates(offset=self._after_batch, limit=1, timeout=0, allowed_updates=HEARD)

    async def _ask(self, client: Client) -> tuple[Update, ...]:
        try:
            batch = await client.get_updates(
                offset=self._offset, limit=BATCH, timeout=LONGEST_POLL, allowed_updates=HEARD
            )
        except BadRequest:
            raise
        except Conflict as error:
            await self._trouble.wait_out(error)
            await client.delete_webhook()
            return ()
        except (LaterError, NetworkError) as error:
            await self._trouble.wait_out(error)
            return ()
        self._trouble.over()
        return batch

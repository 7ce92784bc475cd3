"""A Telegram Bot API server on loopback for tests, below python-telegram-bot, which is pointed at it by `base_url`.

    async with TelegramServer(clock) as server:
        bot = Bot(server.token, base_url=server.base_url)

**Places.** `ANN = Person(id=101, name="Ann")`; a private chat is there as soon as she speaks. Other rooms are opened:
`server.open(Room(id=-1001, kind=Kind.SUPERGROUP, title="Desk"), {ANN: Status.CREATOR}, bot=Status.ADMINISTRATOR)`;
`is_forum=True` and `open_topic`, `close_topic`, `delete_topic` make threads. A place is a Room, a Person or a chat id.

**Acting as people**, at once and without await; each returns an Event, whose `update` is what the bot is told:
`say(person, place, text, topic=, reply_to=, anonymous=)`, `start(person, payload, room=)`, `post(channel, text)`,
`rewrite(event, text)`, `delete(message)`, `press(person, message, data)`, `inline(person, text)`,
`bot_becomes(place, status, by=)` (in a private room kicked means blocked), `member_becomes(room, person, status, by=)`,
`migrate(group, to=, by=)`.

**Looking.** `sent(place)`: the bot's messages as they stand, with plain `text`, `html` as sent, `entities`, `buttons`
and `button(text)`, `thread`, `reply_to`, `silent`, `file`; `messages(place)`: everybody's; `calls`, `called(method)`;
`allowed_updates`, `pending`, `menu(scope)`, `webhook`, `violations`. `await until(lambda: len(server.sent(ANN)) == 2)`
waits for it, without sleeping, from any loop and thread.

**Failing.** `fail(fault, times=1, method=, place=)` with `flood(7)`, `BLOCKED`, `DEACTIVATED`, `kicked(Kind.SUPERGROUP)`,
`bad_request("…")`, `migrated(-1007)`, `UNAUTHORIZED`, `NOT_FOUND`, `CONFLICT`, `Outage.BAD_GATEWAY`, `Outage.FORBIDDEN`,
`Outage.DROPPED` or `Outage.SILENT` (it takes effect, but no answer comes); `heal()` ends them. `limit(Limits())` enforces the published
limits by the clock's `monotonic`, and counts `violations`.

**Webhooks.** `await push(event, url, secret)` posts an update to the bot; nothing is posted by itself.

**In another thread**, where the loop of the bot is not to be disturbed; every act and look may be called from outside:

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(server):
        ...

What it does not know: parse modes but HTML, entities given as JSON, pictures but PNG, privacy mode (the bot reads all),
rights of single administrators, topics in private chats. Calls for the first three are refused, never taken silently.
"""

from tests.loopback.telegram.limits import Limit, Limits, Violation
from tests.loopback.telegram.refusals import (
    BLOCKED,
    CONFLICT,
    DEACTIVATED,
    NOT_FOUND,
    UNAUTHORIZED,
    Outage,
    Refusal,
    bad_request,
    flood,
    kicked,
    migrated,
    not_a_member,
)
from tests.loopback.telegram.server import TelegramServer
from tests.loopback.telegram.values import (
    ANONYMOUS,
    Button,
    Call,
    Entity,
    Event,
    Kind,
    Person,
    Room,
    Sent,
    Status,
    Upload,
)

__all__ = [
    "ANONYMOUS",
    "BLOCKED",
    "CONFLICT",
    "DEACTIVATED",
    "NOT_FOUND",
    "UNAUTHORIZED",
    "Button",
    "Call",
    "Entity",
    "Event",
    "Kind",
    "Limit",
    "Limits",
    "Outage",
    "Person",
    "Refusal",
    "Room",
    "Sent",
    "Status",
    "TelegramServer",
    "Upload",
    "Violation",
    "bad_request",
    "flood",
    "kicked",
    "migrated",
    "not_a_member",
]

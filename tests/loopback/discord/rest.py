"""The bot's own routes: who it is, where it is, its commands and its messages."""

from http import HTTPStatus

from tests.loopback.discord.bounds import problems_of_message, refusal_of
from tests.loopback.discord.exchanges import Endpoint, Exchange, Reply
from tests.loopback.discord.gateway import Gateway
from tests.loopback.discord.interactions import Interactions
from tests.loopback.discord.limits import Meter
from tests.loopback.discord.messages import Message, Messages
from tests.loopback.discord.wire import (
    MISSING_ACCESS,
    UNKNOWN_MESSAGE,
    UNKNOWN_USER,
    Document,
    Payload,
    RefusedError,
    Snowflakes,
)
from tests.loopback.discord.world import Channel, World

_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_GUILD_INSTALL = 0
_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


class Rest:
    """Answers the bot's routes."""

    def __init__(
        self, world: World, messages: Messages, interactions: Interactions, gateway: Gateway, meter: Meter
    ) -> None:
        self._world = world
        self._messages = messages
        self._interactions = interactions
        self._gateway = gateway
        self._meter = meter
        self._versions = Snowflakes()

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the routes."""
        return (
            Endpoint("GET", "/gateway", lambda _: _good({"url": self._gateway.url}), authorized=False),
            Endpoint("GET", "/gateway/bot", lambda _: _good(self._gateway.bot_document())),
            Endpoint("GET", "/users/@me", lambda _: _good(self._me())),
            Endpoint("POST", "/users/@me/channels", self._open_private_chat),
            Endpoint("GET", "/oauth2/applications/@me", lambda _: _good(self._world.application())),
            Endpoint("GET", "/applications/@me", lambda _: _good(self._world.application())),
            Endpoint("GET", _GLOBAL, self._commands),
            Endpoint("PUT", _GLOBAL, self._overwrite_commands),
            Endpoint("GET", _GUILD, self._commands),
            Endpoint("PUT", _GUILD, self._overwrite_commands),
            Endpoint("GET", "/guilds/{guild_id}", self._guild),
            Endpoint("GET", "/channels/{channel_id}", self._channel),
            Endpoint("POST", "/channels/{channel_id}/messages", self._send),
            Endpoint("GET", _MESSAGE, self._message),
            Endpoint("PATCH", _MESSAGE, self._edit),
            Endpoint("DELETE", _MESSAGE, self._delete),
        )

    def _me(self) -> Document:
        return self._world.bot() | {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}

    def _open_private_chat(self, exchange: Exchange) -> Reply:
        user = str(exchange.body["recipient_id"])
        if not user.isdecimal():
            raise RefusedError(UNKNOWN_USER)
        return _good(self._world.channel_document(self._world.private_chat(int(user))))

    def _commands(self, exchange: Exchange) -> Reply:
        return _good(self._interactions.commands.get(self._scope(exchange), []))

    def _overwrite_commands(self, exchange: Exchange) -> Reply:
        """Replace all; a command that keeps its name keeps its id."""
        scope = self._scope(exchange)
        known = {each["name"]: each["id"] for each in self._interactions.commands.get(scope, [])}
        given = exchange.request if isinstance(exchange.request, list) else []
        commands = [self._command(each, scope, known.get(each["name"])) for each in given]
        self._interactions.commands[scope] = commands
        return _good(commands)

    def _command(self, given: Document, scope: int | None, known: str | None) -> Document:
        permissions = given.get("default_member_permissions")
        shown = {
            **given,
            "id": known or str(self._world.new_id()),
            "application_id": str(self._world.application_id),
            "version": str(self._versions.next(self._world.now())),
            "type": given.get("type") or 1,
            "description": given.get("description") or "",
            "integration_types": given.get("integration_types") or [_GUILD_INSTALL],
            "default_member_permissions": None if permissions is None else str(permissions),
        }
        return shown if scope is None else shown | {"guild_id": str(scope)}

    def _scope(self, exchange: Exchange) -> int | None:
        if "guild_id" not in exchange.params:
            return None
        guild = self._world.guild(exchange.number("guild_id"))
        if not guild.installed:
            raise RefusedError(MISSING_ACCESS)
        return guild.id

    def _guild(self, exchange: Exchange) -> Reply:
        guild = self._world.guild(exchange.number("guild_id"))
        if not guild.installed:
            raise RefusedError(MISSING_ACCESS)
        return _good(self._world.guild_document(guild.id))

    def _channel(self, exchange: Exchange) -> Reply:
        return _good(self._world.channel_document(self._reach(exchange).id))

    def _send(self, exchange: Exchange) -> Reply:
        channel = self._reach(exchange)
        payload = exchange.body
        self._meter.check(problems_of_message(payload))
        earlier = self._messages.earlier(channel.id, payload)
        if earlier is not None:
            return _good(self._messages.document(earlier))
        message = self._messages.store(channel.id, self._replying(payload), exchange.uploads)
        return _good(self._messages.document(message))

    def _replying(self, payload: Document) -> Document:
        """Return the message without a reference to one that is gone, where the bot allowed for that."""
        reference = payload.get("message_reference")
        if reference is None or self._messages.knows(int(reference["message_id"])):
            return payload
        if reference.get("fail_if_not_exists", True):
            problem = ("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message"
            refusal = refusal_of([problem])
            raise RefusedError(refusal or UNKNOWN_MESSAGE)
        return payload | {"message_reference": None}

    def _message(self, exchange: Exchange) -> Reply:
        return _good(self._messages.document(self._visible(exchange)))

    def _edit(self, exchange: Exchange) -> Reply:
        message = self._visible(exchange)
        self._meter.check(problems_of_message(exchange.body))
        return _good(self._messages.document(self._messages.edit(message, exchange.body, exchange.uploads)))

    def _delete(self, exchange: Exchange) -> Reply:
        self._messages.delete(self._visible(exchange))
        return HTTPStatus.NO_CONTENT, None

    def _visible(self, exchange: Exchange) -> Message:
        message = self._messages.find(exchange.number("message_id"), self._reach(exchange).id)
        if message.ephemeral:
            raise RefusedError(UNKNOWN_MESSAGE)
        return message

    def _reach(self, exchange: Exchange) -> Channel:
        """Return the channel of the path where the bot may go."""
        channel = self._world.channel(exchange.number("channel_id"))
        if channel.refusal is not None:
            raise RefusedError(channel.refusal)
        if channel.guild_id is not None and not self._world.guild(channel.guild_id).installed:
            raise RefusedError(MISSING_ACCESS)
        return channel


def _good(document: Payload) -> Reply:
    return HTTPStatus.OK, document

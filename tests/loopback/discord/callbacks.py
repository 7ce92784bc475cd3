"""The routes an interaction's token opens: the first answer, its edits and the follow-ups."""

from enum import IntEnum
from http import HTTPStatus

from tests.loopback.discord.bounds import (
    Problem,
    problems_of_choices,
    problems_of_message,
    problems_of_modal,
)
from tests.loopback.discord.exchanges import Endpoint, Exchange, Reply
from tests.loopback.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    Interaction,
    Interactions,
)
from tests.loopback.discord.limits import Meter
from tests.loopback.discord.messages import Message, Messages
from tests.loopback.discord.wire import (
    ALREADY_ACKNOWLEDGED,
    EPHEMERAL,
    INVALID_WEBHOOK_TOKEN,
    LOADING,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Document,
    RefusedError,
)
from tests.loopback.discord.world import World, a_user


class Answer(IntEnum):
    """docs.discord.com, Interaction Callback Type."""

    REPLY = 4
    DEFERRED_REPLY = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


_ALLOWED = {
    COMMAND: {Answer.REPLY, Answer.DEFERRED_REPLY, Answer.MODAL},
    COMPONENT: {Answer.REPLY, Answer.DEFERRED_REPLY, Answer.DEFERRED_UPDATE, Answer.UPDATE, Answer.MODAL},
    AUTOCOMPLETE: {Answer.CHOICES},
    MODAL: {Answer.REPLY, Answer.DEFERRED_REPLY, Answer.DEFERRED_UPDATE, Answer.UPDATE},
}
_CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL, _FOLLOWUP = f"{_WEBHOOK}/messages/@original", f"{_WEBHOOK}/messages/{{message_id}}"


class Callbacks:
    """Answers the routes that know the bot by an interaction's token alone."""

    def __init__(self, world: World, messages: Messages, interactions: Interactions, meter: Meter) -> None:
        self._world = world
        self._messages = messages
        self._interactions = interactions
        self._meter = meter

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the routes; `@original` before the pattern that would take it for a message's id."""
        return (
            Endpoint("POST", _CALLBACK, self._answer, authorized=False),
            Endpoint("POST", _WEBHOOK, self._follow_up, authorized=False),
            *(
                Endpoint(method, route, handle, authorized=False)
                for route in (_ORIGINAL, _FOLLOWUP)
                for method, handle in (("GET", self._get), ("PATCH", self._edit), ("DELETE", self._delete))
            ),
        )

    def _answer(self, exchange: Exchange) -> Reply:
        interaction = self._interactions.by_token(exchange.params["interaction_token"])
        if interaction is None or interaction.expired or interaction.id != exchange.number("interaction_id"):
            raise RefusedError(UNKNOWN_INTERACTION)
        if interaction.callback is not None:
            raise RefusedError(ALREADY_ACKNOWLEDGED)
        self._meter.check(_problems(interaction, exchange.body))
        self._take(interaction, exchange)
        interaction.callback = exchange.body
        if exchange.query.get("with_response", "").lower() not in ("1", "true"):
            return HTTPStatus.NO_CONTENT, None
        return HTTPStatus.OK, self._callback_document(interaction, exchange.body["type"])

    def _take(self, interaction: Interaction, exchange: Exchange) -> None:
        """Do to the messages what a callback says."""
        data = exchange.body.get("data") or {}
        match exchange.body["type"]:
            case Answer.REPLY:
                interaction.original = self._store(interaction, exchange, data)
            case Answer.DEFERRED_REPLY:
                waiting = {"flags": (data.get("flags") or 0) & EPHEMERAL | LOADING}
                interaction.original = self._store(interaction, exchange, waiting)
            case Answer.DEFERRED_UPDATE:
                interaction.original = interaction.message
            case Answer.UPDATE if interaction.message is not None:
                interaction.original = self._messages.edit(interaction.message, data, exchange.uploads)
            case _:
                """Choices and modals make no message."""

    def _store(self, interaction: Interaction, exchange: Exchange, payload: Document) -> Message:
        owners = interaction.event["authorizing_integration_owners"]
        metadata = {
            "id": str(interaction.id), "type": interaction.kind, "authorizing_integration_owners": owners,
            "user": a_user(interaction.caller.id, interaction.caller.name),
        }  # fmt: skip
        if interaction.kind == COMPONENT and interaction.message is not None:
            metadata["interacted_message_id"] = str(interaction.message.id)
        if interaction.kind == MODAL:
            metadata["triggering_interaction_metadata"] = {**metadata, "type": COMMAND}
        return self._messages.store(interaction.channel_id, payload, exchange.uploads, metadata)

    def _callback_document(self, interaction: Interaction, kind: int) -> Document:
        original = interaction.original
        told: Document = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "channel_id": str(interaction.channel_id),
        }
        guild_id = self._world.channel(interaction.channel_id).guild_id
        if guild_id is not None:
            told["guild_id"] = str(guild_id)
        if original is None:
            return {"interaction": told}
        told |= {
            "response_message_id": str(original.id),
            "response_message_loading": original.loading,
            "response_message_ephemeral": original.ephemeral,
        }
        if kind not in (Answer.REPLY, Answer.UPDATE):
            return {"interaction": told}
        return {"interaction": told, "resource": {"type": kind, "message": self._messages.document(original)}}

    def _follow_up(self, exchange: Exchange) -> Reply:
        """Add a message, or fill in the one that says the bot is thinking."""
        interaction = self._answered(exchange)
        self._meter.check(problems_of_message(exchange.body))
        original = interaction.original
        if original is not None and original.loading:
            self._messages.edit(original, exchange.body, exchange.uploads)
            return HTTPStatus.OK, self._messages.document(original)
        message = self._store(interaction, exchange, exchange.body)
        interaction.followups.append(message)
        return HTTPStatus.OK, self._messages.document(message)

    def _get(self, exchange: Exchange) -> Reply:
        return HTTPStatus.OK, self._messages.document(self._own(exchange))

    def _edit(self, exchange: Exchange) -> Reply:
        message = self._own(exchange)
        self._meter.check(problems_of_message(exchange.body))
        return HTTPStatus.OK, self._messages.document(
            self._messages.edit(message, exchange.body, exchange.uploads)
        )

    def _delete(self, exchange: Exchange) -> Reply:
        self._messages.delete(self._own(exchange))
        return HTTPStatus.NO_CONTENT, None

    def _own(self, exchange: Exchange) -> Message:
        """Return the message of the path, if this interaction made it and it still stands."""
        interaction = self._answered(exchange)
        named = exchange.params.get("message_id")
        own = [interaction.original] if named is None else [interaction.original, *interaction.followups]
        for message in own:
            if message is not None and named in (None, str(message.id)):
                return self._messages.find(message.id)
        raise RefusedError(UNKNOWN_MESSAGE)

    def _answered(self, exchange: Exchange) -> Interaction:
        """Return the interaction of a token, which works from the first answer until it expires."""
        interaction = self._interactions.by_token(exchange.params["webhook_token"])
        if interaction is None or interaction.callback is None:
            raise RefusedError(UNKNOWN_WEBHOOK)
        if interaction.expired:
            raise RefusedError(INVALID_WEBHOOK_TOKEN)
        return interaction


def _problems(interaction: Interaction, callback: Document) -> list[Problem]:
    kind, data = callback["type"], callback.get("data") or {}
    allowed = _ALLOWED[interaction.kind]
    if kind not in allowed:
        refusal = ("type",), "BASE_TYPE_CHOICES", f"Value must be one of {sorted(map(int, allowed))}."
        return [refusal]
    if kind == Answer.CHOICES:
        return list(problems_of_choices(data))
    if kind == Answer.MODAL:
        return list(problems_of_modal(data))
    return [(("data", *path), code, text) for path, code, text in problems_of_message(data)]

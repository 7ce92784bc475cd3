"""The methods that ask about people and chats, answer queries, and set menus and the webhook."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType

from tests.loopback.telegram.markup import parse_html
from tests.loopback.telegram.parameters import Parameters
from tests.loopback.telegram.refusals import RefusedError, bad_request
from tests.loopback.telegram.values import Event, Json, JsonObject, Kind, Person, Status
from tests.loopback.telegram.world import Chat, Webhook, World
from tests.loopback.telegram.writing import LIMITED, TEXT, Method

ANSWER = 200
"""Characters of an answer to a press (https://core.telegram.org/bots/api#answercallbackquery)."""
RESULTS = 50
"""Results of an inline query (https://core.telegram.org/bots/api#answerinlinequery)."""
COMMANDS = 100
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
DESCRIPTION = 256
"""Characters; all three from https://core.telegram.org/bots/api#botcommand and #setmycommands."""
SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
TOO_OLD = bad_request("query is too old and response timeout expired or query ID is invalid")
RIGHTS = (
    "can_be_edited",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)
CHANNEL_RIGHTS = ("can_post_messages", "can_edit_messages")


def member_json(person: Person, status: Status, kind: Kind) -> JsonObject:
    """Return a ChatMember; an administrator has all rights."""
    shown: dict[str, Json] = {"user": person.json(), "status": status.value}
    if status.is_admin:
        shown["is_anonymous"] = False
    if status is Status.ADMINISTRATOR:
        shown |= dict.fromkeys(RIGHTS, True)
        shown |= dict.fromkeys(CHANNEL_RIGHTS if kind is Kind.CHANNEL else ("can_pin_messages",), True)
    if status is Status.KICKED:
        shown["until_date"] = 0
    return shown


def get_me(world: World) -> Json:
    return {
        **world.bot.json(),
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": True,
    }


def get_chat(world: World, parameters: Parameters) -> Json:
    chat = world.inside(parameters.given.get("chat_id"))
    gifts = (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    )
    return {
        **chat.room.json(),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }


def get_chat_member(world: World, parameters: Parameters) -> Json:
    chat = world.inside(parameters.given.get("chat_id"))
    _check_list(world, chat)
    person = world.people.get(parameters.integer("user_id") or 0)
    if person is None:
        raise RefusedError(bad_request("PARTICIPANT_ID_INVALID"))
    return member_json(person, chat.members.get(person.id, Status.LEFT), chat.room.kind)


def get_chat_administrators(world: World, parameters: Parameters) -> Json:
    chat = world.inside(parameters.given.get("chat_id"))
    if chat.room.kind is Kind.PRIVATE:
        raise RefusedError(bad_request("there are no administrators in the private chat"))
    _check_list(world, chat)
    return [
        member_json(world.people[who], status, chat.room.kind)
        for who, status in chat.members.items()
        if status.is_admin
    ]


def leave_chat(world: World, parameters: Parameters) -> Json:
    chat = world.inside(parameters.given.get("chat_id"))
    if chat.room.kind is Kind.PRIVATE:
        raise RefusedError(bad_request("can't leave private chats"))
    change_status(world, chat, world.bot, Status.LEFT, by=world.bot)
    return True


def change_status(world: World, chat: Chat, person: Person, status: Status, *, by: Person) -> Event:
    """Change what somebody is in a chat, and tell the bot: always of itself, of others if it is an administrator."""
    before = chat.members.get(person.id, Status.LEFT)
    world.people |= {person.id: person, by.id: by}
    is_told = person == world.bot or chat.members[world.bot.id].is_admin
    chat.members[person.id] = status
    change: JsonObject = {
        "chat": chat.room.json(),
        "from": by.json(),
        "date": int(world.now().timestamp()),
        "old_chat_member": member_json(person, before, chat.room.kind),
        "new_chat_member": member_json(person, status, chat.room.kind),
    }
    kind = "my_chat_member" if person == world.bot else "chat_member"
    return world.tell(kind, change, is_told=is_told)


def answer_callback_query(world: World, parameters: Parameters) -> Json:
    if parameters.text("callback_query_id") not in world.queries:
        raise RefusedError(TOO_OLD)
    if len(parameters.text("text")) > ANSWER:
        raise RefusedError(bad_request("MESSAGE_TOO_LONG"))
    return True


def answer_inline_query(world: World, parameters: Parameters) -> Json:
    if parameters.text("inline_query_id") not in world.queries:
        raise RefusedError(TOO_OLD)
    results = [result for result in parameters.list("results") if isinstance(result, Mapping)]
    if len(results) > RESULTS:
        raise RefusedError(bad_request("RESULTS_TOO_MUCH"))
    ids = [str(result.get("id", "")) for result in results]
    if not all(1 <= len(each.encode()) <= 64 for each in ids):
        raise RefusedError(bad_request("RESULT_ID_INVALID"))
    if len(set(ids)) < len(ids):
        raise RefusedError(bad_request("RESULT_ID_DUPLICATE"))
    for result in results:
        _check_result(result)
    return True


def set_my_commands(world: World, parameters: Parameters) -> Json:
    commands = parameters.list("commands")
    if len(commands) > COMMANDS:
        raise RefusedError(bad_request("BOT_COMMANDS_TOO_MUCH"))
    for command in commands:
        _check_command(command)
    world.commands[_menu(world, parameters)] = commands
    return True


def get_my_commands(world: World, parameters: Parameters) -> Json:
    return world.commands.get(_menu(world, parameters), ())


def delete_my_commands(world: World, parameters: Parameters) -> Json:
    world.commands.pop(_menu(world, parameters), None)
    return True


def set_webhook(world: World, parameters: Parameters) -> Json:
    url, secret = parameters.text("url"), parameters.text("secret_token")
    if url and not url.startswith("https://"):
        raise RefusedError(bad_request("bad webhook: An HTTPS URL must be provided for webhook"))
    if not SECRET.fullmatch(secret):
        raise RefusedError(bad_request("secret token contains unallowed characters"))
    _forget(world, parameters)
    world.updates.allow(parameters.given.get("allowed_updates"))
    world.webhook = Webhook(url, secret, parameters.integer("max_connections") or 40)
    return True


def delete_webhook(world: World, parameters: Parameters) -> Json:
    _forget(world, parameters)
    world.webhook = Webhook()
    return True


def get_webhook_info(world: World) -> Json:
    shown: dict[str, Json] = {
        "url": world.webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates),
    }
    if world.webhook.url:
        shown["max_connections"] = world.webhook.max_connections
    if world.webhook.failed_at is not None:
        shown["last_error_date"] = int(world.webhook.failed_at.timestamp())
        shown["last_error_message"] = world.webhook.failure
    if world.updates.allowed:
        shown["allowed_updates"] = world.updates.allowed
    return shown


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        **LIMITED,
        "getMe": lambda world, _: get_me(world),
        "getChat": get_chat,
        "getChatMember": get_chat_member,
        "getChatAdministrators": get_chat_administrators,
        "leaveChat": leave_chat,
        "answerCallbackQuery": answer_callback_query,
        "answerInlineQuery": answer_inline_query,
        "setMyCommands": set_my_commands,
        "getMyCommands": get_my_commands,
        "deleteMyCommands": delete_my_commands,
        "setWebhook": set_webhook,
        "deleteWebhook": delete_webhook,
        "getWebhookInfo": lambda world, _: get_webhook_info(world),
        "close": lambda *_: True,
        "logOut": lambda *_: True,
    }
)
"""Every method but getUpdates, which waits."""


def _check_list(world: World, chat: Chat) -> None:
    if chat.room.kind is Kind.CHANNEL and not chat.members[world.bot.id].is_admin:
        raise RefusedError(bad_request("member list is inaccessible"))


def _check_result(result: JsonObject) -> None:
    content = result.get("input_message_content")
    if not isinstance(content, Mapping):
        return
    text = str(content.get("message_text", ""))
    seen = parse_html(text)[0] if content.get("parse_mode") else text
    if not seen:
        raise RefusedError(bad_request("message text is empty"))
    if len(seen) > TEXT:
        raise RefusedError(bad_request("message is too long"))


def _check_command(command: Json) -> None:
    given = command if isinstance(command, Mapping) else {}
    if not COMMAND.fullmatch(str(given.get("command", ""))):
        raise RefusedError(bad_request("BOT_COMMAND_INVALID"))
    if not 1 <= len(str(given.get("description", ""))) <= DESCRIPTION:
        raise RefusedError(bad_request("BOT_COMMAND_DESCRIPTION_INVALID"))


def _menu(world: World, parameters: Parameters) -> tuple[str, str]:
    scope = parameters.object("scope") or {"type": "default"}
    if "chat_id" in scope:
        world.inside(scope["chat_id"])
    return json.dumps(scope, sort_keys=True), parameters.text("language_code")


def _forget(world: World, parameters: Parameters) -> None:
    if parameters.flag("drop_pending_updates"):
        world.updates.clear()

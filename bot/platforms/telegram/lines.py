"""Messages as command lines: what was written to this bot, as the front desk reads it."""

from collections.abc import Collection

from telegram import Message, MessageEntity
from telegram.constants import ChatType

from bot.commands.spec import PREFIX

_NAMING = ("/settings allow", "/settings disallow")
"""Commands about a person, who can be named by answering one of their messages."""


def line_of(message: Message, username: str, commands: Collection[str]) -> str | None:
    """Return the line that a message is to the bot of that username, None if it is none.

    In a private chat every text is one, elsewhere only `/name@username`, and `/name` that begins one of `commands`:
    other bots of a group have commands too. A name with underscores may stand for one of `commands` with spaces:
    `/alert_add`, which unlike `/alert add` can be tapped.
    """
    if message.text is None or _is_of_a_machine(message):
        return None
    text = message.text.strip()
    private = message.chat.type == ChatType.PRIVATE
    if not text.startswith(PREFIX):
        return text if text and private else None
    first, *rest = text.split(maxsplit=1)
    name, _, addressee = first.removeprefix(PREFIX).partition("@")
    if addressee and addressee.lower() != username.lower():
        return None
    spaced = name.replace("_", " ")
    if spaced.lower() in commands:
        name = spaced
    elif not (private or addressee or _begins_one(name, commands)):
        return None
    return _with_person(" ".join([PREFIX + name, *rest]), message)


def _begins_one(name: str, commands: Collection[str]) -> bool:
    return any(name.lower() == command.split()[0] for command in commands)


def _is_of_a_machine(message: Message) -> bool:
    """Tell whether no person wrote it here: a linked channel's post, an inline result, another bot's word.

    Anonymous admins and people who write as their channel come in a bot's name, but with a `sender_chat`.
    """
    if message.is_automatic_forward or message.via_bot is not None:
        return True
    sender = message.from_user
    return sender is not None and sender.is_bot and message.sender_chat is None


def _with_person(line: str, message: Message) -> str:
    """Name the person whom `/settings allow` is about by the mark that rights are kept under."""
    words = line.split()
    command = " ".join(words[:2])
    if command.lower() not in _NAMING:
        return line
    mentioned = [
        entity.user
        for entity in message.entities
        if entity.type == MessageEntity.TEXT_MENTION and entity.user
    ]
    if mentioned:
        return f"{command} user:{mentioned[0].id}"
    answered = message.reply_to_message
    if len(words) > len(command.split()) or answered is None or answered.forum_topic_created is not None:
        return line
    person = answered.from_user
    return line if person is None or person.is_bot else f"{command} user:{person.id}"

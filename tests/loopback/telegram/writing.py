"""The methods that send and edit messages."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from tests.loopback.telegram.keyboards import check_keyboard
from tests.loopback.telegram.markup import parse_html, plain, with_found
from tests.loopback.telegram.parameters import Parameters
from tests.loopback.telegram.refusals import RefusedError, bad_request
from tests.loopback.telegram.values import Entity, Json, Kind, Sent, Upload
from tests.loopback.telegram.world import Chat, World

TEXT = 4096
"""Characters after parsing (https://core.telegram.org/bots/api#sendmessage)."""
CAPTION = 1024
"""Characters after parsing (https://core.telegram.org/bots/api#sendphoto)."""
PHOTO_SIDES = 10_000
"""Width and height together (https://core.telegram.org/bots/api#sendphoto)."""
PNG = b"\x89PNG\r\n\x1a\n"

Method: TypeAlias = Callable[[World, Parameters], Json]

NOT_MODIFIED = bad_request(
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


def send_message(world: World, parameters: Parameters) -> Json:
    chat = world.writable(parameters.given.get("chat_id"))
    text, entities = _read(parameters, "text")
    _check_text(text)
    return world.json(
        _send(
            world,
            chat,
            parameters,
            Sent(
                id=0,
                room=chat.room,
                at=world.now(),
                author=world.bot,
                by_bot=True,
                text=text,
                html=parameters.text("text"),
                entities=entities,
            ),
        )
    )


def send_photo(world: World, parameters: Parameters) -> Json:
    return _send_file(world, parameters, "photo")


def send_document(world: World, parameters: Parameters) -> Json:
    return _send_file(world, parameters, "document")


def edit_message_text(world: World, parameters: Parameters) -> Json:
    message = _own(world, parameters)
    if message.media is not None:
        raise RefusedError(bad_request("there is no text in the message to edit"))
    text, entities = _read(parameters, "text")
    _check_text(text)
    markup = check_keyboard(parameters.object("reply_markup"))
    return _edited(
        world,
        message,
        replace(message, text=text, html=parameters.text("text"), entities=entities, markup=markup),
    )


def edit_message_caption(world: World, parameters: Parameters) -> Json:
    message = _own(world, parameters)
    if message.media is None:
        raise RefusedError(bad_request("there is no caption in the message to edit"))
    text, entities = _read(parameters, "caption")
    _check_caption(text)
    markup = check_keyboard(parameters.object("reply_markup"))
    return _edited(
        world,
        message,
        replace(message, text=text, html=parameters.text("caption"), entities=entities, markup=markup),
    )


def edit_message_reply_markup(world: World, parameters: Parameters) -> Json:
    message = _own(world, parameters)
    return _edited(world, message, replace(message, markup=check_keyboard(parameters.object("reply_markup"))))


LIMITED: Mapping[str, Method] = MappingProxyType(
    {
        "sendMessage": send_message,
        "sendPhoto": send_photo,
        "sendDocument": send_document,
        "editMessageText": edit_message_text,
        "editMessageCaption": edit_message_caption,
        "editMessageReplyMarkup": edit_message_reply_markup,
    }
)
"""The methods that count against the limits."""


def _send_file(world: World, parameters: Parameters, media: str) -> Json:
    chat = world.writable(parameters.given.get("chat_id"))
    file = _file(world, parameters, media)
    text, entities = _read(parameters, "caption")
    _check_caption(text)
    return world.json(
        _send(
            world,
            chat,
            parameters,
            Sent(
                id=0,
                room=chat.room,
                at=world.now(),
                author=world.bot,
                by_bot=True,
                text=text,
                html=parameters.text("caption"),
                entities=entities,
                media=media,
                file=file,
            ),
        )
    )


def _send(world: World, chat: Chat, parameters: Parameters, draft: Sent) -> Sent:
    thread = _thread(chat, parameters)
    reply_to = _reply_to(chat, parameters)
    markup = check_keyboard(parameters.object("reply_markup"))
    is_post = chat.room.kind is Kind.CHANNEL
    return world.keep(
        replace(
            draft,
            id=chat.next_id(),
            author=None if is_post else world.bot,
            sender_chat=chat.room if is_post else None,
            thread=thread,
            reply_to=reply_to,
            markup=markup,
            silent=parameters.flag("disable_notification"),
        )
    )


def _edited(world: World, before: Sent, after: Sent) -> Json:
    if (before.text, before.entities, before.markup) == (after.text, after.entities, after.markup):
        raise RefusedError(NOT_MODIFIED)
    return world.json(world.keep(replace(after, edited_at=world.now())))


def _own(world: World, parameters: Parameters) -> Sent:
    chat = world.writable(parameters.given.get("chat_id"))
    message = chat.messages.get(parameters.integer("message_id") or 0)
    if message is None:
        raise RefusedError(bad_request("message to edit not found"))
    if not message.by_bot:
        raise RefusedError(bad_request("message can't be edited"))
    return message


def _read(parameters: Parameters, name: str) -> tuple[str, tuple[Entity, ...]]:
    if parameters.list("entities") or parameters.list("caption_entities"):
        raise RefusedError(bad_request("this server reads entities from HTML alone"))
    mode = parameters.text("parse_mode").lower()
    if mode not in ("", "html"):
        raise RefusedError(bad_request("unsupported parse_mode"))
    text, entities = (parse_html if mode else plain)(parameters.text(name))
    return text, with_found(text, entities)


def _check_text(text: str) -> None:
    if not text:
        raise RefusedError(bad_request("message text is empty"))
    if len(text) > TEXT:
        raise RefusedError(bad_request("message is too long"))


def _check_caption(text: str) -> None:
    if len(text) > CAPTION:
        raise RefusedError(bad_request("message caption is too long"))


def _thread(chat: Chat, parameters: Parameters) -> int | None:
    thread = parameters.integer("message_thread_id")
    if thread is None:
        return None
    topic = chat.topics.get(thread)
    if topic is None:
        raise RefusedError(bad_request("message thread not found"))
    if topic.is_closed:
        raise RefusedError(bad_request("TOPIC_CLOSED"))
    return thread


def _reply_to(chat: Chat, parameters: Parameters) -> int | None:
    wanted = parameters.object("reply_parameters") or {}
    target = wanted.get("message_id")
    if not isinstance(target, int):
        return None
    if target in chat.messages:
        return target
    if wanted.get("allow_sending_without_reply") is True:
        return None
    raise RefusedError(bad_request("message to be replied not found"))


def _file(world: World, parameters: Parameters, media: str) -> Upload:
    part = parameters.file(media)
    if part is None:
        known = world.files.get(parameters.text(media))
        if known is None:
            raise RefusedError(bad_request("wrong file identifier/HTTP URL specified"))
        return known
    name, kind, content = part
    if not content:
        raise RefusedError(bad_request("file must be non-empty"))
    if media == "photo":
        _check_photo(content)
    upload = Upload(id=f"file-{len(world.files) + 1}", name=name, type=kind, content=content)
    world.files[upload.id] = upload
    return upload


def _check_photo(content: bytes) -> None:
    """Refuse what is no picture; this server reads PNG alone."""
    if not content.startswith(PNG):
        raise RefusedError(bad_request("IMAGE_PROCESS_FAILED"))
    if sum(int.from_bytes(content[at : at + 4], "big") for at in (16, 20)) > PHOTO_SIDES:
        raise RefusedError(bad_request("PHOTO_INVALID_DIMENSIONS"))

"""What people do on the loopback Telegram, and what the bot is told of it."""

from collections.abc import Mapping
from dataclasses import replace

from tests.loopback.telegram.markup import plain, with_found
from tests.loopback.telegram.standing import change_status
from tests.loopback.telegram.values import (
    ANONYMOUS,
    Event,
    Json,
    Kind,
    Person,
    Place,
    Room,
    Sent,
    Status,
)
from tests.loopback.telegram.world import Chat, Topic, World


class People:
    """Everybody but the bot."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked = 0

    def open(
        self, room: Room, members: Mapping[Person, Status] | None = None, *, bot: Status = Status.MEMBER
    ) -> Room:
        """Make a group or channel in which the bot is what `bot` says; nobody is told."""
        return self._world.open(room, members or {}, bot).room

    def open_topic(self, room: Room, name: str) -> int:
        """Make a topic in a forum and return its thread id; nobody is told."""
        chat = self._world.chat(room)
        thread = chat.next_id()
        created: dict[str, Json] = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        chat.topics[thread] = Topic(name)
        self._world.keep(
            Sent(id=thread, room=room, at=self._world.now(), author=ANONYMOUS, thread=thread, service=created)
        )
        return thread

    def close_topic(self, room: Room, thread: int) -> None:
        """Close a topic to the bot."""
        self._world.chat(room).topics[thread].is_closed = True

    def delete_topic(self, room: Room, thread: int) -> None:
        """Delete a topic with its messages."""
        chat = self._world.chat(room)
        del chat.topics[thread]
        chat.messages = {each.id: each for each in chat.messages.values() if each.thread != thread}

    def start(self, person: Person, payload: str = "", *, room: Room | None = None) -> Event:
        """Follow a deep link: to the private chat, which unblocks the bot, or to a group, which adds it."""
        chat = self._world.meet(person) if room is None else self._world.chat(room)
        status = chat.members[self._world.bot.id]
        if status is Status.KICKED or (room is not None and not status.is_inside):
            change_status(self._world, chat, self._world.bot, Status.MEMBER, by=person)
        command = "/start" if room is None else f"/start@{self._world.bot.username}"
        return self.say(person, chat.room, f"{command} {payload}".strip())

    def say(
        self,
        person: Person,
        place: Place,
        text: str,
        *,
        topic: int | None = None,
        reply_to: Sent | None = None,
        anonymous: bool = False,
    ) -> Event:
        """Write a message; a first one in private starts the bot, one in a group makes a member of its writer.

        Raises:
            ValueError: the bot is not there to read it, or somebody anonymous is no administrator.
        """
        chat = self._reading_chat(person, place)
        status = chat.members.setdefault(person.id, Status.MEMBER)
        if anonymous and not status.is_admin:
            raise ValueError(f"only an administrator can be anonymous, {person.name} is {status}")
        return self._write(
            Sent(
                id=chat.next_id(),
                room=chat.room,
                at=self._world.now(),
                author=ANONYMOUS if anonymous else person,
                sender_chat=chat.room if anonymous else None,
                thread=topic,
                reply_to=None if reply_to is None else reply_to.id,
            ),
            text,
            "message",
        )

    def post(self, channel: Room, text: str) -> Event:
        """Write in a channel, where nobody is named."""
        chat = self._world.chat(channel)
        draft = Sent(id=chat.next_id(), room=channel, at=self._world.now(), author=None, sender_chat=channel)
        return self._write(draft, text, "channel_post")

    def rewrite(self, said: Event, text: str) -> Event:
        """Edit what was said or posted.

        Raises:
            ValueError: the event made no message.
        """
        if said.message is None:
            raise ValueError(f"expected an event that made a message, found {said.update}")
        kind = "edited_channel_post" if said.message.room.kind is Kind.CHANNEL else "edited_message"
        return self._write(replace(said.message, edited_at=self._world.now()), text, kind)

    def delete(self, message: Sent) -> None:
        """Delete anybody's message; the bot is not told."""
        self._world.chat(message.room).messages.pop(message.id, None)
        self._world.bell.ring()

    def press(self, person: Person, message: Sent, data: str) -> Event:
        """Press a button under a message, which may have been edited or deleted meanwhile."""
        self._world.people[person.id] = person
        current = self._world.chat(message.room).messages.get(message.id)
        gone: dict[str, Json] = {"chat": message.room.json(), "message_id": message.id, "date": 0}
        query = self._query()
        pressed: dict[str, Json] = {
            "id": query,
            "from": person.json(),
            "chat_instance": f"instance-{message.room.id}",
            "message": gone if current is None else self._world.json(current),
            "data": data,
        }
        return self._world.tell("callback_query", pressed, query=query)

    def inline(self, person: Person, text: str) -> Event:
        """Write the bot's name and a query in any chat."""
        query = self._query()
        asked: dict[str, Json] = {"id": query, "from": person.json(), "query": text, "offset": ""}
        return self._world.tell("inline_query", asked, query=query)

    def bot_becomes(self, place: Place, status: Status, *, by: Person) -> Event:
        """Add, promote, demote or kick the bot; in a private room kicked means blocked."""
        chat = self._world.meet(place) if isinstance(place, Person) else self._world.chat(place)
        return change_status(self._world, chat, self._world.bot, status, by=by)

    def member_becomes(self, room: Room, person: Person, status: Status, *, by: Person) -> Event:
        """Change what somebody is; the bot is told if it is an administrator and asked for `chat_member`."""
        return change_status(self._world, self._world.chat(room), person, status, by=by)

    def migrate(self, group: Room, *, to: int, by: Person) -> Room:
        """Make a supergroup of a group, which the bot joins; both tell of each other, the old id works no longer."""
        old = self._world.chat(group)
        room = replace(group, id=to, kind=Kind.SUPERGROUP)
        new = Chat(room, dict(old.members))
        self._world.chats[to] = new
        old.moved_to = to
        status = new.members.pop(self._world.bot.id)
        self._tell_of_move(old, "migrate_to_chat_id", to, by)
        change_status(self._world, new, self._world.bot, status, by=by)
        self._tell_of_move(new, "migrate_from_chat_id", group.id, ANONYMOUS)
        return room

    def _tell_of_move(self, chat: Chat, field: str, other: int, author: Person) -> None:
        moved = Sent(
            id=chat.next_id(),
            room=chat.room,
            at=self._world.now(),
            author=author,
            sender_chat=chat.room if author == ANONYMOUS else None,
            service={field: other},
        )
        self._world.tell("message", self._world.json(self._world.keep(moved)), message=moved)

    def _reading_chat(self, person: Person, place: Place) -> Chat:
        self._world.people[person.id] = person
        is_private = place in (person, person.room, person.id)
        chat = self._world.meet(person) if is_private else self._world.chat(place)
        status = chat.members[self._world.bot.id]
        if is_private and status is Status.LEFT:
            chat.members[self._world.bot.id] = Status.MEMBER
        elif not status.is_inside or chat.moved_to is not None:
            raise ValueError(f"the bot cannot read in {chat.room.title}, where it is {status}")
        return chat

    def _write(self, draft: Sent, text: str, kind: str) -> Event:
        seen, entities = plain(text)
        message = self._world.keep(replace(draft, text=seen, html=text, entities=with_found(seen, entities)))
        return self._world.tell(kind, self._world.json(message), message=message)

    def _query(self) -> str:
        self._asked += 1
        query = str(4_000_000_000 + self._asked)
        self._world.queries.add(query)
        return query

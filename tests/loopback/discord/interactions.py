"""What people do: commands, autocompletion, buttons, selects and modals, as events and what came of them."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.loopback.discord.messages import Message, Messages
from tests.loopback.discord.wire import Document
from tests.loopback.discord.world import LOCALE, World, a_user

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
_MODAL_ANSWER, _CHOICES_ANSWER = 9, 8
_USER, _CHANNEL, _ROLE = 6, 7, 8
_TEXT_INPUT = 4
_GUILD_INSTALL, _USER_INSTALL = "0", "1"
_IN_GUILD, _WITH_BOT = 0, 1
MANAGE_GUILD = 1 << 5
"""The permission that admins of a server have (docs.discord.com, Permissions)."""
_BOT_PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15
_LARGEST_UPLOAD = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who acts; in a guild with these permissions and roles."""

    id: int
    name: str = "ann"
    permissions: int = 0
    roles: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class Interaction:
    """One action and everything the bot answered to it."""

    id: int
    token: str
    kind: int
    channel_id: int
    caller: Caller
    event: Document
    message: Message | None = None
    """The message whose component was used."""
    callback: Document | None = None
    """The first answer as the bot sent it: `type` and perhaps `data`."""
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    expired: bool = False
    """Set it, and Discord no longer knows the interaction."""

    @property
    def replies(self) -> list[Message]:
        """The messages the bot answered with, ephemeral ones included, those still loading not."""
        first = [] if self.original is None or self.original is self.message else [self.original]
        return [each for each in (*first, *self.followups) if not each.loading]

    @property
    def choices(self) -> list[Document] | None:
        """The choices of an autocompletion once answered."""
        data = self._answered(_CHOICES_ANSWER)
        return None if data is None else data["choices"]

    @property
    def modal(self) -> Document | None:
        """The modal the bot opened."""
        return self._answered(_MODAL_ANSWER)

    def _answered(self, kind: int) -> Document | None:
        if self.callback is None or self.callback["type"] != kind:
            return None
        data: Document = self.callback["data"]
        return data


class Interactions:
    """Builds and dispatches interactions; every method returns when the event is sent, not when it is answered."""

    def __init__(
        self, world: World, messages: Messages, dispatch: Callable[[str, Document], Awaitable[None]]
    ) -> None:
        self.commands: dict[int | None, list[Document]] = {None: []}
        """The registered commands: global ones under None, a guild's own under its id."""
        self._world = world
        self._messages = messages
        self._dispatch = dispatch
        self._open: dict[str, Interaction] = {}

    def by_token(self, token: str) -> Interaction | None:
        """Return the interaction of a token."""
        return self._open.get(token)

    async def call(
        self, command: str, channel_id: int, caller: Caller, *, user_installed: bool = False, **values: object
    ) -> Interaction:
        """Call a registered slash command such as `"alert add"` with its options by name.

        Users, channels and roles are given by their ids.

        Raises:
            LookupError: no such command or option is registered.
        """
        data = self._command(command, channel_id, values, None)
        return await self._begin(COMMAND, data, channel_id, caller, user_installed=user_installed)

    async def complete(
        self, command: str, channel_id: int, caller: Caller, *, focused: str, **values: object
    ) -> Interaction:
        """Type into the option `focused`, whose text so far is among the values."""
        data = self._command(command, channel_id, values, focused)
        return await self._begin(AUTOCOMPLETE, data, channel_id, caller)

    async def press(
        self, message: Message, custom_id: str, caller: Caller, values: Sequence[str] | None = None
    ) -> Interaction:
        """Press a button of a message, or choose values in its select.

        Raises:
            LookupError: the message has no such component, or it is disabled.
        """
        found = [each for each in _flat(message.components) if each.get("custom_id") == custom_id]
        if not found or found[0].get("disabled"):
            usable = [each.get("custom_id") for each in _flat(message.components) if not each.get("disabled")]
            raise LookupError(f"expected one of {usable}, found {custom_id!r}")
        data: Document = {"custom_id": custom_id, "component_type": found[0]["type"], "id": 1}
        if values is not None:
            data["values"] = list(values)
        return await self._begin(COMPONENT, data, message.channel_id, caller, message=message)

    async def submit(self, opened: Interaction, values: Mapping[str, object]) -> Interaction:
        """Fill in the modal an interaction opened, by custom id; what is not given keeps its default.

        Raises:
            LookupError: it opened none, or the modal has no such field.
        """
        if opened.modal is None:
            raise LookupError(f"expected an answer that opens a modal, found {opened.callback}")
        fields = {each["custom_id"] for each in _flat(opened.modal["components"]) if "custom_id" in each}
        if unknown := set(values) - fields:
            raise LookupError(f"expected fields among {sorted(fields)}, found {sorted(unknown)}")
        filled = [_filled(each, values) for each in opened.modal["components"]]
        data = {"custom_id": opened.modal["custom_id"], "components": filled}
        return await self._begin(MODAL, data, opened.channel_id, opened.caller, message=opened.message)

    async def replay(self, interaction: Interaction) -> None:
        """Dispatch the same event again, as after a resume."""
        await self._dispatch("INTERACTION_CREATE", interaction.event)

    async def _begin(
        self,
        kind: int,
        data: Document,
        channel_id: int,
        caller: Caller,
        *,
        message: Message | None = None,
        user_installed: bool = False,
    ) -> Interaction:
        interaction_id = self._world.new_id()
        interaction = Interaction(
            id=interaction_id,
            token=f"interaction-{interaction_id:x}",
            kind=kind,
            channel_id=channel_id,
            caller=caller,
            message=message,
            event={},
        )
        interaction.event = self._event(interaction, data, user_installed=user_installed)
        self._open[interaction.token] = interaction
        await self._dispatch("INTERACTION_CREATE", interaction.event)
        return interaction

    def _event(self, interaction: Interaction, data: Document, *, user_installed: bool) -> Document:
        world, caller = self._world, interaction.caller
        channel = world.channel(interaction.channel_id)
        user = a_user(caller.id, caller.name)
        shown = world.channel_document(channel.id) | {"permissions": str(caller.permissions)}
        event: Document = {
            "id": str(interaction.id), "application_id": str(world.application_id), "type": interaction.kind,
            "data": data, "channel": shown, "channel_id": str(channel.id), "token": interaction.token, "version": 1,
            "app_permissions": str(_BOT_PERMISSIONS), "locale": LOCALE, "entitlements": [],
            "attachment_size_limit": _LARGEST_UPLOAD,
            "authorizing_integration_owners": {_GUILD_INSTALL: str(channel.guild_id or 0)},
        }  # fmt: skip
        if user_installed:
            event["authorizing_integration_owners"] = {_USER_INSTALL: str(caller.id)}
        if interaction.message is not None:
            event["message"] = self._messages.document(interaction.message)
        if channel.guild_id is None:
            return event | {"context": _WITH_BOT, "user": user}
        member = world.member(user, caller.roles) | {"permissions": str(caller.permissions)}
        guild_id = str(channel.guild_id)
        guild = {"id": guild_id, "locale": LOCALE, "features": []}
        return event | {
            "context": _IN_GUILD, "guild_id": guild_id, "guild": guild, "guild_locale": LOCALE, "member": member,
        }  # fmt: skip

    def _command(
        self, path: str, channel_id: int, values: Mapping[str, object], focused: str | None
    ) -> Document:
        name, *inner = path.split()
        guild_id = self._world.channel(channel_id).guild_id
        registered = self.commands[None] + self.commands.get(guild_id, [])
        command = _named(registered, name, "command")
        data: Document = {"id": command["id"], "name": name, "type": 1}
        if guild_id is not None and command.get("guild_id") is not None:
            data["guild_id"] = command["guild_id"]
        definition = command
        holder = data
        for step in inner:
            definition = _named(definition.get("options") or [], step, "subcommand")
            holder["options"] = [{"name": step, "type": definition["type"]}]
            holder = holder["options"][0]
        kinds = {each: _named(definition.get("options") or [], each, "option")["type"] for each in values}
        holder["options"] = [_option(each, kinds[each], value, focused) for each, value in values.items()]
        resolved = self._resolved(kinds, values)
        return data | {"resolved": resolved} if resolved else data

    def _resolved(self, kinds: Mapping[str, int], values: Mapping[str, object]) -> Document:
        resolved: Document = {}
        for name, kind in kinds.items():
            key = str(values[name])
            if kind == _CHANNEL:
                shown = self._world.channel_document(int(key)) | {"permissions": str(_BOT_PERMISSIONS)}
                resolved.setdefault("channels", {})[key] = shown
            elif kind == _USER:
                resolved.setdefault("users", {})[key] = a_user(int(key), f"user{key}")
            elif kind == _ROLE:
                roles = (role for guild in self._world.guilds.values() for role in guild.roles)
                resolved.setdefault("roles", {})[key] = next(
                    each for each in roles if str(each.id) == key
                ).document
        return resolved


def _named(documents: Sequence[Document], name: str, what: str) -> Document:
    for document in documents:
        if document["name"] == name:
            return document
    raise LookupError(f"expected a {what} among {[each['name'] for each in documents]}, found {name!r}")


def _option(name: str, kind: int, value: object, focused: str | None) -> Document:
    option: Document = {
        "name": name,
        "type": kind,
        "value": value if kind not in (_USER, _CHANNEL, _ROLE) else str(value),
    }
    return option | {"focused": True} if name == focused else option


def _flat(components: Sequence[Document]) -> Iterator[Document]:
    for component in components:
        yield component
        yield from _flat(component.get("components") or [])
        yield from _flat([component[name] for name in ("component", "accessory") if name in component])


def _filled(component: Document, values: Mapping[str, object]) -> Document:
    filled: Document = {"type": component["type"], "id": component.get("id", 1)}
    if "components" in component:
        return filled | {"components": [_filled(each, values) for each in component["components"]]}
    if "component" in component:
        return filled | {"component": _filled(component["component"], values)}
    custom_id = component.get("custom_id")
    if custom_id is None:
        return filled
    if component["type"] == _TEXT_INPUT:
        return filled | {"custom_id": custom_id, "value": values.get(custom_id, component.get("value") or "")}
    chosen = [each["value"] for each in component.get("options") or [] if each.get("default")]
    return filled | {"custom_id": custom_id, "values": values.get(custom_id, chosen)}

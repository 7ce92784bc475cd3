"""What Discord refuses in a message, a modal or choices: 50035 with the tree of what is wrong."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TypeAlias

from tests.loopback.discord.wire import IS_COMPONENTS_V2, Document, Refusal

Path: TypeAlias = tuple[str, ...]
Problem: TypeAlias = tuple[Path, str, str]

EMBED_TOTAL, EMBEDS, EMBED_FIELDS = 6000, 10, 25
"""docs.discord.com, Message Resource, Embed Limits."""
ACTION_ROWS, BUTTONS, MODAL_COMPONENTS, CHOICES, OPTIONS = 5, 5, 5, 25, 25
"""docs.discord.com, Component Reference and Application Commands."""

_MESSAGE = {"content": 2000, "nonce": 25}
_EMBED = {"title": 256, "description": 4096}
_NESTED = {("footer", "text"): 2048, ("author", "name"): 256}
_FIELD = {"name": 256, "value": 1024}
_COMPONENT = {"custom_id": 100, "placeholder": 150}
_OPTION = {"label": 100, "value": 100, "description": 100}
_CHOICE = {"name": 100}
_MODAL = {"custom_id": 100, "title": 45}
_ACTION_ROW, _BUTTON, _TEXT_INPUT, _LABEL = 1, 2, 4, 18
_LABELS = {_BUTTON: 80, _TEXT_INPUT: 45, _LABEL: 45}


def refusal_of(problems: Iterable[Problem]) -> Refusal | None:
    """Return the refusal that names every problem, or None where there is none."""
    tree: Document = {}
    for path, found in groupby(sorted(problems), key=lambda problem: problem[0]):
        branch = tree
        for step in path:
            branch = branch.setdefault(step, {})
        branch["_errors"] = [{"code": code, "message": message} for _, code, message in found]
    return Refusal(status=400, code=50035, message="Invalid Form Body", errors=tree) if tree else None


def problems_of_message(message: Document) -> Iterator[Problem]:
    """Yield what is wrong with a message that is sent, or with the part of it that an edit sends."""
    yield from _texts(message, _MESSAGE, ())
    embeds = message.get("embeds") or []
    yield from _count(embeds, EMBEDS, ("embeds",))
    for index, embed in enumerate(embeds):
        yield from _embed(embed, ("embeds", str(index)))
    if sum(map(_length, embeds)) > EMBED_TOTAL:
        yield (
            ("embeds",),
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {EMBED_TOTAL}",
        )
    components = message.get("components") or []
    if not (message.get("flags") or 0) & IS_COMPONENTS_V2:
        yield from _count(components, ACTION_ROWS, ("components",))
    yield from _components(components, ("components",))
    yield from _duplicates(components)


def problems_of_modal(modal: Document) -> Iterator[Problem]:
    """Yield what is wrong with a modal."""
    components = modal.get("components") or []
    yield from _texts(modal, _MODAL, ("data",), least=1)
    yield from _count(components, MODAL_COMPONENTS, ("data", "components"), least=1)
    yield from _components(components, ("data", "components"))
    yield from _duplicates(components)


def problems_of_choices(data: Document) -> Iterator[Problem]:
    """Yield what is wrong with the choices of an autocompletion."""
    choices = data.get("choices") or []
    path = ("data", "choices")
    yield from _count(choices, CHOICES, path)
    for index, choice in enumerate(choices):
        yield from _texts(choice, _CHOICE, (*path, str(index)), least=1)
        if isinstance(choice.get("value"), str):
            yield from _texts(choice, {"value": 100}, (*path, str(index)))


def _embed(embed: Document, path: Path) -> Iterator[Problem]:
    yield from _texts(embed, _EMBED, path)
    for (part, name), most in _NESTED.items():
        yield from _texts(embed.get(part) or {}, {name: most}, (*path, part))
    fields = embed.get("fields") or []
    yield from _count(fields, EMBED_FIELDS, (*path, "fields"))
    for index, field in enumerate(fields):
        yield from _texts(field, _FIELD, (*path, "fields", str(index)), least=1)


def _length(embed: Document) -> int:
    parts = [embed.get(name) for name in _EMBED]
    parts += [(embed.get(part) or {}).get(name) for part, name in _NESTED]
    parts += [field.get(name) for field in embed.get("fields") or [] for name in _FIELD]
    return sum(len(part) for part in parts if part)


def _components(components: list[Document], path: Path) -> Iterator[Problem]:
    for index, component in enumerate(components):
        yield from _component(component, (*path, str(index)))


def _component(component: Document, path: Path) -> Iterator[Problem]:
    yield from _texts(component, _COMPONENT, path)
    most = _LABELS.get(component["type"])
    if most is not None:
        yield from _texts(component, {"label": most}, path)
    options = component.get("options") or []
    yield from _count(options, OPTIONS, (*path, "options"))
    for index, option in enumerate(options):
        yield from _texts(option, _OPTION, (*path, "options", str(index)))
    if component["type"] == _ACTION_ROW:
        yield from _count(component["components"], BUTTONS, (*path, "components"), least=1)
    yield from _components(component.get("components") or [], (*path, "components"))
    if "component" in component:
        yield from _component(component["component"], (*path, "component"))


def _duplicates(components: list[Document]) -> Iterator[Problem]:
    seen = set()
    for index, component in enumerate(components):
        for inner in [component, *(component.get("components") or [])]:
            custom_id = inner.get("custom_id")
            if custom_id in seen:
                message = "Component custom id cannot be duplicated"
                yield ("components", str(index)), "COMPONENT_CUSTOM_ID_DUPLICATED", message
            elif custom_id is not None:
                seen.add(custom_id)


def _texts(document: Document, bounds: Mapping[str, int], path: Path, *, least: int = 0) -> Iterator[Problem]:
    for name, most in bounds.items():
        length = len(str(document.get(name) or ""))
        if length > most:
            yield (*path, name), "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."
        elif length < least:
            yield (*path, name), "BASE_TYPE_REQUIRED", "This field is required"


def _count(items: list[Document], most: int, path: Path, *, least: int = 0) -> Iterator[Problem]:
    if not least <= len(items) <= most:
        yield path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."

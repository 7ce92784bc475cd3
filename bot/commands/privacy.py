"""`/privacy` and `/forget`: what is kept of a chat and its people, and how to have it deleted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from bot.commands.context import Context, Who
from bot.commands.spec import About, Kind
from bot.messages.document import Button, Document, Fields, Footer, Heading, Paragraph, Tone

_KEPT = (
    ("this chat", "its number and threads, its rules, settings and silences; until /forget"),
    ("what was told", "the alerts and what they rest on; for 400 days at most"),
    ("changes", "who changed what: a person's number and name; for 400 days at most"),
    ("the market", "what venues publish: nothing of yours"),
    ("not kept", "what you write, other messages, members, phone numbers, addresses"),
    ("who sees it", "whoever runs this copy of Skewbell; it is passed on to nobody"),
    ("deleting", "/forget here, or remove the bot: 30 days later all of this chat is deleted"),
)


class Sure(StrEnum):
    """The word that makes it happen."""

    YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What is kept."""

    name: ClassVar[str] = "privacy"
    summary: ClassVar[str] = "what is kept of this chat and of you, and for how long"
    who: ClassVar[Who] = Who.MEMBER

    async def run(self, context: Context) -> Document:
        """Say what is kept, for how long, and how to delete it."""
        heading = Heading(text="What Skewbell keeps, and for how long")
        note = (
            "in a private chat /forget deletes your data everywhere, in a group its admins delete the group's"
        )
        forget = Button(label="Delete it", line="/forget")
        return Document(blocks=(heading, Fields(rows=_KEPT), Footer(note=note)), buttons=(forget,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """The end of all that is kept."""

    name: ClassVar[str] = "forget"
    summary: ClassVar[str] = "delete all that is kept of this chat; in private, of you"
    who: ClassVar[Who] = Who.ADMIN

    sure: Annotated[Sure | None, About(Kind.SURE, "yes, to be sure")] = None

    async def run(self, context: Context) -> Document:
        """Delete once it was confirmed; no audit line of it is left, since that would be kept."""
        asker = context.asker
        if self.sure is None:
            return _question(private=asker.private)
        await context.chats.forget(context.destination)
        if asker.private and asker.user:
            await context.chats.forget_user(context.destination.platform, asker.user)
        done = (
            "All that was kept of you and of this chat" if asker.private else "All that was kept of this chat"
        )
        words = Paragraph(text="Nothing is told here any more. /start begins anew.")
        return Document(blocks=(Heading(text=f"{done} is deleted"), words, Footer(note="market data stays")))


def _question(*, private: bool) -> Document:
    whose = "of this chat and, in every chat, of you" if private else "of this chat, its threads included"
    heading = Heading(text=f"Delete all that is kept {whose}?", tone=Tone.TROUBLE)
    words = Paragraph(text="Rules, settings, silences, past alerts and audit lines. This cannot be undone.")
    yes = Button(label="Yes, delete", line="/forget yes", in_place=True)
    return Document(blocks=(heading, words, Footer(note="/forget yes does it")), buttons=(yes,))

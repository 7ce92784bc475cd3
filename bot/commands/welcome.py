"""The first words of the bot in a chat."""

from bot.commands.context import Context
from bot.messages import wording
from bot.messages.document import Button, Document, Footer, Heading, Paragraph


def welcome(context: Context) -> Document:
    """Say who this is in two lines, and offer the first steps."""
    venues = wording.plural(len(context.venues), "venue")
    blocks = (
        Heading(text=f"Skewbell watches funding and liquidations of perpetual futures on {venues}"),
        Paragraph(
            text="It tells this chat what leaves the ordinary there. It does not trade and gives no advice."
        ),
        Footer(note="/privacy says what is kept of this chat"),
    )
    buttons = (
        Button(label="Subscribe", line="/subscribe"),
        Button(label="Funding of BTC", line="/funding BTC"),
        Button(label="Liquidations", line="/liq"),
        Button(label="Most extreme now", line="/top"),
        Button(label="All commands", line="/help"),
    )
    return Document(blocks=blocks, buttons=buttons)

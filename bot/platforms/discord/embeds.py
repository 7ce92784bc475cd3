"""A document as Discord takes it: the embed, and the picture that is attached to be shown inside."""

from io import BytesIO

import discord

from bot.messages.document import Document
from bot.messages.embed import as_embed


def embed_of(document: Document) -> discord.Embed:
    """Return the embed; a picture in it is one of `files_of`."""
    embed = discord.Embed.from_dict(as_embed(document))
    for file in files_of(document):
        embed.set_image(url=file.uri)
    return embed


def files_of(document: Document) -> list[discord.File]:
    """Return what is to be uploaded with the embed, made anew for each request: its picture, or nothing."""
    picture = document.picture
    if picture is None:
        return []
    return [discord.File(BytesIO(picture.png), filename="picture.png", description=picture.alt)]

"""Who Discord says the bot is, and whether its gateway can be reached."""

import asyncio

import aiohttp
import discord
from discord.gateway import DiscordWebSocket

from bot.platforms.discord.api import learn_gateway, proxy_to_discord, served_at, without_voice
from bot.platforms.discord.outcomes import TRANSIENT
from bot.platforms.discord.supervision import close_within, cure_of, in_words
from bot.platforms.identity import Identity, Known, Unknown
from bot.platforms.proxies import CURE, ProxyError

_PATIENCE = 15.0
"""Seconds; by itself discord.py would repeat for half a minute what fails."""
_TO_CLOSE = 2.5
_VERSION = {"v": "10", "encoding": "json"}
"""https://docs.discord.com/developers/events/gateway#connecting"""
_NO_INTENTS = "needs no privileged intent"
_UNREACHABLE = "look at the network, and at DISCORD_API_URL if it is set"


async def who_am_i(token: str, api_url: str | None) -> Identity:
    """Log in and open the gateway without beginning a session, of which a day has a limited number.

    Without `api_url` Discord's own.
    """
    without_voice()
    try:
        proxy = proxy_to_discord(api_url)
    except ProxyError as error:
        return Unknown(why=str(error), cure=CURE)
    client = discord.Client(intents=discord.Intents(guilds=True), proxy=proxy)
    try:
        with served_at(api_url):
            async with asyncio.timeout(_PATIENCE):
                await client.login(token)
                await _greet(client)
        return Known(name=f"@{client.user}", note=_NO_INTENTS)
    except discord.LoginFailure as error:
        return Unknown(why="the token is refused", cure=cure_of(error) or _UNREACHABLE)
    except (*TRANSIENT, KeyError, TypeError) as error:  # the latter two: what answers is not Discord
        return Unknown(why=f"cannot be reached ({_words(error)})", cure=_UNREACHABLE)
    finally:
        await close_within(client, _TO_CLOSE)


def _words(error: Exception) -> str:
    return in_words(error) if isinstance(error, discord.HTTPException) else type(error).__name__


async def _greet(client: discord.Client) -> None:
    """Wait for the gateway's first word.

    Raises:
        OSError: it hung up without one.
    """
    await learn_gateway(client)
    gateway = DiscordWebSocket.DEFAULT_GATEWAY.with_query(_VERSION)
    socket = await client.http.ws_connect(str(gateway))
    hello = await socket.receive()
    await socket.close()
    if hello.type is not aiohttp.WSMsgType.TEXT:
        raise ConnectionResetError(f"expected a word from the gateway, found {hello.type.name}")

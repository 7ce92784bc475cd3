"""The chat platforms that are set up, each from its part of the settings."""

from random import random
from typing import Protocol

from pydantic import HttpUrl

from bot.config import Settings
from bot.platforms.discord.platform import Discord
from bot.platforms.ports import FrontDesk, Notebook
from bot.platforms.telegram.platform import Telegram
from bot.platforms.telegram.webhook import Webhook
from bot.ports import ChatPlatform
from monitors.ports import Clock


class Service(ChatPlatform, Protocol):
    """A chat platform that has to be connected to."""

    async def run(self) -> None:
        """Stay connected until cancelled."""
        ...


def services_of(settings: Settings, desk: FrontDesk, notebook: Notebook, clock: Clock) -> tuple[Service, ...]:
    """Return a service for each token that is set."""
    services: list[Service] = []
    if settings.telegram_bot_token is not None:
        services.append(
            Telegram(
                settings.telegram_bot_token.get_secret_value(),
                api_url=_address(settings.telegram_api_url),
                webhook=_webhook(settings),
                desk=desk,
                notebook=notebook,
                clock=clock,
            )
        )
    if settings.discord_bot_token is not None:
        services.append(
            Discord(
                settings.discord_bot_token.get_secret_value(),
                api_url=_address(settings.discord_api_url),
                desk=desk,
                notebook=notebook,
                clock=clock,
                random=random,
            )
        )
    return tuple(services)


def _webhook(settings: Settings) -> Webhook | None:
    if settings.telegram_webhook_url is None:
        return None
    host, port = settings.webhook_address
    return Webhook(url=str(settings.telegram_webhook_url), host=host, port=port)


def _address(url: HttpUrl | None) -> str | None:
    return None if url is None else str(url).rstrip("/")

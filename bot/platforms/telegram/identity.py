"""Who Telegram says the bot is."""

from telegram.error import TelegramError

from bot.platforms.identity import Identity, Known, Unknown
from bot.platforms.proxies import CURE, ProxyError
from bot.platforms.telegram.connection import TokenRefusedError, connected
from bot.platforms.telegram.limiter import Limiter
from bot.platforms.telegram.outcomes import words
from bot.platforms.telegram.transport import LaterError
from monitors.ports import Clock

_CURE = "copy TELEGRAM_BOT_TOKEN anew from @BotFather, /mybots, API Token"
_ASK_LATER = "try again in a minute"
_UNREACHABLE = "look at the network, and at TELEGRAM_API_URL if it is set"


async def who_am_i(token: str, api_url: str | None, clock: Clock) -> Identity:
    """Ask once, for seven seconds at most; without `api_url` Telegram's own server."""
    try:
        async with connected(token, api_url, Limiter(clock)) as client:
            return Known(name=f"@{client.username}")
    except TokenRefusedError:
        return Unknown(why="the token is refused", cure=_CURE)
    except LaterError as error:
        return Unknown(why=str(error), cure=_ASK_LATER)
    except ProxyError as error:
        return Unknown(why=str(error), cure=CURE)
    except TelegramError as error:
        return Unknown(why=f"cannot be reached ({words(error)})", cure=_UNREACHABLE)

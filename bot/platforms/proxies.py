"""The proxy between the bot and a platform, the same for all of them: what the environment's usual variables name."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

CURE = "name an http:// or https:// proxy in HTTPS_PROXY or ALL_PROXY, or what needs none in NO_PROXY"

_USABLE = ("http", "https")


class ProxyError(Exception):
    """The environment names a proxy that cannot be used; whoever connects catches it. Its words hold no password."""


def proxy_for(url: str) -> str | None:
    """Return the proxy on the way to an address, None for none.

    HTTPS_PROXY or HTTP_PROXY by the address's scheme, else ALL_PROXY, except for what NO_PROXY names.

    Raises:
        ProxyError: it is of a kind that not every platform can use, such as SOCKS, or no address at all.
    """
    to = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(to.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(to.netloc.rpartition("@")[2]):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    scheme = proxy.partition("://")[0].lower()
    if scheme not in _USABLE:
        raise ProxyError(f"expected an http or https proxy, found one of {scheme}")
    if not _is_address(proxy):
        raise ProxyError("expected a proxy's address with a host, found none")
    return proxy


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False

"""Whose word is taken on where a request comes from: that of the proxies in the settings."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

ProxyNetwork = IPv4Network | IPv6Network
HEADER: Final = "x-forwarded-for"
_MOST: Final = 20  # hops; more are nobody's network
_LONGEST: Final = 1000  # characters
# Any of them says that somebody stands between.
_TRACES: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "via")


def trusted(setting: str, *, behind_https: bool) -> list[ProxyNetwork]:
    """Return the proxies' networks.

    Parameters
    ----------
    setting
        Addresses and networks, with commas between; empty means this machine where a proxy is
        said to be in front, else nobody.
    behind_https
        Whether it is.

    Raises
    ------
    ValueError
        If one is no address.
    """
    named = [word.strip() for word in setting.split(",") if word.strip()]
    if not named and behind_https:
        named = ["127.0.0.0/8", "::1"]
    return [ip_network(word, strict=False) for word in named]


class ForwardedAddress:
    """Middleware: a trusted proxy's request is its client's.

    Parameters
    ----------
    app
        What comes behind.
    proxies
        Whose word is taken.
    """

    def __init__(self, app: ASGIApp, proxies: list[ProxyNetwork]) -> None:
        self.app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its client's address."""
        if scope["type"] == "http" and self._proxies and scope.get("client"):
            told = Headers(scope=scope).getlist(HEADER)
            scope = {**scope, "client": (self._client(scope["client"][0], told), 0)}
        await self.app(scope, receive, send)

    def _client(self, peer: str, told: list[str]) -> str:
        """Return the last address, from the right, that is no proxy's: the left is anybody's."""
        line = ",".join(told)
        hops = [hop.strip() for hop in line.split(",") if hop.strip()]
        if len(line) > _LONGEST or len(hops) > _MOST:
            return peer
        found = peer
        for hop in reversed(hops):
            if not self._is_proxy(found):
                break
            try:
                found = str(ip_address(hop))
            except ValueError:
                break
        return found

    def _is_proxy(self, address: str) -> bool:
        try:
            known = ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._proxies)


def came_through_a_proxy(headers: Headers) -> bool:
    """Return whether a request bears a proxy's trace."""
    return any(name in headers for name in _TRACES)

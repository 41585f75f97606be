"""Our own decoders among those of pydicom."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from pydicom.pixels.decoders.base import get_decoder

_registering = Lock()


def add_plugin(label: str, module: str, syntaxes: Iterable[str]) -> None:
    """Make a module's ``decode_frame`` known to pydicom; a second call does nothing.

    Parameters
    ----------
    label
        How the plug-in is called.
    module
        Full name of the module that follows pydicom's protocol.
    syntaxes
        UIDs of the transfer syntaxes that it decodes.
    """
    with _registering:
        for syntax in syntaxes:
            decoder = get_decoder(syntax)
            if label not in decoder.available_plugins:
                decoder.add_plugin(label, (module, "decode_frame"))

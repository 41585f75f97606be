"""A film's bytes, wherever it lies; what is wrong with one is told from what is wrong with all."""

from __future__ import annotations

from pathlib import Path

from covid_d.places import cannot_reach, first_line, is_address, parted, store_of
from covid_d.radiograph import RadiographError, RefusalCode
from covid_d.radiograph.readers.limits import MAX_BYTES


def fetch(path: str) -> Path | bytes:
    """Return a film's own path, or what its store holds of it.

    Parameters
    ----------
    path
        Path or address.

    Raises
    ------
    RadiographError
        If the store has no such film, or one too large, or keeps this one from us.
    StoreError
        If the store does not answer, or lets us in nowhere: then no film is to blame.
    """
    if not is_address(path):
        return Path(path)
    import obstore
    from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError

    root, key = parted(path)
    try:
        found = obstore.get(store_of(root), key)
        if found.meta["size"] > MAX_BYTES:
            size = f"{found.meta['size'] / 1024**2:.0f} MB"
            raise RadiographError.of(RefusalCode.TOO_LARGE, size)
        return bytes(found.bytes())
    except (FileNotFoundError, NotFoundError) as error:
        raise RadiographError.of(RefusalCode.NOT_FOUND, cause=first_line(error)) from error
    except (PermissionError, PermissionDeniedError) as error:
        _require_way_in(path)
        raise RadiographError.of(RefusalCode.UNREADABLE, "403") from error
    except (BaseError, OSError) as error:
        raise cannot_reach(path, error) from error


def _require_way_in(path: str) -> None:
    """Refuse to blame a film where the credentials themselves have run out."""
    import obstore
    from obstore.exceptions import BaseError

    root, key = parted(path)
    try:
        next(iter(obstore.list(store_of(root), key.rpartition("/")[0] or None, chunk_size=1)), None)
    except (BaseError, OSError) as error:
        raise cannot_reach(root, error) from error

"""Published collections, one small plug-in each: their rows, films and licences."""

from covid_d.dataset.collections.base import (
    Collection,
    Exclusion,
    FilmRow,
    Modality,
    Reason,
    available_collections,
    open_collection,
)

__all__ = [
    "Collection",
    "Exclusion",
    "FilmRow",
    "Modality",
    "Reason",
    "available_collections",
    "open_collection",
]

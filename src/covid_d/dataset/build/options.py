"""What can be chosen when a data set is built."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from covid_d.dataset.manifest import Split
from covid_d.errors import DatasetError
from covid_d.language import N_

LEARNING_SPLITS: Final = (Split.TRAIN, Split.VALIDATION, Split.TEST)
# What networks are given, most often; a smaller film would be made up by up-sampling.
MIN_SIDE: Final = 224


class Protocol(StrEnum):
    """How films are chosen and split.

    ``ARTICLE`` follows the 2020 article to the letter; ``GROUPED`` keeps each patient, and each
    film's near-duplicates, within one split.
    """

    ARTICLE = "article"
    GROUPED = "grouped"


class Licenses(StrEnum):
    """Which licences a film may have."""

    ANY = "any"
    PERMISSIVE = "permissive"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """Options of a build; together with the collections they decide every byte of the data set.

    Parameters
    ----------
    protocol
        How films are chosen and split.
    splits
        Shares of training, validation and test, per cent.
    seed
        Of every random choice. The article's is 7.
    adults_only
        Leave out who is known to be under 18; ``None`` means what the protocol does (grouped
        yes, article no).
    known_projection_only
        In the grouped protocol, leave out films whose projection is not recorded.
    licenses
        ``permissive`` keeps films whose licence allows redistribution of derivatives.
    max_side
        Longer side of a written film, pixels; larger films are made smaller. ``None`` keeps all.
    hold_out
        In the grouped protocol, sources (``cohen``) or publishers (``radiopaedia.org``) whose
        patients go to the test split alone: figures on films of a source never trained on.
    children
        In the article protocol, healthy children, and as many with pneumonia, drawn for training,
        validation and test.

    Raises
    ------
    DatasetError
        If the options contradict each other or make no sense.
    """

    protocol: Protocol = Protocol.GROUPED
    splits: tuple[int, int, int] = (70, 15, 15)
    seed: int = 7
    adults_only: bool | None = None
    known_projection_only: bool = False
    licenses: Licenses = Licenses.ANY
    max_side: int | None = None
    hold_out: tuple[str, ...] = ()
    children: tuple[int, int, int] = (40, 40, 20)

    def __post_init__(self) -> None:
        if len(self.splits) != 3 or min(self.splits) <= 0 or sum(self.splits) != 100:
            raise DatasetError(
                N_(
                    "Splits %(splits)s are not three shares of 100.",
                    splits="/".join(map(str, self.splits)),
                ),
                N_("Give training, validation and test in per cent, as 70/15/15."),
            )
        if len(self.children) != 3 or min(self.children) < 0:
            raise DatasetError(
                N_(
                    "Children %(children)s are not three numbers of films.",
                    children="/".join(map(str, self.children)),
                ),
                N_("Give training, validation and test, as 40/40/20."),
            )
        if self.seed < 0:
            raise DatasetError(
                N_("Seed %(seed)s is negative.", seed=self.seed), N_("Use 0 or a positive number.")
            )
        if self.max_side is not None and self.max_side < MIN_SIDE:
            raise DatasetError(
                N_(
                    "A longest side of %(max_side)s pixels is too small to learn from.",
                    max_side=self.max_side,
                ),
                N_("Use %(min_side)s or more.", min_side=MIN_SIDE),
            )
        if self.protocol is Protocol.ARTICLE and self.adults_only:
            raise DatasetError(
                N_("The article protocol is made with children's films."),
                N_("Leave out --adults-only, or use --protocol grouped."),
            )

        if self.protocol is Protocol.ARTICLE and self.hold_out:
            raise DatasetError(
                N_("The article protocol holds no source out."),
                N_("Leave out --hold-out, or use --protocol grouped."),
            )

    @property
    def grouped(self) -> bool:
        """Whether the protocol is the grouped one."""
        return self.protocol is Protocol.GROUPED

    @property
    def leaves_out_children(self) -> bool:
        """Whether who is known to be under 18 is left out."""
        return self.grouped if self.adults_only is None else self.adults_only

    def to_dict(self) -> dict[str, Any]:
        """Return the options as ``dataset.json`` records them, defaults filled in."""
        return asdict(self) | {
            "splits": list(self.splits),
            "hold_out": list(self.hold_out),
            "children": list(self.children),
            "adults_only": self.leaves_out_children,
        }

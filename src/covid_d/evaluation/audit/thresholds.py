"""What a bundle must reach to pass the audit: the one place where it is declared."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The audit's thresholds; reports print them beside the figures.

    Parameters
    ----------
    films_per_class
        A source counts as evidence when its test films include this many of each class.
    above_probe
        Within every such source, the model's AUROC must exceed the best no-lung probe's on the
        same films by this much.
    above_lungs_erased
        ... and its own AUROC on the same films with the lungs erased by this much.
    worst_source_lower_bound
        The lower bound of the 95 % interval of the worst source's AUROC must lie above this.
    calibration_error
        The expected calibration error over all test films must not exceed this.
    lung_dice
        Held-out Dice that the lung model must reach for its erasures to count as such.
    lungs_found
        Share of the test films on which lungs must be found.
    """

    films_per_class: int = 10
    above_probe: float = 0.10
    above_lungs_erased: float = 0.10
    worst_source_lower_bound: float = 0.5
    calibration_error: float = 0.10
    lung_dice: float = 0.85
    lungs_found: float = 0.90

    def to_dict(self) -> dict[str, float]:
        """Return name and value of each threshold."""
        return asdict(self)


THRESHOLDS = Thresholds()

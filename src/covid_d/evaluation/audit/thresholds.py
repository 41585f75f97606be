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
        Within every such source, the model's AUROC must exceed every probe's on the same films
        by more than this, at the lower bound of the paired 95 % interval.
    above_lungs_erased
        ... and its own AUROC on the same films with the lungs erased likewise.
    worst_source_lower_bound
        The lower bound of the 95 % interval of the worst source's AUROC must lie above this.
    calibration_error
        Within every such source, the calibration error, corrected for small numbers, must not
        exceed this.
    marks_effect
        Erasing what lies on the lungs (letters, arrows, electrodes, tubes) must not take more
        than this of the AUROC, at the upper bound of the paired 95 % interval.
    opposite_answers
        Laying such things on the lungs must not turn more than this share of the answers from
        positive to negative or back.
    lung_dice
        Held-out Dice that the lung model must reach for its erasures to count as such.
    lungs_found
        Share of the test films on which lungs must be found.
    """

    films_per_class: int = 10
    above_probe: float = 0.05
    above_lungs_erased: float = 0.05
    worst_source_lower_bound: float = 0.5
    calibration_error: float = 0.10
    marks_effect: float = 0.05
    opposite_answers: float = 0.02
    lung_dice: float = 0.85
    lungs_found: float = 0.90

    def to_dict(self) -> dict[str, float]:
        """Return name and value of each threshold."""
        return asdict(self)


THRESHOLDS = Thresholds()

"""Many clinics' figures together: what was sent is checked, each month counts once, sums are made.

Nothing here opens a database: the ministry needs only the files. A class of a block whose answers
are hidden is left out whole, so that no figure is biased by which cells were small; how many blocks
that were is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from covid_d.clinic.federation.blocks import ANSWERS, BINS, CLASSES
from covid_d.clinic.federation.signing import is_genuine
from covid_d.errors import CovidDError
from covid_d.language import N_, Text

MOST_BLOCKS: Final = 20_000
_Count = Annotated[int, Field(ge=0, le=10_000_000)]
_Shown = _Count | None
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Class = Literal["positive", "negative", "unknown"]
_Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SentBlock(_Strict):
    """One block as it was sent; see :class:`~covid_d.clinic.federation.blocks.Block`."""

    bundle: _Hash
    unit: _Name
    month: _Month
    cases: dict[_Class, _Shown]
    unanswered: _Shown
    answers: dict[_Class, list[_Shown]]
    scores: dict[_Class, list[_Shown]]
    stated: dict[_Class, list[_Shown]]
    stated_mean: list[_Share | None]

    @model_validator(mode="after")
    def _is_whole(self) -> SentBlock:
        lengths = ((self.answers, len(ANSWERS)), (self.scores, BINS), (self.stated, BINS))
        for parts, length in lengths:
            if set(parts) != set(CLASSES) or any(len(row) != length for row in parts.values()):
                raise ValueError("a breakdown has other parts")
        if set(self.cases) != set(CLASSES) or len(self.stated_mean) != BINS:
            raise ValueError("a breakdown has other parts")
        return self


class SentDrift(_Strict):
    """The latest drift window of one bundle and unit."""

    bundle: _Hash
    unit: _Name
    month: _Month
    alarms: list[Literal["scores", "refusals"]]
    distance: float | None
    p_scores: float | None
    p_refused: float | None


class SentBundle(_Strict):
    """What a bundle calls itself."""

    name: _Name
    version: _Name


class Sent(_Strict):
    """What one clinic sent."""

    format: Literal["covid-d federation 1"]
    covid_d: _Name
    clinic: _Name
    made: _Name
    first: _Month
    last: _Month
    least: _Count
    bundles: dict[_Hash, SentBundle]
    blocks: Annotated[list[SentBlock], Field(max_length=MOST_BLOCKS)]
    drift: Annotated[list[SentDrift], Field(max_length=MOST_BLOCKS)]
    key: _Hash
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class FederationError(CovidDError):
    """A file is no genuine export of a clinic.

    Parameters
    ----------
    text, remedy
        What is wrong, and what to do.
    """

    def __init__(self, text: Text, remedy: Text) -> None:
        super().__init__(text, remedy)
        self.text = text


@dataclass(slots=True)
class Sums:
    """Counts of one clinic, unit, month or all, added up over blocks.

    Parameters
    ----------
    answers
        Class to counts, in the order of ``ANSWERS``, of blocks that show them all.
    scores, stated
        Class to counts by tenth, of what is shown.
    stated_sum
        By tenth, the sum of the probabilities stated where their mean is shown.
    stated_known
        By tenth and of the same blocks, how many cases and how many positive and negative ones.
    unanswered
        Cases without an answer, as far as they are shown.
    hidden
        Blocks of which a class's answers are hidden, so that it is left out.
    """

    answers: dict[str, list[int]] = field(
        default_factory=lambda: {name: [0] * len(ANSWERS) for name in CLASSES}
    )
    scores: dict[str, list[int]] = field(
        default_factory=lambda: {name: [0] * BINS for name in CLASSES}
    )
    stated: dict[str, list[int]] = field(
        default_factory=lambda: {name: [0] * BINS for name in CLASSES}
    )
    stated_sum: list[float] = field(default_factory=lambda: [0.0] * BINS)
    stated_known: list[int] = field(default_factory=lambda: [0] * BINS)
    unanswered: int = 0
    hidden: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))

    def add(self, block: SentBlock) -> None:
        """Add a block."""
        for name in CLASSES:
            row = block.answers[name]
            shown = [count for count in row if count is not None]
            if len(shown) == len(row):
                self.answers[name] = [a + b for a, b in zip(self.answers[name], shown, strict=True)]
            else:
                self.hidden[name] += 1
            for sums, parts in ((self.scores, block.scores), (self.stated, block.stated)):
                sums[name] = [a + (b or 0) for a, b in zip(sums[name], parts[name], strict=True)]
        self.unanswered += block.unanswered or 0
        for k, mean in enumerate(block.stated_mean):
            if mean is not None:
                n = sum(block.stated[name][k] or 0 for name in CLASSES)
                self.stated_sum[k] += mean * n
                self.stated_known[k] += n

    @property
    def sensitivity(self) -> tuple[int, int]:
        """Right and all conclusive answers to cases with COVID-19."""
        right, wrong, _ = self.answers["positive"]
        return right, right + wrong

    @property
    def specificity(self) -> tuple[int, int]:
        """Right and all conclusive answers to cases without it."""
        wrong, right, _ = self.answers["negative"]
        return right, right + wrong

    @property
    def total(self) -> int:
        """Answered cases that are shown."""
        return sum(sum(row) for row in self.answers.values())


@dataclass(frozen=True, slots=True)
class Merged:
    """What many clinics sent.

    Parameters
    ----------
    sent
        Each clinic's latest file, in the order of their names.
    labels
        Each clinic's public key to what reports call it.
    blocks
        Every block that counts, with its clinic.
    replaced
        Blocks that a later file of the same clinic sent again.
    unknown
        Names of clinics whose key nobody vouched for.
    """

    sent: tuple[Sent, ...]
    labels: Mapping[str, str]
    blocks: tuple[tuple[str, SentBlock], ...]
    replaced: int
    unknown: tuple[str, ...]

    def sums(self, bundle: str = "") -> Sums:
        """Return the sums of every block, of one bundle or of all."""
        return self._sums(bundle, "")[""] if self.blocks else Sums()

    def by_clinic(self, bundle: str = "") -> dict[str, Sums]:
        """Return the sums of each clinic, by name."""
        return dict(sorted(self._sums(bundle, "clinic").items()))

    def by_month(self, bundle: str = "") -> dict[str, Sums]:
        """Return the sums of each month, in order."""
        return dict(sorted(self._sums(bundle, "month").items()))

    def _sums(self, bundle: str, by: str) -> dict[str, Sums]:
        found: dict[str, Sums] = {}
        for clinic, block in self.blocks:
            if not bundle or block.bundle == bundle:
                key = {"": "", "clinic": clinic, "month": block.month}[by]
                found.setdefault(key, Sums()).add(block)
        return found or ({"": Sums()} if not by else {})

    @property
    def bundles(self) -> dict[str, str]:
        """Hash to name of every bundle that answered, the most used first."""
        names = {
            sha256: f"{known.name} {known.version} ({sha256[:12]})"
            for one in self.sent
            for sha256, known in one.bundles.items()
        }
        used = {sha256: self.sums(sha256).total for sha256 in names}
        return dict(sorted(names.items(), key=lambda entry: -used[entry[0]]))


def read(content: Mapping[str, Any], where: str) -> Sent:
    """Return what a clinic sent, checked.

    Parameters
    ----------
    content
        The file's JSON object.
    where
        The file's name, for errors.

    Raises
    ------
    FederationError
        If it is no export, or was altered.
    """
    try:
        sent = Sent.model_validate(content)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "file"
        raise FederationError(
            N_("%(file)s is no export of a clinic (%(place)s).", file=where, place=place),
            N_("It is made with: covid-d federation export"),
        ) from error
    if not is_genuine(content):
        raise FederationError(
            N_("%(file)s was altered after the clinic signed it.", file=where),
            N_("Have the clinic send it again."),
        )
    return sent


def merge(sent: Sequence[Sent], trusted: Mapping[str, str] | None = None) -> Merged:
    """Put what clinics sent together; a month that one sent again counts as sent last.

    Parameters
    ----------
    sent
        Checked files.
    trusted
        Public key to name of the clinics that are known; ``None`` takes all, and lists them.

    Raises
    ------
    FederationError
        If there is nothing, or a file is of a clinic that is not among the known.
    """
    if not sent:
        raise FederationError(_NOTHING, N_("Name at least one file."))
    names: dict[str, str] = {}
    for one in sent:
        if trusted is not None and one.key not in trusted:
            raise FederationError(
                N_("%(clinic)s signed with a key that is not known.", clinic=one.clinic),
                N_("Ask the clinic for its key (covid-d federation key), and add it to the list."),
            )
        names[one.key] = (trusted or {}).get(one.key, one.clinic)
    labels = _told_apart(names)
    held: dict[tuple[str, str, str, str], tuple[str, SentBlock]] = {}
    replaced = 0
    latest: dict[str, Sent] = {}
    for one in sorted(sent, key=lambda entry: entry.made):
        latest[one.key] = one
        for block in one.blocks:
            place = (one.key, block.bundle, block.unit, block.month)
            replaced += place in held
            held[place] = (labels[one.key], block)
    unknown = () if trusted is not None else tuple(sorted(labels.values()))
    ordered = sorted(latest.values(), key=lambda entry: labels[entry.key])
    return Merged(tuple(ordered), labels, tuple(held.values()), replaced, unknown)


def _told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Return each key's name; where two are called alike, with the beginning of the key."""
    twice = [name for name in names.values() if list(names.values()).count(name) > 1]
    return {key: f"{name} ({key[:8]})" if name in twice else name for key, name in names.items()}


_NOTHING: Final[Text] = N_("There are no exports to merge.")

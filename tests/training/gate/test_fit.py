from __future__ import annotations

import numpy as np
import pytest

from covid_d.detector.gate import PictureKind
from covid_d.errors import TrainingError
from covid_d.training.gate.fit import Samples, fit_gate, fit_heads, judge_left_out

CHANNELS = 96
NO_FILM = np.zeros((3, 8, 8), dtype=np.float32)  # these looks have no coarse picture


def samples(
    *, shift: float = 0.0, each: int = 60, sources: tuple[str, ...] = ("north", "south", "east")
) -> Samples:
    """Frontal films of three sources, lateral ones and pictures: clouds in feature space.

    ``shift`` moves the last source's films towards the lateral ones.
    """
    rng = np.random.default_rng(1)
    axes = np.eye(CHANNELS)
    found, kinds, names, groups = [], [], [], []
    for number, source in enumerate(sources):
        offset = shift * axes[0] if number == len(sources) - 1 else 0.0
        found.append(rng.normal(0.0, 1.0, (each, CHANNELS)) + offset)
        kinds += [PictureKind.FRONTAL.value] * each
        names += [source] * each
        groups += [f"{source}-{at // 2}" for at in range(each)]
    for kind, axis in ((PictureKind.LATERAL, 0), (PictureKind.PICTURE, 1)):
        found.append(rng.normal(0.0, 1.0, (each, CHANNELS)) + 8.0 * axes[axis])
        kinds += [kind.value] * each
        names += [""] * each
        groups += [""] * each
    features = np.concatenate(found).astype(np.float32)
    return Samples(features, np.array(kinds), np.array(names), np.array(groups))


def test_the_gate_tells_the_kinds_apart() -> None:
    given = samples()
    gate, told = fit_gate(given)
    judged = gate.judge(given.looks)
    assert gate.kinds == (PictureKind.FRONTAL, PictureKind.LATERAL, PictureKind.PICTURE)
    for kind in (PictureKind.LATERAL, PictureKind.PICTURE):
        assert {judged[at] for at in np.flatnonzero(given.kinds == kind.value)} == {kind}
    frontal = [judged[at] for at in np.flatnonzero(given.frontal)]
    assert frontal.count(None) >= 0.97 * len(frontal)
    assert told.films == {"frontal": 180, "lateral": 60, "picture": 60}


def test_pictures_of_a_kind_never_fitted_on_are_refused_for_their_distance() -> None:
    gate, _ = fit_gate(samples())
    rng = np.random.default_rng(2)
    # Frontal by the heads: the offset is along no axis that tells the kinds apart.
    strange = rng.normal(0.0, 1.0, (20, CHANNELS)) + 40.0 * np.eye(CHANNELS)[5]
    assert gate.judge(strange) == [PictureKind.FRONTAL] * 20
    assert gate.refuse(NO_FILM, strange[0]) is not None


def test_limits_follow_the_source_that_is_least_like_the_others() -> None:
    gate, told = fit_gate(samples())
    moved, of_moved = fit_gate(samples(shift=4.5))
    assert moved.threshold < gate.threshold
    for spec in (told, of_moved):
        assert set(spec.left_out) == {"north", "south", "east"}
        for left in spec.left_out.values():
            assert left.films == 60
            assert left.refused <= 2  # 1.5 % and 0.5 % of 60 films, and rounding


def test_what_is_held_out_and_its_groups_are_not_fitted_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = samples()
    # One patient of the north is in the south as well.
    given.groups[0] = given.groups[60]
    seen: list[Samples] = []

    def spy(some: Samples, kinds: tuple[PictureKind, ...]) -> object:
        seen.append(some)
        return fit_heads(some, kinds)

    monkeypatch.setattr("covid_d.training.gate.fit.fit_heads", spy)
    left = judge_left_out(given, given.sources == "south")
    assert left.frontal.shape == left.marked.shape == left.distance.shape == (60,)
    assert "south" not in seen[0].sources
    assert given.groups[60] not in seen[0].groups
    assert (seen[0].sources == "north").sum() == 59


def test_marks_are_a_test_of_their_own() -> None:
    """Marked films are hardly unlike frontal ones, and must not cost the other kinds theirs."""
    given = samples()
    rng = np.random.default_rng(6)
    marked = rng.normal(0.0, 1.0, (60, CHANNELS)) + 0.5 * np.eye(CHANNELS)[3]
    nowhere = np.full(60, "")
    with_marks = Samples(
        np.concatenate([given.looks, marked.astype(np.float32)]),
        np.concatenate([given.kinds, np.full(60, PictureKind.ANNOTATED.value)]),
        np.concatenate([given.sources, nowhere]),
        np.concatenate([given.groups, nowhere]),
    )
    alone, _ = fit_gate(given)
    gate, told = fit_gate(with_marks)
    assert alone.marks is None
    assert gate.marks == told.marks
    assert gate.marks is not None
    assert gate.marks >= 0.5
    assert gate.threshold > 0.5 * alone.threshold
    assert gate.judge(given.looks[-120:]).count(None) <= 2  # lateral films and pictures
    clearly = marked + 30.0 * np.eye(CHANNELS)[3]
    assert gate.judge(clearly) == [PictureKind.ANNOTATED] * 60


def test_films_that_do_not_reach_the_gate_are_only_named() -> None:
    given = samples()
    rng = np.random.default_rng(7)
    # Seen whole, lateral films look otherwise: along another axis.
    unreached = rng.normal(0.0, 1.0, (40, CHANNELS)) - 8.0 * np.eye(CHANNELS)[4]
    nowhere = np.full(40, "")
    both = Samples(
        np.concatenate([given.looks, unreached.astype(np.float32)]),
        np.concatenate([given.kinds, np.full(40, PictureKind.LATERAL.value)]),
        np.concatenate([given.sources, nowhere]),
        np.concatenate([given.groups, nowhere]),
        reached=np.arange(len(given.kinds) + 40) < len(given.kinds),
    )
    one, _ = fit_gate(given)
    gate, told = fit_gate(both)
    assert gate.heads.to_bytes() == one.heads.to_bytes()
    assert (gate.threshold, gate.distance) == (one.threshold, one.distance)
    assert told.films["lateral"] == 60
    assert told.reasons == "gate-reasons.npz"
    assert [gate.name(NO_FILM, look) for look in unreached] == [PictureKind.LATERAL] * 40
    frontal = [gate.name(NO_FILM, look) for look in given.looks[:60]]
    assert frontal.count(None) >= 58


def test_one_source_is_judged_by_folds_of_patients() -> None:
    _, told = fit_gate(samples(sources=("only",)))
    assert len(told.left_out) == 5
    assert sum(left.films for left in told.left_out.values()) == 60


def test_two_kinds_are_enough() -> None:
    given = samples()
    some = given.of(given.kinds != PictureKind.PICTURE.value)
    gate, _ = fit_gate(some)
    assert gate.kinds == (PictureKind.FRONTAL, PictureKind.LATERAL)
    judged = gate.judge(some.looks[-60:])
    assert judged == [PictureKind.LATERAL] * 60


@pytest.mark.parametrize("kept", [PictureKind.FRONTAL, PictureKind.PICTURE])
def test_one_kind_is_not(kept: PictureKind) -> None:
    given = samples()
    with pytest.raises(TrainingError, match=f"there are {kept}"):
        fit_gate(given.of(given.kinds == kept.value))


def test_the_same_samples_give_the_same_gate() -> None:
    one, other = fit_gate(samples()), fit_gate(samples())
    assert one[1] == other[1]
    assert one[0].heads.to_bytes() == other[0].heads.to_bytes()

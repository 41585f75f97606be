"""The audit's self-test: a planted shortcut must fail it, the same films without it must pass.

A network is trained for each, on phantoms whose positives have faint nodules in the lungs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from covid_d.evaluation.audit import THRESHOLDS, audit
from covid_d.evaluation.audit.evidence import POOL
from covid_d.evaluation.audit.perturb import PERTURBATIONS
from covid_d.evaluation.audit.probes import Probe
from planted import FILMS, SOURCES, draw_film

if TYPE_CHECKING:
    from evaluation.audit.conftest import Audited

pytestmark = [pytest.mark.train, pytest.mark.xdist_group("planted")]


def test_without_shortcut_it_passes(honest: Audited) -> None:
    result = honest.result
    assert result.verdict.reasons == ()
    assert result.verdict.status == "audit-passed"
    assert result.passed


def test_with_planted_shortcut_it_fails(planted_shortcut: Audited) -> None:
    result = planted_shortcut.result
    assert result.verdict.status == "demonstration"
    assert not result.passed
    failed = {(check.code, check.scope) for check in result.checks if not check.passed}
    # For this reason and no other: the network is calibrated, and no letter turns its answers.
    assert failed == {("above_best_probe", name) for name in SOURCES}


def test_it_fails_though_the_network_scores_as_well(
    honest: Audited, planted_shortcut: Audited
) -> None:
    # What makes the audit worth having: by AUROC alone the two cannot be told apart.
    for audited in (honest, planted_shortcut):
        pool = audited.result.evidence.pool
        assert pool.model is not None
        assert pool.model.value > 0.9


def test_marker_is_seen_by_the_probes_that_see_the_corner(
    honest: Audited, planted_shortcut: Audited
) -> None:
    seen, unseen = (one.result.evidence.pool.probes for one in (planted_shortcut, honest))
    for probe in (Probe.BORDER, Probe.CENTRE_BLACK):
        assert seen[probe].auroc.value > 0.95
        assert unseen[probe].auroc.value < 0.7
    # The network looks at fine detail: of a flat square it extracts the edges alone.
    erased = Probe.NETWORK_LUNGS_ERASED
    assert seen[erased].auroc.low > unseen[erased].auroc.value


def test_honest_network_needs_the_lungs(honest: Audited) -> None:
    pool = honest.result.evidence.pool
    assert pool.model is not None
    assert pool.lungs_erased is not None
    assert pool.only_lungs is not None
    assert pool.lungs_erased.value < 0.75
    assert pool.only_lungs.value > 0.85


def test_shortcut_films_differ_by_the_marker_alone() -> None:
    plain = draw_film(7, positive=True, marker=False)
    marked = draw_film(7, positive=True, marker=True)
    changed = plain.pixels != marked.pixels
    assert changed.any()
    assert not changed[20:, :].any()
    assert not changed[:, 20:].any()
    negative = draw_film(7, positive=False, marker=True)
    assert np.array_equal(negative.pixels, draw_film(7, positive=False, marker=False).pixels)


def test_every_source_is_measured(honest: Audited) -> None:
    evidence = honest.result.evidence
    assert evidence.pool.name == POOL
    assert [source.name for source in evidence.sources] == list(SOURCES)
    # A few drawn films have an edge that is straight enough to be refused, and are named so.
    assert set(evidence.left_out) <= {"straight_edge"}
    assert evidence.left_out.get("straight_edge", 0) < 0.05 * FILMS["train"]
    assert evidence.train_films + sum(evidence.left_out.values()) == FILMS["train"]
    assert evidence.test_films == FILMS["test"]
    assert evidence.shared_groups == 0
    for source in (evidence.pool, *evidence.sources):
        assert source.positives + source.negatives == source.films
        assert set(source.probes) == set(Probe)
        assert source.model is not None
        assert source.model.n == source.films
        for result in source.probes.values():
            assert result.auroc.n == source.films  # the very same films


def test_masks_of_the_caller_are_named_so(honest: Audited) -> None:
    lungs = honest.result.evidence.lungs
    assert lungs is not None
    assert lungs.origin == "given"
    assert lungs.spec is None
    assert lungs.found == 1.0


def test_nodules_are_not_taken_for_things_on_the_lungs(honest: Audited) -> None:
    for source in honest.result.evidence.sources:
        assert source.marked_positives < 0.1 * source.positives
        assert source.probes[Probe.MARKS].auroc.value < 0.7


def test_sensitivity_covers_every_perturbation(honest: Audited) -> None:
    found = honest.result.evidence.sensitivities
    assert [item.name for item in found] == [change.name for change in PERTURBATIONS]
    for item in found:
        assert item.films == 20
        assert 0.0 <= item.flips <= 1.0
        assert 0.0 <= item.score_change <= 1.0


def test_honest_network_does_not_care_for_a_corner_mark(honest: Audited) -> None:
    found = {item.name: item for item in honest.result.evidence.sensitivities}
    assert found["corner-mark"].score_change < 0.1
    # ... but its signal is fine texture, which a half-size copy has lost.
    assert found["resize-half"].score_change > 0.2


def test_sources_of_one_kind_cannot_be_told_apart(honest: Audited) -> None:
    # Both "hospitals" draw from the same law.
    found = {item.films: item for item in honest.result.evidence.predictability}
    assert set(found) == {"all", "covid", "nocovid"}
    assert found["all"].balanced_accuracy < 0.7
    assert found["all"].chance == 0.5


def test_no_lungs_no_pass(honest: Audited) -> None:
    # Everything else as it was when it passed.
    rehearsal = honest.rehearsal
    result = audit(rehearsal.bundle, rehearsal.dataset, perturbed_films=2, threads=1)
    assert result.verdict.status == "demonstration"
    assert [check.code for check in result.checks if not check.passed] == ["lung_model"]
    assert result.evidence.lungs is None
    # The rest is repeatable to the last digit.
    before = honest.result.evidence
    # Things on the lungs are looked for where the lungs are: elsewhere without them.
    seen = set(before.pool.probes) - {Probe.NETWORK_LUNGS_ERASED, Probe.MARKS}
    now = result.evidence.pool.probes
    assert set(now) - {Probe.MARKS} == seen
    assert all(now[probe] == before.pool.probes[probe] for probe in seen)
    assert result.evidence.pool.model == before.pool.model
    assert result.evidence.calibration_error == before.calibration_error


def test_thresholds_can_be_raised(honest: Audited) -> None:
    from covid_d.evaluation.audit.verdict import judge

    strict = replace(THRESHOLDS, above_probe=0.9)
    assert not all(check.passed for check in judge(honest.result.evidence, strict))

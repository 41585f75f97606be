"""The two rehearsals of the audit, each trained and audited once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_bundle
from covid_d.evaluation.audit import AuditResult, audit

if TYPE_CHECKING:  # it imports torch, which most of the audit's tests do without
    from planted import Rehearsal


@dataclass(frozen=True)
class Audited:
    """A rehearsal with its audit."""

    rehearsal: Rehearsal
    result: AuditResult


def _audited(factory: pytest.TempPathFactory, *, marker: bool) -> Audited:
    from planted import rehearse

    rehearsal = rehearse(factory.mktemp("rehearsal"), make_bundle, seed=1, marker=marker)
    result = audit(
        rehearsal.bundle, rehearsal.dataset, lungs=rehearsal.lungs, perturbed_films=20, threads=1
    )
    return Audited(rehearsal, result)


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Positives differ in their lungs only."""
    return _audited(tmp_path_factory, marker=False)


@pytest.fixture(scope="session")
def planted_shortcut(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """The same films, with a bright square in a corner of every positive."""
    return _audited(tmp_path_factory, marker=True)

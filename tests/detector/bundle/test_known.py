"""Bundles that are believed without a signature: few, and each by its whole hash."""

from __future__ import annotations

import re

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.known import KNOWN


def test_each_is_named_by_a_whole_hash() -> None:
    # A shorter one could be met by a bundle made for it.
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in KNOWN)


def test_each_has_a_name_and_a_version_of_its_own() -> None:
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]* \d+\.\d+\.\d+", name) for name in KNOWN.values())
    assert len(set(KNOWN.values())) == len(KNOWN)


def test_the_built_in_bundle_is_among_them_if_it_claims_to_have_passed() -> None:
    built_in = Bundle.load("builtin")
    claims_more = built_in.claimed.status == "audit-passed"
    assert (built_in.id.sha256 in KNOWN) or not claims_more
    if claims_more:
        assert KNOWN[built_in.id.sha256] == f"{built_in.id.name} {built_in.id.version}"

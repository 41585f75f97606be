"""How a real installation hashes passwords; every other test uses the cheapest hash."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
from argon2 import PasswordHasher, extract_parameters

from clinic_factory import PASSWORD
from covid_d.clinic.accounts import passwords

# RFC 9106, section 4, second recommended option: 64 MiB of memory, 3 passes, 4 lanes.
MEMORY_KIB, PASSES, LANES = 64 * 1024, 3, 4


@pytest.fixture(scope="module")
def as_served() -> ModuleType:
    """The module as a server has it: loaded once more, beside the one that the tests make cheap."""
    spec = importlib.util.spec_from_file_location("passwords_as_served", passwords.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_hash_costs_an_attacker_what_the_standard_recommends(as_served: ModuleType) -> None:
    found = extract_parameters(as_served.hash_of(PASSWORD))
    assert found.type.name == "ID"
    assert (found.memory_cost, found.time_cost, found.parallelism) == (MEMORY_KIB, PASSES, LANES)
    assert found.salt_len >= 16
    assert found.hash_len >= 32


def test_only_the_password_itself_matches(as_served: ModuleType) -> None:
    stored = as_served.hash_of(PASSWORD)
    assert as_served.matches(PASSWORD, stored)
    assert not as_served.matches(PASSWORD + " ", stored)
    assert not as_served.matches(PASSWORD, None)
    assert not as_served.matches(PASSWORD, "no hash at all")


def test_a_weaker_hash_is_dated(as_served: ModuleType) -> None:
    weaker = PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=LANES)
    assert as_served.is_dated(weaker.hash(PASSWORD))
    assert not as_served.is_dated(as_served.hash_of(PASSWORD))


def test_the_other_tests_use_the_cheapest_hash() -> None:
    assert extract_parameters(passwords.hash_of(PASSWORD)).memory_cost == 8

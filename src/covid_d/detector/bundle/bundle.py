"""The bundle: a trained network with everything needed to use it, and to distrust it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from covid_d.detector.assessment import BundleId
from covid_d.detector.bundle import contents
from covid_d.detector.bundle.known import KNOWN
from covid_d.detector.bundle.spec import READABLE, UNSIGNED, BundleSpec, Verdict
from covid_d.errors import BundleError
from covid_d.language import N_
from covid_d.settings import settings

BUILT_IN: Final = "cxr-appearance"
BUILT_IN_NAME: Final = "builtin"


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A bundle whose every file was checked; made by :meth:`load`.

    Parameters
    ----------
    path
        Its folder or zip.
    spec
        What ``bundle.json`` says.
    id
        Name, version and the SHA-256 of ``SHA256SUMS``, hence of every file.
    files
        Name to content, as checked: what is used is what was checked.
    signer
        Fingerprint of the key that signed it; ``None`` when unsigned or not looked at.
    claimed
        The verdict that it claims. The one that counts is ``spec.verdict``: a passed audit is
        believed only of a bundle that this program came with or that a trusted key signed.
    """

    path: Path
    spec: BundleSpec
    id: BundleId
    files: Mapping[str, bytes] = field(repr=False)
    signer: str | None = None
    claimed: Verdict = field(default_factory=Verdict)

    @classmethod
    def load(cls, path: Path | str | None = None, *, public_key: Path | None = None) -> Bundle:
        """Read a bundle and check every file of it.

        Parameters
        ----------
        path
            Folder, zip or ``builtin``; ``None`` takes the setting ``COVID_D_BUNDLE``, else the
            built-in one.
        public_key
            PEM file; ``None`` takes the setting ``COVID_D_PUBLIC_KEY``. When there is one,
            bundles that it did not sign are refused. Its verdicts are believed, and those of
            ``COVID_D_TRUSTED_KEY``.

        Raises
        ------
        BundleError
            If the bundle is missing, damaged, altered, of an unknown format, or wrongly signed.
        """
        where = located(path if path is not None else settings().bundle or BUILT_IN_NAME)
        files = contents.read_files(where)
        contents.verify(files, where)
        spec = parse_spec(files[contents.SPEC], where)
        parts = [part for part in (spec.network, spec.lungs, spec.gate) if part is not None]
        named = [part.file for part in parts]
        named += [spec.gate.reasons] if spec.gate and spec.gate.reasons else []
        for name in named:
            if name not in files:
                raise BundleError(
                    N_(
                        "Bundle %(where)s names a file that it does not hold: %(name)r.",
                        where=where,
                        name=name,
                    ),
                    N_("Get the bundle again from its source."),
                )
        digest = hashlib.sha256(files[contents.SUMS]).hexdigest()
        demanded = public_key or settings().public_key
        signer, claimed = _signer(files, where, demanded), spec.verdict
        if claimed.status != "demonstration" and not (
            digest in KNOWN or demanded is not None or _is_trusted(files, signer)
        ):
            believed = Verdict(reasons=UNSIGNED, audited=claimed.audited)
            spec = spec.model_copy(update={"verdict": believed})
        return cls(where, spec, BundleId(spec.name, spec.version, digest), files, signer, claimed)

    @property
    def signed(self) -> bool:
        """Whether it carries a signature, checked or not."""
        return contents.SIGNATURE in self.files

    @property
    def model_bytes(self) -> bytes:
        """The ONNX network."""
        return self.files[self.spec.network.file]

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self.files[contents.CARD].decode("utf-8", errors="replace")

    @property
    def training_films(self) -> str:
        """The films it was made from, CSV."""
        return self.files[contents.FILMS].decode("utf-8", errors="replace")

    def _repr_html_(self) -> str:
        """Return what a notebook shows, in the language of the settings."""
        from covid_d.detector.show import bundle_html

        return bundle_html(self, settings().language)


def located(named: Path | str) -> Path:
    """Return the folder or zip of a bundle as users name it: ``builtin`` is the built-in one.

    Raises
    ------
    BundleError
        If the built-in bundle is named and this copy of COVID-D carries none.
    """
    return built_in_path() if str(named) == BUILT_IN_NAME else Path(named)


def built_in_path() -> Path:
    """Return the built-in bundle's folder.

    Raises
    ------
    BundleError
        If this copy of COVID-D carries none.
    """
    folder = Path(str(resources.files("covid_d"))) / "models" / BUILT_IN
    if not folder.is_dir():
        raise BundleError(
            N_(
                "This copy of COVID-D carries no built-in bundle (%(built_in)s).", built_in=BUILT_IN
            ),
            N_("Name one with --bundle or COVID_D_BUNDLE, or train one: covid-d train --help"),
        )
    return folder


def parse_spec(content: bytes, where: Path) -> BundleSpec:
    """Return a ``bundle.json`` as a spec.

    Raises
    ------
    BundleError
        If it is not JSON, of another format, or against the schema.
    """
    try:
        raw = json.loads(content)
    except ValueError as error:
        raise BundleError(
            N_("Bundle %(where)s: bundle.json is not JSON (%(error)s).", where=where, error=error),
            N_("Get the bundle again from its source."),
        ) from error
    known = isinstance(raw, dict) and raw.get("format")
    if known not in READABLE:
        formats = " and ".join(map(str, READABLE))
        raise BundleError(
            N_(
                "Bundle %(where)s has format %(known)r; this COVID-D reads formats %(formats)s.",
                where=where,
                known=known,
                formats=formats,
            ),
            N_("Update COVID-D, or get a bundle made for this version."),
        )
    try:
        return BundleSpec.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "bundle.json"
        raise BundleError(
            N_(
                "Bundle %(where)s: %(place)s in bundle.json is not valid: %(msg)s.",
                where=where,
                place=place,
                msg=first["msg"],
            ),
            N_("Get the bundle again from its source, or export it again."),
        ) from error


def _signer(files: Mapping[str, bytes], where: Path, public_key: Path | None) -> str | None:
    if contents.SIGNATURE not in files and public_key is None:
        return None
    # Loaded only here: most bundles are unsigned, and the extra ``sign`` is optional.
    from covid_d.detector.bundle.signature import check_signature

    return check_signature(files, where, public_key)


def _is_trusted(files: Mapping[str, bytes], signer: str | None) -> bool:
    """Return whether the setting's key made the signature, which was checked before."""
    trusted = settings().trusted_key
    if trusted is None or contents.SIGNATURE not in files:
        return False
    from covid_d.detector.bundle.signature import is_by

    return is_by(files, trusted) and signer is not None

"""``covid-d bundle``: show, verify, pack and sign bundles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from covid_d.cli.speech import say
from covid_d.detector import CATEGORIES, Bundle
from covid_d.detector.bundle.bundle import located
from covid_d.detector.bundle.contents import pack as pack_bundle
from covid_d.detector.bundle.spec import (
    AppearanceCalibration,
    AppearanceConformal,
    Calibration,
    Conformal,
)
from covid_d.detector.network import Network
from covid_d.language import N_, Text

_PATH = click.Path(path_type=Path)
_PUBLIC_KEY = click.option(
    "--public-key",
    type=_PATH,
    help="Refuse the bundle unless this key (PEM) signed it; default: COVID_D_PUBLIC_KEY.",
)


@click.group()
def bundle() -> None:
    """Show, verify, pack and sign bundles.

    Checksums find damage and careless edits, but whoever edits a bundle can compute them anew.
    Only a signature, checked against a public key that you got from the maker by another way,
    shows that nobody else made or changed it.
    """


@bundle.command(short_help="Show what a bundle says of itself.")
@click.argument("path", metavar="[BUNDLE]", required=False, type=_PATH)
@click.option("--card", is_flag=True, help="Print the model card instead.")
@click.option("--json", "as_json", is_flag=True, help="Print bundle.json and the bundle's id.")
def show(path: Path | None, card: bool, as_json: bool) -> None:
    """Show what BUNDLE (default: the built-in one) says of itself."""
    loaded = Bundle.load(path)
    if card:
        click.echo(loaded.card)
    elif as_json:
        spec = loaded.spec.model_dump(mode="json")
        click.echo(json.dumps({"bundle": loaded.id.to_dict(), "spec": spec}))
    else:
        click.echo("\n".join(_summary(loaded)))


@bundle.command(short_help="Check files, checksums, schema, network, signature.")
@click.argument("path", metavar="[BUNDLE]", required=False, type=_PATH)
@_PUBLIC_KEY
def verify(path: Path | None, public_key: Path | None) -> None:
    """Check BUNDLE (default: the built-in one): files, checksums, schema, network, signature.

    Exits 1 when it must not be used.
    """
    loaded = Bundle.load(path, public_key=public_key)
    Network(loaded)
    sound = N_(
        "sound: %(name)s %(version)s, sha256 %(sha256)s",
        name=loaded.spec.name,
        version=loaded.spec.version,
        sha256=loaded.id.sha256,
    )
    click.echo(say(sound))
    click.echo(say(N_("verdict: %(status)s", status=loaded.spec.verdict.status)))
    if loaded.spec.verdict.is_unsigned:
        click.echo(say(_UNSIGNED))
    click.echo(say(N_("signature: %(signature)s", signature=_signature(loaded))))


@bundle.command(short_help="Write a bundle as one ZIP file.")
@click.argument("path", metavar="BUNDLE", type=_PATH)
@click.argument("archive", metavar="ZIP", type=_PATH)
@click.option("--overwrite", is_flag=True, help="Replace an existing zip.")
def pack(path: Path, archive: Path, overwrite: bool) -> None:
    """Write BUNDLE ("builtin" too) as one ZIP file, which every command takes like the folder."""
    if archive.exists() and not overwrite:
        raise click.UsageError(
            say(N_("%(archive)s already exists; say --overwrite to replace it.", archive=archive))
        )
    pack_bundle(located(path), archive)
    click.echo(f"{archive}: {archive.stat().st_size / 1e6:.1f} MB")


@bundle.command(short_help="Make a pair of keys to sign with.")
@click.argument("key", metavar="KEY", type=_PATH)
def keygen(key: Path) -> None:
    """Write a new private key to KEY and its public key to KEY.pub (Ed25519, PEM).

    Keep KEY secret. Give KEY.pub to users by another way than the bundles it signs.
    """
    from covid_d.detector.bundle.signature import make_key

    public = make_key(key)
    click.echo(say(N_("private key: %(key)s (keep it secret)", key=key)))
    click.echo(say(N_("public key: %(key)s", key=public)))


@bundle.command(short_help="Sign a bundle in place.")
@click.argument("path", metavar="BUNDLE", type=_PATH)
@click.option("--key", required=True, type=_PATH, help="Private key (PEM) from bundle keygen.")
def sign(path: Path, key: Path) -> None:
    """Sign BUNDLE (folder or zip) in place; any later change drops the signature.

    Its verdict is believed on machines whose COVID_D_TRUSTED_KEY is KEY.pub, this one included.
    """
    from covid_d.detector.bundle.signature import sign as sign_bundle

    signer = sign_bundle(located(path), key)
    click.echo(say(N_("%(path)s: signed by key %(signer)s", path=path, signer=signer)))


def _summary(loaded: Bundle) -> Iterator[str]:
    spec = loaded.spec
    yield f"{spec.name} {spec.version} ({spec.network.backbone}), {spec.created:%Y-%m-%d}"
    yield f"  sha256         {loaded.id.sha256}"
    yield f"  signature      {say(_signature(loaded))}"
    yield f"  verdict        {spec.verdict.status}: {'; '.join(spec.verdict.reasons)}"
    prepared = spec.preprocessing
    yield (
        f"  preprocessing  {prepared.size} px, {prepared.fit}, {prepared.intensity}, "
        f"border {100 * prepared.crop_border:g} % cut off"
    )
    yield f"  calibration    {_calibration(spec.calibration)}"
    yield f"  thresholds     {_thresholds(spec.conformal)}"
    yield f"  trained by     recipe {spec.training.recipe}, seed {spec.training.seed}"
    yield f"  films          {_counts(spec.training.films)}"
    yield f"  sources        {_counts(spec.training.sources)}"


_UNSIGNED = N_(
    "It claims to have passed the audit. That counts once a key that you trust signed it: "
    "covid-d bundle sign BUNDLE --key KEY, then COVID_D_TRUSTED_KEY=KEY.pub."
)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _signature(loaded: Bundle) -> Text:
    if loaded.signer is not None:
        return N_("by key %(signer)s", signer=loaded.signer)
    if loaded.signed:
        return N_("present, not checked (needs the extra 'sign')")
    return N_("none")


def _calibration(fitted: Calibration | AppearanceCalibration) -> str:
    if isinstance(fitted, Calibration):
        return f"{fitted.films} films, prevalence {100 * fitted.prevalence:.1f} %"
    shares = zip(CATEGORIES, fitted.shares, strict=True)
    listed = ", ".join(f"{category.value} {100 * share:.1f} %" for category, share in shares)
    return f"{fitted.films} films, {listed}"


def _thresholds(fitted: Conformal | AppearanceConformal | None) -> str:
    if fitted is None:
        return "none: every answer is inconclusive"
    error = f"error rate {100 * fitted.error_rate:g} % a class"
    if isinstance(fitted, Conformal):
        return f"{error}, from {fitted.positives} positives and {fitted.negatives} negatives"
    listed = ", ".join(f"{n} {c.value}" for c, n in zip(CATEGORIES, fitted.films, strict=True))
    return f"{error}, from {listed} films of {fitted.studies} studies"

"""Bring published collections here: download, verify, unpack; or tell how to get them."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from tqdm import tqdm

from covid_d.dataset.fetch.download import discard, download
from covid_d.errors import CovidDError, DatasetError
from covid_d.files import atomic_folder
from covid_d.language import N_

# J. P. Cohen's collection at the commit that FLANNEL (Qiao et al., JAMIA 2021) names as the one
# its results need. GitHub makes such archives on request and does not publish their digest.
COHEN_COMMIT = "78543292f8b01d5e0ed1d0e15dce71949f0657bb"
COHEN_ARCHIVE = f"https://github.com/ieee8023/covid-chestxray-dataset/archive/{COHEN_COMMIT}.zip"
_COHEN_EXPECTED = ("metadata.csv", "images/")
RECORD = "fetched.json"
_LARGEST = 20 * 1024**3  # bytes unpacked; the collection has under 2 GiB

KERMANY_INSTRUCTIONS = """\
Chest X-Ray Images (Pneumonia), D. Kermany, K. Zhang, M. Goldbaum; CC BY 4.0.
Films of children of 1 to 5 years. Kaggle gives it to registered users only, so that COVID-D
cannot fetch it for you:

  1. Make an account at https://www.kaggle.com and, under Settings > API, create a token;
     put the file kaggle.json into ~/.kaggle/ (Windows: C:\\Users\\<you>\\.kaggle\\).
  2. pip install kaggle
  3. kaggle datasets download -d paultimothymooney/chest-xray-pneumonia
     (1.2 GB; or press Download at
     https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia)
  4. Unpack it:  python -m zipfile -e chest-xray-pneumonia.zip kermany
     You need the folder that holds train/, val/ and test/: kermany/chest_xray

Then build a dataset with it:
  covid-d dataset build --cohen cohen --kermany kermany/chest_xray --protocol article --out dataset
"""

SIIM_INSTRUCTIONS = """\
SIIM-FISABIO-RSNA COVID-19 Detection, the challenge of 2021: films of BIMCV-COVID19 (Valencia)
and MIDRC-RICORD, each study graded by radiologists as negative, typical, indeterminate or
atypical. For academic and non-commercial use. Kaggle gives it to registered users who accept
the challenge's rules, so that COVID-D cannot fetch it for you:

  1. Make an account at https://www.kaggle.com and, under Settings > API, create a token;
     put the file kaggle.json into ~/.kaggle/ (Windows: C:\\Users\\<you>\\.kaggle\\).
  2. Open https://www.kaggle.com/c/siim-covid19-detection, press Late Submission and accept the
     rules.
  3. pip install kaggle
  4. kaggle competitions download -c siim-covid19-detection
     (DICOM, over 100 GB; the folder test/ has no published grades and is not needed)
  5. Unpack it:  python -m zipfile -e siim-covid19-detection.zip siim
     You need train_study_level.csv, train_image_level.csv and train/STUDY/SERIES/IMAGE.dcm.
     Films made smaller are read too, as train/IMAGE.png or train/IMAGE.jpg.

Then build a dataset with it (--max-side 1024 makes the films smaller):
  covid-d dataset build --siim siim --max-side 1024 --out dataset
"""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A collection that was brought here; written into it as ``fetched.json``.

    Parameters
    ----------
    url
        Where it came from.
    sha256
        Digest of the archive.
    size
        Bytes of the archive.
    files
        How many files were unpacked.
    digest_was_given
        Whether the digest was compared with one the caller gave.
    """

    url: str
    sha256: str
    size: int
    files: int
    digest_was_given: bool


def fetch_cohen(
    folder: Path,
    *,
    url: str = COHEN_ARCHIVE,
    sha256: str | None = None,
    attempts: int = 6,
    pause: float = 1.0,
    progress: bool = True,
) -> Fetched:
    """Download and unpack J. P. Cohen's COVID-19 image data collection (arXiv:2006.11988).

    Parameters
    ----------
    folder
        Gets ``metadata.csv`` and ``images/``; made in one step when all is well.
    url
        Address of the zip archive.
    sha256
        Its digest, when known. Without one the archive's own checksums and the files it must
        hold are verified, which finds damage but not forgery.
    attempts, pause, progress
        As in :func:`covid_d.dataset.fetch.download.download`.

    Raises
    ------
    DatasetError
        If the archive cannot be downloaded, is damaged, unsafe or not this collection, or if
        ``folder`` holds something else.
    """
    folder = folder.resolve()
    earlier = _record_of(folder)
    if earlier and earlier.url == url and sha256 in (None, earlier.sha256):
        return earlier
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DatasetError(
            N_("%(folder)s already exists.", folder=folder),
            N_("Choose another folder or remove it."),
        )
    archive = folder.with_name(folder.name + ".zip")
    got = download(url, archive, sha256=sha256, attempts=attempts, pause=pause, progress=progress)
    try:
        with atomic_folder(folder) as work:
            files = unpack(archive, work, expected=_COHEN_EXPECTED, progress=progress)
            fetched = Fetched(url, got.sha256, got.size, files, sha256 is not None)
            (work / RECORD).write_text(json.dumps(asdict(fetched), indent=2), encoding="utf-8")
    except DatasetError:
        discard(archive)  # it is worth nothing; after Ctrl-C or a full disk it still is
        raise
    discard(archive)
    return fetched


def unpack(
    archive: Path, folder: Path, *, expected: tuple[str, ...] = (), progress: bool = True
) -> int:
    """Unpack a zip archive, without the one folder that all of its files lie in.

    Parameters
    ----------
    archive
        The zip file; the checksum of every member is verified.
    folder
        Where its files go.
    expected
        Names that must be in it; a name that ends in ``/`` is a folder with at least one file.
    progress
        Whether to show a progress bar.

    Returns
    -------
    Number of files.

    Raises
    ------
    DatasetError
        If the archive is damaged, lacks something expected, or holds a link, a path that leads
        out of ``folder`` or more than fits on the disk.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened)
            _check_expected(archive, members, expected)
            _check_room(opened, folder)
            for name, info in tqdm(
                members.items(), desc="Unpacking", unit="file", disable=not progress
            ):
                target = folder.joinpath(*name.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(info) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise DatasetError(
            N_(
                "%(name)s is damaged or no zip archive (%(error)s).", name=archive.name, error=error
            ),
            N_("Download it again."),
        ) from error
    except OSError as error:
        raise CovidDError(
            N_(
                "Cannot unpack into %(parent)s: %(reason)s.",
                parent=folder.parent,
                reason=error.strerror or error,
            ),
            N_("Free some space or choose another folder."),
        ) from error
    return len(members)


def _members(opened: zipfile.ZipFile) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """Files by their path below the archive's one top folder."""
    files = [info for info in opened.infolist() if not info.is_dir()]
    for info in files:
        _check_safe(info)
    paths = [PurePosixPath(info.filename) for info in files]
    common = len({path.parts[0] for path in paths}) == 1 and all(len(p.parts) > 1 for p in paths)
    names = [PurePosixPath(*path.parts[1:]) if common else path for path in paths]
    return dict(zip(names, files, strict=True))


def _check_safe(info: zipfile.ZipInfo) -> None:
    posix, windows = PurePosixPath(info.filename), PureWindowsPath(info.filename)
    leads_out = (
        not posix.parts
        or posix.is_absolute()
        or bool(windows.drive or windows.root)
        or ".." in windows.parts  # also splits at "/"
    )
    if leads_out or stat.S_ISLNK(info.external_attr >> 16):
        raise DatasetError(
            N_("The archive holds an unsafe entry: %(filename)r.", filename=info.filename),
            N_("Do not use it; download the collection from its publisher."),
        )


def _check_expected(
    archive: Path, members: dict[PurePosixPath, zipfile.ZipInfo], expected: tuple[str, ...]
) -> None:
    names = [str(name) for name in members]
    for want in expected:
        found = any(name.startswith(want) for name in names) if want[-1] == "/" else want in names
        if not found:
            raise DatasetError(
                N_(
                    "%(name)s is not the collection: it holds no %(want)s.",
                    name=archive.name,
                    want=want,
                ),
                N_("Check --url."),
            )


def _check_room(opened: zipfile.ZipFile, folder: Path) -> None:
    need = sum(info.file_size for info in opened.infolist())
    free = shutil.disk_usage(folder).free
    if need > _LARGEST:
        raise DatasetError(
            N_("The archive would unpack to %(need)s GiB.", need=f"{need / 1024**3:.0f}"),
            N_("Do not use it; download the collection from its publisher."),
        )
    if need > free:
        raise CovidDError(
            N_(
                "The archive unpacks to %(need)s GiB; %(free)s GiB are free.",
                need=f"{need / 1024**3:.1f}",
                free=f"{free / 1024**3:.1f}",
            ),
            N_("Free some space or choose another folder; the download is kept."),
        )


def _record_of(folder: Path) -> Fetched | None:
    try:
        return Fetched(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None

"""What a film of 10 megapixels costs in each coding, from the file's bytes to the answer.

    python benchmarks/large.py FILM [--megapixels M] [--times N] [--before SRC]

One film is enlarged to ``--megapixels`` of 12 bits with noise, as a detector gives it, and coded in
DICOM: uncompressed, JPEG 2000 without loss, JPEG lossless, JPEG-LS. Each is answered in a process
of its own; printed is the processor time a film of that process and all that it starts (decoders
run apart), without the start: the difference between ``--times`` + 1 films and one. ``--before`` is
the ``src`` folder of another checkout, to be measured beside.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import gdcm
from pydicom import dcmread, uid

from covid_d.radiograph import read
from jpeg2000_levels import coded, enlarged, filed

_SOURCE = Path(__file__).resolve().parents[1] / "src"
_SYNTAXES = {
    "uncompressed": uid.ExplicitVRLittleEndian,
    "JPEG 2000": uid.JPEG2000Lossless,
    "JPEG lossless": uid.JPEGLosslessSV1,
    "JPEG-LS": uid.JPEGLSLossless,
}
_WORKER = """
import sys
from covid_d.detector import Detector
detector = Detector.load("builtin")
data = open(sys.argv[1], "rb").read()
for _ in range(int(sys.argv[2])):
    answer = detector.assess(data)
print(answer.outcome.value)
"""


def main() -> None:
    """Code, answer, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("film", type=Path)
    parser.add_argument("--megapixels", type=float, default=10.0)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--before", type=Path, help="src folder of another checkout")
    options = parser.parse_args()
    sources = {"now": _SOURCE} | ({"before": options.before} if options.before else {})
    with tempfile.TemporaryDirectory() as work:
        films = _coded(options.film, options.megapixels, Path(work))
        for name, film in films.items():
            for when, source in sources.items():
                one, outcome = _spent(source, film, 1)
                more, _ = _spent(source, film, options.times + 1)
                each = (more - one) / options.times
                print(f"{name:14} {when:7} {each:.3f} s of processor time a film ({outcome})")


def _coded(film: Path, megapixels: float, folder: Path) -> dict[str, Path]:
    """Return a file of the film in each coding."""
    stream = coded(enlarged(read(film).pixels, megapixels))
    whole = folder / "whole.dcm"
    whole.write_bytes(filed(stream))
    plain = dcmread(whole)
    plain.decompress(decoding_plugin="pillow")
    plain.save_as(folder / "uncompressed.dcm")
    files = {"uncompressed": folder / "uncompressed.dcm", "JPEG 2000": whole}
    for name in ("JPEG lossless", "JPEG-LS"):
        reader = gdcm.ImageReader()
        reader.SetFileName(str(files["uncompressed"]))
        change = gdcm.ImageChangeTransferSyntax()
        syntax = gdcm.TransferSyntax.GetTSType(str(_SYNTAXES[name]))
        change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
        if not reader.Read():
            raise RuntimeError("GDCM does not read what pydicom wrote")
        change.SetInput(reader.GetImage())
        writer = gdcm.ImageWriter()
        files[name] = folder / f"{name}.dcm"
        writer.SetFileName(str(files[name]))
        if not change.Change():
            raise RuntimeError(f"GDCM does not code {name}")
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        writer.Write()
    return files


def _spent(source: Path, film: Path, times: int) -> tuple[float, str]:
    """Return the processor time of a process that answers a film so often, and the outcome."""
    surroundings = os.environ | {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", _WORKER, str(film), str(times)],
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return user + system, done.stdout.strip()


if __name__ == "__main__":
    main()

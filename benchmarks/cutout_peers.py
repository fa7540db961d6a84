"""Peers of the cutouts that live in an environment of their own: Cutana and astrocut. One JSON object to stdout.

Run by `benchmarks/cutouts.py`:
    OTHER/bin/python benchmarks/cutout_peers.py speed HOW MOSAIC WINDOWS.npy FEW MANY
    OTHER/bin/python benchmarks/cutout_peers.py faults HOW MOSAIC WINDOWS.npy
WINDOWS are rows of ra, dec (deg) and side (px); MOSAIC has two axes, for neither reads more. In `faults` the mosaic's
pixels say where they are: y * 65536 + x + 1.
"""

import json
import re
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

NAMED = re.compile(r"(source\d+)_")


def cpu_seconds() -> float:
    """Of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def catalogue(mosaic: str, windows: np.ndarray):
    import pandas as pd

    return pd.DataFrame(
        {
            "SourceID": [f"source{i}" for i in range(len(windows))], "RA": windows[:, 0], "Dec": windows[:, 1],
            "diameter_pixel": windows[:, 2].astype(int), "fits_file_paths": str([mosaic]),
        }
    )  # fmt: skip


def config(folder: Path, windows: np.ndarray, **more):
    from cutana import get_default_config

    made = get_default_config()
    made.output_dir, made.max_workers, made.process_threads = str(folder / "out"), 1, 1
    made.source_catalogue = str(folder / "catalogue.parquet")
    made.target_resolution = int(windows[0, 2])
    made.normalisation_method, made.apply_flux_conversion = "none", False
    made.console_log_level = made.log_level = "CRITICAL"
    made.loadbalancer.skip_memory_calibration_wait = True
    made.loadbalancer.main_process_memory_reserve_gb = 0.5
    made.skip_fits_check = made.skip_catalogue_validation = True
    for name, value in more.items():
        setattr(made, name, value)
    return made


def direct(mosaic: str, windows: np.ndarray, folder: Path) -> list[np.ndarray]:
    """Cutana in one process, cutouts in memory."""
    from cutana import create_cutouts_direct

    found = create_cutouts_direct(catalogue(mosaic, windows), config(folder, windows), 1, log_set_progress=False)
    return [one[..., 0] for batch in found for one in batch["cutouts"]]


def streamed(mosaic: str, windows: np.ndarray, folder: Path) -> list[np.ndarray]:
    """Cutana's streaming: one worker process, shared memory."""
    from cutana import StreamingOrchestrator

    catalogue(mosaic, windows).to_parquet(folder / "catalogue.parquet")
    orchestrator = StreamingOrchestrator(config(folder, windows, write_to_disk=False))
    by_name = dict[str, np.ndarray]()
    try:
        orchestrator.init_streaming(batch_size=64, write_to_disk=False, max_workers=1, min_workers=1)
        for _ in range(orchestrator.get_batch_count()):
            batch = orchestrator.next_batch()
            for image, told in zip(batch["cutouts"], batch["metadata"], strict=True):
                by_name[told["source_id"]] = np.asarray(image)[..., 0]
    finally:
        orchestrator.cleanup()
    return [by_name[f"source{i}"] for i in range(len(windows))]


def files(mosaic: str, windows: np.ndarray, folder: Path) -> list[Path]:
    """Cutana's FITS files, cut and nothing else."""
    from cutana import Orchestrator

    catalogue(mosaic, windows).to_parquet(folder / "catalogue.parquet")
    more = {"output_format": "fits", "do_only_cutout_extraction": True, "write_to_disk": True}
    more["selected_extensions"] = [{"name": "PRIMARY", "ext": "PrimaryHDU"}]
    Orchestrator(config(folder, windows, **more)).run()
    made = {NAMED.search(path.name)[1]: path for path in (folder / "out").rglob("*.fits")}
    if len(made) != len(windows):
        raise RuntimeError(f"{len(windows)} cutouts were asked for, {len(made)} files are there")
    return [made[f"source{i}"] for i in range(len(windows))]


def astrocut(mosaic: str, windows: np.ndarray, folder: Path) -> list[Path]:
    """astrocut, a call for each cutout, as its `fits_cut` is made for."""
    from astrocut import fits_cut
    from astropy.coordinates import SkyCoord

    made = list[Path]()
    for i, (ra, dec, side) in enumerate(windows):
        out = folder / f"cut{i}"
        fits_cut([mosaic], SkyCoord(ra, dec, unit="deg"), int(side), output_dir=str(out), single_outfile=True)
        made.append(next(out.glob("*.fits")))
    return made


WAYS = {"cutana-direct": direct, "cutana-stream": streamed, "cutana-fits": files, "astrocut": astrocut}


def image_and_header(made) -> tuple[np.ndarray, dict | None]:
    if isinstance(made, np.ndarray):
        return made, None
    from astropy.io import fits

    with fits.open(made) as opened:
        hdu = next(one for one in opened if one.data is not None)
        return np.array(hdu.data), {**opened[0].header, **hdu.header}


def placed(image: np.ndarray) -> dict:
    """Where in the mosaic the corner of a cutout is, by what its pixels say, and how it shows that there is nothing."""
    known = np.isfinite(image) & (image != 0)
    y, x = (int(one[0]) for one in np.nonzero(known)) if known.any() else (0, 0)
    value = float(image[y, x]) - 1
    return {
        "shape": list(image.shape), "corner": [int(value % 65536) - x, int(value // 65536) - y],
        "n_nan": int(np.isnan(image).sum()), "n_zero": int((image == 0).sum()),
    }  # fmt: skip


def speed(how: str, mosaic: str, windows: np.ndarray, sizes: tuple[int, int]) -> dict:
    """CPU seconds of both sizes, after a run that is not counted."""
    took = list[float]()
    for n in (min(sizes), *sizes):
        with tempfile.TemporaryDirectory() as folder:
            before = cpu_seconds()
            made = WAYS[how](mosaic, windows[:n], Path(folder))
            took.append(cpu_seconds() - before)
            if len(made) != n:
                raise RuntimeError(f"{n} cutouts were asked for, {len(made)} came")
    return {"us": (took[2] - took[1]) / (sizes[1] - sizes[0]) * 1e6}


def faults(how: str, mosaic: str, windows: np.ndarray) -> dict:
    """Of each cutout: size, where the mosaic's pixels came to lie, what stands where there are none; and the header."""
    rows, kept = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for made in WAYS[how](mosaic, windows, Path(folder)):
            image, header = image_and_header(made)
            rows.append(placed(image))
            kept = None if header is None else {name: header.get(name) for name in ("BUNIT", "BMAJ", "CTYPE1")}
    return {"cutouts": rows, "header": kept}


def main() -> None:
    """Read the command line, measure, print."""
    what, how, mosaic, windows, *sizes = sys.argv[1:]
    warnings.simplefilter("ignore")
    rows = np.load(windows)
    found = speed(how, mosaic, rows, (int(sizes[0]), int(sizes[1]))) if sizes else faults(how, mosaic, rows)
    print(json.dumps({"what": what, **found}))


if __name__ == "__main__":
    main()

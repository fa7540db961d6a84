"""The kinds of faults: what happens, at which points, at which stages."""

import errno
import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.faults import damage, disks, planted, real_ray
from tests.faults.objects import failing
from tests.faults.planted import Scene

TABLES = (
    "mosaics", "sources", "papers", "objects", "windows", "figures", "cutouts", "descriptions", "generated", "alike",
    "splits", "figure_splits", "ratings", "captions", "answers", "quotas", "conversations", "judged", "injections",
    "quality", "samples", "blind",
)  # fmt: skip
"""The stages that make tables, each after what it reads."""
OUT = ("gate", "hand-over", "report", "tag")
STAGES = ("start", *TABLES, *OUT, "end")
ASKING = ("generated", "ratings", "judged")
WITH_REFUSED = (
    "sources", "papers", "windows", "figures", "cutouts", "generated", "figure_splits", "ratings", "captions",
)  # fmt: skip
PART = ("before a part", "a part made", "before part", "part aside", "part published")
PLACES = {
    "start": ("before digests", "digests aside", "digests published"),
    "gate": ("before it", "it done"),
    "hand-over": ("before it", "opening a file", "renaming", "it done"),
    "report": ("before it", "it done"),
    "tag": ("before tag", "tag aside", "tag published"),
    "end": ("renaming",),  # of gate record and report, which are published together
}
N_FILES = 20
"""Of the files of a hand-over, one of the first so many is hit."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault. `what` are its points; of those of a stage one is drawn."""

    name: str
    stages: tuple[str, ...]
    what: tuple[str, ...] = ()
    """Empty: those of PLACES."""
    act: Callable[[Scene], None] | None = None
    holds: bool = False
    is_damage: bool = False
    """Something published is no longer what it was: `check` must notice, `build --repair` must heal."""
    codes: tuple[int, ...] = (0, 1, -signal.SIGKILL)
    """With which the build may end."""
    model: dict = field(default_factory=dict)
    """How the model fails; `back_s`: so many seconds later it answers again."""
    n_builds: int = 1
    where: str = ""
    """`ray`: parts are made by a real Ray; `objects`: tables go to an object store; `disk`: to a disk of their own."""
    is_paused: bool = False
    """A builder is paused until its mark is void, and another one begins."""

    def point(self, stage: str, chance: Random) -> tuple[str, int]:
        """What happens at the stage when the fault does, and the how manieth time."""
        what = chance.choice(self.what or PLACES[stage])
        return what, chance.randrange(1, N_FILES) if what == "opening a file" else 1


def _error(number: int) -> Callable[[Scene], None]:
    return planted.fail(lambda: OSError(number, os.strerror(number)))


def _clock(seconds: float) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        now = time.time
        time.time = lambda: now() + seconds

    return act


def _then_die(act: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def both(scene: Scene) -> None:
        act(scene)
        planted.kill_driver(scene)

    return both


def _times(n: int) -> Callable[[Scene], None]:
    """Kill the worker whenever it comes here, so many times in all; a file counts."""

    def act(scene: Scene) -> None:
        counted = scene.store.parent / f"deaths-{scene.stage}"
        counted.touch()
        with counted.open("a") as out:
            out.write(".")
        if counted.stat().st_size <= n:
            planted.kill_process(scene)

    return act


MANIFEST_DONE = ("manifest published",)
KILLED = (-signal.SIGKILL,)
PUBLISHED = ("part aside",)
INSIDE = (
    # dead processes
    Kind("driver killed before a part", TABLES, ("before a part",), planted.kill_driver, codes=KILLED),
    Kind("driver killed while a part is written", TABLES, ("part aside",), planted.kill_driver, codes=KILLED),
    Kind("driver killed after a part", TABLES, ("part published",), planted.kill_driver, codes=KILLED),
    Kind("driver killed between last part and manifest", TABLES, ("before manifest",), planted.kill_driver,
         codes=KILLED),
    Kind("driver killed while a manifest is written", TABLES, ("manifest aside",), planted.kill_driver, codes=KILLED),
    Kind("driver killed between two stages", TABLES, MANIFEST_DONE, planted.kill_driver, codes=KILLED),
    Kind("driver killed between refused rows and their part", WITH_REFUSED, ("refused rows published",),
         planted.kill_driver, codes=KILLED),
    Kind("driver killed on the way out", ("start", *OUT, "end"), (), planted.kill_driver, codes=KILLED),
    Kind("driver killed while replies are kept", ("replies",), ("before replies", "replies aside", "replies published"),
         planted.kill_driver, codes=KILLED),
    Kind("driver killed at its mark", TABLES, ("before mark", "mark aside", "mark published"), planted.kill_driver,
         codes=KILLED),
    Kind("worker killed before a part", TABLES, ("before a part",), planted.kill_process, codes=(0,)),
    Kind("worker killed while a part is written", TABLES, ("part aside",), planted.kill_process, codes=(0,)),
    Kind("worker killed after a part", TABLES, ("part published",), planted.kill_process, codes=(0,)),
    Kind("worker killed while replies are kept", ("replies",), ("before replies", "replies aside"),
         planted.kill_process, codes=(0,)),
    Kind("worker killed four times", TABLES, ("a part made",), _times(4), holds=True),
    Kind("machine down: all killed", TABLES, PART, planted.kill_all, codes=KILLED),
    Kind("SIGTERM", TABLES, PART + MANIFEST_DONE, planted.terminate, codes=(143, -signal.SIGTERM)),
    Kind("SIGTERM on the way out", (*OUT, "end"), (), planted.terminate, codes=(0, 143, -signal.SIGTERM)),
    Kind("Ctrl-C", TABLES, PART + MANIFEST_DONE, planted.interrupt, codes=(130,)),
    Kind("Ctrl-C on the way out", (*OUT, "end"), (), planted.interrupt, codes=(0, 130)),
    # paused ones
    Kind("driver paused", TABLES, PART + MANIFEST_DONE, planted.pause(lambda scene: scene.driver, 0.6), codes=(0,)),
    Kind("worker paused", TABLES, PART, planted.pause(lambda scene: os.getpid(), 0.6), codes=(0,)),
    Kind("clock set a day ahead", TABLES, MANIFEST_DONE, _clock(86400), codes=(0,)),
    Kind("clock set a day back", TABLES, MANIFEST_DONE, _clock(-86400), codes=(0,)),
    # disks
    Kind("disk full for a moment", TABLES, PUBLISHED, _error(errno.ENOSPC), codes=(0, 1)),
    Kind("disk full", TABLES, PUBLISHED, _error(errno.ENOSPC), holds=True, codes=(1,)),
    Kind("disk full at the manifest", TABLES, ("manifest aside",), _error(errno.ENOSPC), codes=(0, 1)),
    Kind("disk full on the way out", ("hand-over", "tag"), ("opening a file", "tag aside"), _error(errno.ENOSPC),
         codes=(0, 1)),
    Kind("quota: no file above 3 kB (RLIMIT_FSIZE)", TABLES, ("before a part",),
         planted.limit(resource.RLIMIT_FSIZE, 3000), codes=(0, 1)),
    Kind("quota on the way out (RLIMIT_FSIZE)", ("hand-over", "report"), ("before it",),
         planted.limit(resource.RLIMIT_FSIZE, 20_000), codes=(0, 1)),
    Kind("input/output error while writing", TABLES, PUBLISHED, _error(errno.EIO), codes=(0, 1)),
    Kind("stale network disk while writing", TABLES, PUBLISHED, _error(errno.ESTALE), codes=(0, 1)),
    Kind("error at a mark", TABLES, ("mark aside",), _error(errno.EIO), codes=(0, 1)),
    Kind("out of memory for a moment", TABLES, ("before a part", "a part made"), planted.fail(MemoryError), codes=(0,)),
    Kind("out of memory", TABLES, ("before a part",), planted.fail(MemoryError), holds=True, codes=(1,)),
    Kind("too many open files (RLIMIT_NOFILE)", TABLES, ("before a part",), planted.limit(resource.RLIMIT_NOFILE, 12),
         codes=(0, 1)),
    Kind("no lock to be had while replies are kept", ("replies",), ("replies aside",), _error(errno.ENOLCK),
         codes=(0, 1)),
    # mosaics and catalogues
    Kind("mosaic not there for a moment", ("cutouts",), ("opening a mosaic",), _error(errno.ENOENT), codes=(0, 1)),
    Kind("mosaic not to be read for a moment", ("mosaics", "cutouts"), ("opening a mosaic",), _error(errno.EACCES),
         codes=(0, 1)),
    Kind("mosaic on a stale disk", ("mosaics", "cutouts"), ("opening a mosaic",), _error(errno.ESTALE), holds=True,
         codes=(1,)),
    Kind("mosaic: too many open files", ("mosaics", "cutouts"), ("opening a mosaic",), _error(errno.EMFILE),
         codes=(0, 1)),
    Kind("mosaic: input/output error", ("mosaics", "cutouts"), ("opening a mosaic",), _error(errno.EIO), codes=(0, 1)),
    Kind("mosaics taken away", ("mosaics", "windows", "cutouts"), ("before a part",), damage.take_mosaics,
         codes=(0, 1)),
    Kind("mosaic changed, same size", ("windows", "cutouts"), ("before a part",), damage.change_mosaic, codes=(0, 1)),
    Kind("mosaic cut short", ("windows", "cutouts"), ("before a part",), damage.cut_mosaic, codes=(0, 1)),
    Kind("catalogue not to be read while the tables are planned", ("start",), ("opening a catalogue",),
         _error(errno.ESTALE), codes=(1,)),
    Kind("catalogue not to be read for a moment", ("sources",), ("opening a catalogue",), _error(errno.EIO),
         codes=(0, 1)),
    Kind("catalogue taken away", ("sources",), ("before a part",), damage.take_catalogue, codes=(0, 1)),
    Kind("catalogue changed", ("sources",), ("before a part",), damage.change_catalogue, codes=(0, 1)),
    # papers
    Kind("papers taken away", ("papers", "figures"), ("before a part",), damage.take_papers, codes=(0, 1)),
    Kind("papers changed, same size", ("papers", "figures"), ("before a part",), damage.change_papers, codes=(0, 1)),
    Kind("papers cut short", ("figures",), ("before a part", "before a picture"), damage.cut_papers, codes=(0, 1)),
    Kind("paper not there for a moment", ("figures",), ("opening a paper",), _error(errno.ENOENT), codes=(0, 1)),
    Kind("paper not to be read for a moment", ("figures",), ("opening a paper",), _error(errno.EACCES), codes=(0, 1)),
    Kind("paper on a stale disk", ("figures",), ("opening a paper",), _error(errno.ESTALE), holds=True, codes=(1,)),
    Kind("paper: input/output error", ("figures",), ("opening a paper",), _error(errno.EIO), codes=(0, 1)),
    Kind("paper: too many open files", ("figures",), ("opening a paper",), _error(errno.EMFILE), codes=(0, 1)),
    Kind("records of papers taken away", ("papers",), ("before a part",), damage.take_records, codes=(0, 1)),
    Kind("records of papers changed", ("papers",), ("before a part",), damage.change_records, codes=(0, 1)),
    Kind("records of papers not to be read for a moment", ("papers",), ("opening a file of records",),
         _error(errno.EIO), codes=(0, 1)),
    Kind("papers not to be read while the tables are planned", ("start",), ("opening a paper",), _error(errno.ESTALE),
         codes=(1,)),
    Kind("process for pictures killed", ("figures",), ("before a picture",), planted.kill_opener, codes=(0,)),
    Kind("process for pictures killed again and again", ("figures",), ("before a picture",), planted.kill_opener,
         holds=True, codes=(1,)),
    Kind("process for pictures paused", ("figures",), ("before a picture",), planted.pause(planted.opener, 0.6),
         codes=(0,)),
    Kind("worker killed while a picture is opened", ("figures",), ("before a picture",), planted.kill_process,
         codes=(0,)),
    # damage to what is made
    Kind("bit flipped in a finished table, build goes on", TABLES, MANIFEST_DONE, damage.flip("part-*.parquet"),
         is_damage=True),
    Kind("bit flipped in a finished table, build killed", TABLES, MANIFEST_DONE,
         _then_die(damage.flip("part-*.parquet")), is_damage=True),
    Kind("bit flipped in refused rows", WITH_REFUSED, MANIFEST_DONE, _then_die(damage.flip("_rejected/*.parquet")),
         is_damage=True),
    Kind("bit flipped in a part of an unfinished table", TABLES, ("part published",),
         _then_die(damage.flip("part-*.parquet")), is_damage=True),
    Kind("part cut short", TABLES, ("part published", "manifest published"), _then_die(damage.cut("part-*.parquet")),
         is_damage=True),
    Kind("part lost of a finished table", TABLES, MANIFEST_DONE, _then_die(damage.lose("part-*.parquet")),
         is_damage=True),
    Kind("bit flipped in a manifest", TABLES, MANIFEST_DONE, _then_die(damage.flip("_manifest.json")), is_damage=True),
    Kind("manifest cut short", TABLES, MANIFEST_DONE, _then_die(damage.cut("_manifest.json")), is_damage=True),
    Kind("bit flipped in kept replies", ASKING, MANIFEST_DONE, _then_die(damage.flip_replies), is_damage=True),
    Kind("digests of raw files are no JSON", TABLES, MANIFEST_DONE, _then_die(damage.spoil("_digests.json")),
         is_damage=True),
    Kind("mark is no JSON", TABLES, ("part published",), _then_die(damage.spoil_mark)),
    Kind("mark of a builder elsewhere that is dead", TABLES, ("part published",), _then_die(damage.foreign_mark)),
    Kind("marks taken away while building", TABLES, ("part published",), damage.lose_marks, codes=(0, 1)),
    Kind("strangers' files beside the parts", TABLES, ("part published",), damage.strangers, codes=(0,)),
    Kind("bit flipped in the hand-over", ("end",), ("it done",), damage.flip_handover("*.*"), is_damage=True),
    Kind("bit flipped in a picture of the hand-over", ("end",), ("it done",),
         damage.flip_handover("images/*/*.png"), is_damage=True),
    Kind("file of the hand-over lost", ("end",), ("it done",), damage.lose_handover, is_damage=True),
    Kind("hand-over's manifest lost", ("end",), ("it done",), damage.lose_handover_manifest, is_damage=True),
    Kind("report lost", ("end",), ("it done",), damage.lose_report, is_damage=True),
    Kind("tag is no JSON", ("end",), ("it done",), damage.spoil_tags, is_damage=True),
)  # fmt: skip
MODEL = tuple(
    Kind(f"model: {told}", ("generated",), model=rules, codes=(0, 1))
    for told, rules in {
        "error 500 five times": {"mode": "500", "n_faults": 5},
        "429 five times": {"mode": "429", "n_faults": 5},
        "down, and back after 2 s": {"is_up": False, "back_s": 2.0},
        "down in the middle, back 2 s later": {"delay_s": 0.05, "down_s": 0.6, "back_s": 2.6},
    }.items()
)
BESIDE = (
    Kind("two builds at once", TABLES, n_builds=2, codes=(0, 1)),
    Kind("three builds at once", TABLES, n_builds=3, codes=(0, 1)),
    Kind("two builds at the hand-over", ("hand-over",), n_builds=2, codes=(0, 1)),
    Kind("three builds at the hand-over", ("hand-over",), n_builds=3, codes=(0, 1)),
    Kind("two builds at once, one killed", TABLES, ("before a part", "part aside"), planted.kill_driver, n_builds=2,
         codes=(0, 1, -signal.SIGKILL)),
    Kind("two builds at the hand-over, one killed", ("gate", "hand-over", "report", "tag"), (), planted.kill_driver,
         n_builds=2, codes=(0, 1, -signal.SIGKILL)),
    Kind("driver paused until its mark is void, another one builds", TABLES, ("before manifest", "manifest published"),
         planted.pause(lambda scene: scene.driver, 4.0), n_builds=2, is_paused=True, codes=(0, 1)),
)  # fmt: skip
BEGUN = ("mark published",)
"""A table is claimed: its parts are made next."""
ON_RAY = (
    Kind("a worker of Ray's killed", ("cutouts", "judged"), BEGUN, real_ray.soon(real_ray.one_worker, signal.SIGKILL),
         where="ray", codes=(0,)),
    Kind("all workers of Ray's killed", ("windows", "conversations"), BEGUN,
         real_ray.soon(real_ray.workers, signal.SIGKILL), where="ray", codes=(0, 1)),
    Kind("Ray's raylet killed", ("descriptions", "answers"), BEGUN, real_ray.soon(real_ray.raylet, signal.SIGKILL),
         where="ray", codes=(0, 1)),
    Kind("Ray's agents killed", ("objects",), BEGUN, real_ray.soon(real_ray.agents, signal.SIGKILL), where="ray",
         codes=(0, 1)),
    Kind("Ray's GCS killed", ("generated", "injections"), BEGUN, real_ray.soon(real_ray.gcs, signal.SIGKILL),
         where="ray", codes=(0, 1)),
    Kind("all of Ray killed", ("sources", "quality"), BEGUN, real_ray.soon(real_ray.everything, signal.SIGKILL),
         where="ray", codes=(0, 1)),
    Kind("driver killed above a Ray", ("splits", "samples"), ("mark published", "before manifest"),
         planted.kill_driver, where="ray", codes=KILLED),
    Kind("Ctrl-C above a Ray", ("mosaics",), BEGUN, planted.interrupt, where="ray", codes=(130,)),
    Kind("SIGTERM above a Ray", ("quotas",), BEGUN, planted.terminate, where="ray", codes=(143,)),
)  # fmt: skip
ON_THE_WIRE = ("before part", "part published", "before manifest", "manifest published", "before mark")
SOME = ("mosaics", "cutouts", "generated", "splits", "conversations", "samples")
ON_OBJECTS = tuple(
    Kind(f"object store: {told}", stages, ON_THE_WIRE, failing(mode, *seconds), where="objects", codes=codes)
    for told, stages, mode, seconds, codes in (
        ("503 SlowDown for a second", SOME, "slow_down", (1.0,), (0, 1)),
        ("503 SlowDown for good", ("windows", "quality"), "slow_down", (), (1,)),
        ("two of three requests 503 SlowDown", SOME, "some_slow_down", (2.0,), (0, 1)),
        ("error 500 for a second", ("objects", "descriptions", "judged"), "500", (1.0,), (0, 1)),
        ("stalls for two seconds", SOME, "stall", (2.0,), (0, 1)),
        ("stalls for good", ("answers",), "stall", (), (1,)),
        ("dies, and is back after a second", SOME, "down", (1.0,), (0, 1)),
        ("cannot be reached", ("sources", "quotas", "blind"), "down", (), (1,)),
        ("answers cut in the middle", ("windows", "injections", "samples"), "cut", (0.5,), (0, 1)),
    )
) + (
    Kind("object store: driver killed", ("cutouts", "answers"), (*ON_THE_WIRE, "mark published"), planted.kill_driver,
         where="objects", codes=KILLED),
)  # fmt: skip
ON_DISK = (
    Kind("disk really full", TABLES, ("before part", "before manifest"), disks.fill, where="disk", codes=(1,)),
    Kind("disk really full on the way out", ("hand-over", "report"), ("before it",), disks.fill, where="disk",
         codes=(1,)),
    Kind("disk really without inodes", TABLES, ("before part", "before manifest"), disks.use_up_inodes, where="disk",
         codes=(1,)),
    Kind("disk really without inodes on the way out", ("hand-over",), ("before it",), disks.use_up_inodes,
         where="disk", codes=(1,)),
    Kind("disk really read-only", TABLES, ("before part", "before manifest"), disks.forbid_writing, where="disk",
         codes=(1,)),
)  # fmt: skip
BESIDE_OBJECTS = (
    Kind("object store: two builds at once", ("mosaics", "cutouts"), n_builds=2, where="objects", codes=(0, 1)),
    Kind("object store: two builds at once, one killed", ("cutouts", "answers"), ("before part", "part published"),
         planted.kill_driver, n_builds=2, where="objects", codes=(0, 1, -signal.SIGKILL)),
)  # fmt: skip
SHARING: Sequence[Sequence[Kind]] = (ON_RAY, ON_OBJECTS, ON_DISK, INSIDE)
"""Several faults make a round."""
ALONE: Sequence[Sequence[Kind]] = (MODEL, BESIDE, BESIDE_OBJECTS)

"""Small pictures whose class anybody can see, as tasks and as a zip with a door of its own."""

import hashlib
import io
import zipfile

import numpy as np
from PIL import Image

from evaluate.encoders.lessons import Known, Lessons
from evaluate.tasks.benchmark import Task
from evaluate.tasks.picture_set import PictureSet

SIDE_PX = 48
CLASSES = ("FR-I", "FR-II", "COMPACT", "BENT")
SPOTS = {"FR-I": ((0, 9), (0, -9)), "FR-II": ((0, 15), (0, -15)), "COMPACT": ((0, 0),), "BENT": ((8, 8), (8, -8))}


def png_of(label, k):
    """Spots where the class has them, with noise of its own for each number."""
    rng = np.random.default_rng([k, CLASSES.index(label)])
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - SIDE_PX / 2 + 0.5
    image = rng.uniform(0, 30, (SIDE_PX, SIDE_PX))
    for dy, dx in SPOTS[label]:
        image += 220 * np.exp(-((y - dy) ** 2 + (x - dx) ** 2) / 18)
    return png(image)


def png(image):
    sink = io.BytesIO()
    Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(sink, "PNG")
    return sink.getvalue()


def task(k, label, split, body=None, **changed):
    body = body or png_of(label, k)
    sha = hashlib.sha256(body).hexdigest()
    given = {
        "picture_id": f"cutout-{k:016x}", "image_sha": sha, "truth": (label,), "truths": {}, "cluster": f"c{k}",
        "split": split, "source_id": f"source-{k}", "mosaic": f"m{k}", "patch_id": f"patch-{k}", "png": body,
    }  # fmt: skip
    return Task(**{**given, **changed})


def known(tasks, classes=CLASSES):
    truth = np.array([[one in some.truth for one in classes] for some in tasks], bool).reshape(-1, len(classes))
    return Known(tuple(tasks), truth)


def taught(n_train=40, n_validation=16, n_test=16, labels=CLASSES):
    """Lessons in which every label is as frequent."""
    splits = ["train"] * n_train + ["validation"] * n_validation + ["test"] * n_test
    tasks = [task(k, labels[k % len(labels)], split) for k, split in enumerate(splits)]
    parts = {name: [one for one in tasks if one.split == name] for name in ("train", "validation", "test")}
    return Lessons(*(known(some) for some in parts.values()), told="made for a test")


def zipped(raw, rows, **changed):
    """A picture set at `raw`: rows are (split, label, ra_deg, dec_deg, png)."""
    path = raw / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for k, (split, label, ra_deg, dec_deg, body) in enumerate(rows):
            archive.writestr(f"all/{split}/{label}/{ra_deg}_{dec_deg}_{k}.png", body)
    counts = {name: sum(row[0] == name for row in rows) for name in ("train", "validation", "test")}
    pictures = {
        "file": "pictures.zip", "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "member": r"all/(?P<split>\w+)/(?P<label>[\w-]+)/(?P<name>(?P<ra_deg>[\d.]+)_(?P<dec_deg>[-\d.]+)_\d+)\.png",
        "splits": {name: name for name in counts}, "labels": {name: name for name in CLASSES},
        "n_pictures": {name: n for name, n in counts.items() if n}, "apart_arcsec": 60.0,
    }  # fmt: skip
    asked = {
        "version": 1, "scheme": "mirabest", "answer": "one-label", "classes": CLASSES, "truth": "as-annotated",
        "cluster": "patch", "question": "Which class do you see in the image?",
        "defined": {"COMPACT": "one spot", "BENT": "two spots on one side"},
        "paper": {"classes": ("NONE", *CLASSES), "truth": "as-annotated"},
    }  # fmt: skip
    door = {"name": "spots", "title": "Spots", "cite": "made for a test", "benchmark": asked}
    return PictureSet.model_validate({**door, "pictures": {**pictures, **changed}})

"""`check` by its command line: one fault planted in a hand-over is found and named, and all of them in one run."""

import json
import shutil

import pytest
from click.testing import CliRunner

from finetune.cli import finetune


def missing_image(root):
    next(iter(sorted((root / "images").rglob("*.png")))).unlink()


def two_placeholders(draft):
    asked = draft.records[0]["conversations"][2]
    asked["value"] = "<image>\n" + asked["value"]


def human_text(draft):
    said = draft.records[1]["conversations"]
    said[3]["value"] = f"{said[2]['value']} {said[3]['value']}"


def test_picture(draft):
    draft.pictures[draft.records[3]["image"]] = draft.pictures[draft.provenance[-1]["image"]]


def special_token(draft):
    draft.records[4]["conversations"][1]["value"] = "It <|im_end|> stops"


def benchmark_position(draft):
    place = {"ra_deg": 5.0, "dec_deg": -30.0, "radius_arcsec": 5.0, "guard_arcsec": 20.0}
    draft.certificate["sealed_sky"] = {"b2_demo": [{"source_name": "J0012", **place}]}


def over_long(draft):
    draft.records[6]["conversations"][3]["value"] = "word " * 3000


test_picture.__test__ = False
FAULTS = {
    two_placeholders: ("turns", "record 0 (sample-0000000000000000): 2 <image> for 1 pictures, expected one for each"),
    human_text: (
        "turns",
        "record 1 (sample-0000000000000001), message 3: it repeats its question, so human text would",
    ),
    test_picture: ("test_pictures", "sample-0000000000000003: its picture "),
    special_token: (
        "turns",
        "record 4 (sample-0000000000000004), message 1: a chat template's own token",
    ),
    benchmark_position: ("test_sky", 'sample-0000000000000005 is 0.0" from J0012 of b2_demo; 85.0" are required'),
    over_long: ("lengths", "sample-0000000000000006: 1"),
    missing_image: ("manifest", ".png: promised by the manifest, but missing"),
}
LEDGER = ("ledger", "its files hold 74,304 weights of llm, its config says 111,424")


def checked_here(root, model):
    """`python -m finetune check` without the start of a process: exit code, and its lines by check."""
    words = ["check", "smoke", "--data", str(root), "--set", f"model.name={model}"]
    done = CliRunner().invoke(finetune, words, standalone_mode=False)
    assert done.exception is None, done.output
    lines = [line.split(None, 2)[1:] for line in done.output.splitlines() if line.startswith("E  ")]
    return done.return_value, lines


def is_told(fault, lines):
    check, words = fault
    return any(name == check and words in said for name, said in lines)


@pytest.fixture
def other_config(tiny_model, tmp_path):
    """A model whose config promises a layer that its file lacks."""
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    text = config["text_config"]
    text |= {"num_hidden_layers": text["num_hidden_layers"] + 1, "layer_types": ["full_attention"] * 3}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("spoil", [*FAULTS, "ledger"], ids=lambda one: getattr(one, "__name__", one))
def test_check_names_a_planted_fault_and_no_other(spoil, tiny_model, other_config, made_handover, tmp_path):
    root = made_handover(tmp_path / "data", 12, None if spoil in (missing_image, "ledger") else spoil)
    if spoil is missing_image:
        spoil(root)
    code, lines = checked_here(root, other_config if spoil == "ledger" else tiny_model)
    assert code == 1
    assert is_told(LEDGER if spoil == "ledger" else FAULTS[spoil], lines)
    others = [fault for other, fault in FAULTS.items() if other is not spoil]
    assert not any(is_told(fault, lines) for fault in others)


def test_check_names_all_planted_faults_in_one_run(other_config, made_handover, tmp_path):
    def spoiled(draft):
        for spoil in FAULTS:
            if spoil is not missing_image:
                spoil(draft)

    root = made_handover(tmp_path / "data", 12, spoiled)
    missing_image(root)
    code, lines = checked_here(root, other_config)
    assert code == 1
    assert [fault for fault in (*FAULTS.values(), LEDGER) if not is_told(fault, lines)] == []

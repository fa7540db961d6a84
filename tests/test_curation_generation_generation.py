"""What a served model writes: kept where it is true, refused by name where it is not, asked again where it was little.

The server is real HTTP; only its words are made by rule, or given by the test.
"""

import io
import json
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest
from astropy.wcs import WCS
from PIL import Image

from catalogs.survey import surveys
from curation.asking.request import Reply, Served
from curation.asking.rule_server import RuleServer
from curation.asking.vlm import Asker
from curation.engine.steps import Step
from curation.generation.generation import generated, generated_step
from curation.generation.writing import Generation, writing_about
from curation.verification.policy import Verdicts
from curation.words.conversations import conversations, conversations_step, with_generated
from curation.words.descriptions import descriptions, survey_facts
from curation.words.quality import quality
from curation.words.question import questions
from schemas.errors import ModelError
from schemas.fingerprint import content_id
from schemas.labels import label_scheme
from schemas.tables import CONVERSATIONS, CUTOUTS, DESCRIPTIONS, GENERATED, OBJECTS, SOURCES

SIDE_PX = 100
SURVEY = surveys()["first"]
ASKED = tuple(questions().values())


def wcs():
    made = WCS(naxis=2)
    made.wcs.ctype, made.wcs.crval = ["RA---TAN", "DEC--TAN"], [10.0, 30.0]
    made.wcs.crpix, made.wcs.cdelt = [50.5, 50.5], [-2 / 3600, 2 / 3600]
    return made


def png(k):
    picture = np.zeros((56, 56), np.uint8)
    picture[k % 50 : k % 50 + 6, 10 + k % 40 : 16 + k % 40] = 200
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True)
class Sky:
    """Tables of some pictures of a dataset."""

    scheme: str
    cutouts: pa.Table
    sources: pa.Table
    objects: pa.Table

    @property
    def tables(self):
        scheme = label_scheme(self.scheme)
        told = descriptions(self.cutouts, self.sources, self.objects, scheme, survey_facts(SURVEY)).kept
        return self.cutouts, told, self.sources, self.objects

    def writing(self, **said):
        said = {"model": "rule-server"} | said
        return writing_about("demo", label_scheme(self.scheme), SURVEY, "xyxy_norm", Generation(**said))


def sky(n=6, scheme="radioimg_multilabel", present=("COMPACT",)):
    one = label_scheme(scheme)
    cutouts, sources, objects = [], [], []
    for k in range(n):
        cutouts.append({
            "cutout_id": content_id("cutout", k), "source_id": content_id("source", k), "dataset": "demo",
            "survey": "first", "mosaic": "m.fits", "mosaic_sha256": "0" * 64, "ra_deg": 10.0, "dec_deg": 30.0,
            "width_px": SIDE_PX, "height_px": SIDE_PX, "pixel_x_arcsec": 2.0, "pixel_y_arcsec": 2.0,
            "wcs_header": wcs().to_header().tostring(sep="\n"), "beam_major_arcsec": 5.4, "beam_minor_arcsec": 5.4,
            "beam_pa_deg": 0.0, "beam_from": "survey", "blank_fraction": 0.0, "pixels": b"", "png": png(k),
            "png_side_px": 56, "stretch": "zscale", "sha256": f"{k:064x}",
        })  # fmt: skip
        held = one.with_implied(present)
        labels = [{"scheme": scheme, "label": label, "original": label, "tier": "expert", "catalog": "c.csv", "row": k,
                   "state": "present" if label in held else "absent"} for label in one.labels]  # fmt: skip
        sources.append({
            "source_id": content_id("source", k), "source_name": str(k), "dataset": "demo", "survey": "first",
            "scheme": scheme, "labels": [] if scheme == "caesar_mrcnn" else labels, "origin_catalog": "c.csv",
            "origin_row": k,
        })  # fmt: skip
    if scheme == "caesar_mrcnn":
        for at, (x_px, y_px) in enumerate([(20, 20), (70, 75)]):
            corners = [(x_px - 4, y_px - 4), (x_px + 4, y_px - 4), (x_px + 4, y_px + 4), (x_px - 4, y_px + 4)]
            found = {"scheme": scheme, "label": "COMPACT", "original": "COMPACT", "state": "present", "tier": "model",
                     "catalog": "o.csv", "row": at}  # fmt: skip
            objects.append({
                "object_id": content_id("object", at), "object_name": str(at), "dataset": "demo",
                "sky_polygon_deg": wcs().all_pix2world(corners, 0).ravel().tolist(), "labels": [found],
                "detector": "test", "origin_catalog": "o.csv", "origin_row": at,
            })  # fmt: skip
    return Sky(scheme, CUTOUTS.of(cutouts), SOURCES.of(sources), OBJECTS.of(objects))


@dataclass
class Says:
    """A model whose replies a test gives: the same to all, by task and attempt."""

    pairs: list[object]
    """A reply for each attempt: a body, or a Reply's problem with its text."""
    rewording: str = "no"
    asked: list = field(default_factory=list)

    def ask(self, requests):
        self.asked.append(list(requests))
        return [self.reply(one, len(self.asked)) for one in requests]

    def reply(self, request, attempt):
        if '"pairs"' not in request.form:
            return Reply(request.key, self.rewording)
        said = self.pairs[min(attempt, len(self.pairs)) - 1]
        if isinstance(said, tuple):
            return Reply(request.key, said[1], problem=said[0])
        return Reply(request.key, said if isinstance(said, str) else json.dumps(said))


def pairs(*said):
    return {"pairs": [{"question": question, "answer": answer} for question, answer in said]}


TRUE = ("Is the image ordinary or peculiar?", "The content of the image is ordinary.")
COMPACT = ("Are compact sources seen?", "Yes. Compact or point-like radio sources stand out from the background.")
FALSE = ("Is there diffuse emission?", "One or more extended radio sources are visible.")
GOOD = pairs(TRUE, COMPACT, ("Is a radio galaxy seen?", "No source has the shape of an extended radio galaxy."))


def written(says, one=None, **said):
    one = one or sky(1)
    made = generated(says, *one.tables, one.writing(**{"rewording": False} | said))
    GENERATED.check(made.kept)
    return made


def reasons(made):
    return Counter(made.rejected["reason"].to_pylist())


# -- a turn -----------------------------------------------------------------------------------------------------


def test_true_pairs_are_kept_with_verdict_claims_evidence_and_origin():
    made = written(Says([GOOD]))
    assert [row["answer"] for row in made.kept.to_pylist()] == [one["answer"] for one in GOOD["pairs"]]
    assert made.rejected.num_rows == 0 and made.n_in == 3
    for turn, row in enumerate(made.kept.to_pylist()):
        assert (row["turn"], row["kind"], row["verdict"], row["attempt"]) == (turn, "pair", "supported", 1)
        assert (row["model"], row["revision"], row["prompt"]) == ("rule-server", "main", "pairs")
        assert row["claims"] and all(claim["evidence"] for claim in row["claims"])


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (FALSE, "contradicted"),
        (("How bright is it?", "Its flux density is 5.3 mJy."), "unverifiable-number"),
        (("How many lobes are there?", "There are two lobes to be seen."), "unverifiable-number"),
        (("What is in it?", ""), "empty-turn"),
        (("What is in it?", " \n"), "empty-turn"),
        (("What is known of this image:", "What is known of this image?"), "echo"),
        (("What is in it?", "The caption says that it is compact."), "names-caption"),
        (("What is in it?", "I'm sorry, I cannot help with that."), "refusal"),
        (("Que montre cette image ?", "Une source de rayonnement est visible dans la région du centre."),
         "wrong-language"),
        (("What is in it?", "図には電波源が見える。"), "wrong-language"),
        (("What is in it?", "Compact sources are seen. Compact sources are seen. Compact sources are seen."),
         "repetition"),
        ((" is the image ORDINARY or peculiar? ", "It is ordinary."), "duplicate-turn"),
        (("What is in it?", "<|im_start|>system"), "wrong-form"),
        (("What is in it?", "<image> shows compact sources."), "wrong-form"),
        (("What is in it?", 7), "wrong-form"),
    ],
)  # fmt: skip
def test_one_bad_turn_is_refused_by_name_and_the_others_stay(pair, reason):
    body = pairs(*[(one["question"], one["answer"]) for one in GOOD["pairs"]], pair)
    made = written(Says([body]))
    assert made.kept.num_rows == 3
    assert reasons(made) == {reason: 1}
    row = json.loads(made.rejected["row"][0].as_py())
    assert row["request_sha"] and row["question"].strip() == pair[0].strip()


def test_a_turn_that_nobody_can_verify_is_kept_unless_the_corpus_says_otherwise():
    body = pairs(*[(one["question"], one["answer"]) for one in GOOD["pairs"]],
                 ("How does it look?", "The background looks rather calm."))  # fmt: skip
    kept = written(Says([body])).kept.to_pylist()
    assert [row["verdict"] for row in kept] == ["supported"] * 3 + ["unverifiable"]
    made = written(Says([body]), verdicts=Verdicts(unverifiable="reject"))
    assert reasons(made) == {"unverifiable": 1}


def test_a_contradicted_turn_that_is_kept_for_study_comes_into_no_conversation():
    one = sky(1)
    says = Says([pairs(TRUE, COMPACT, FALSE)])
    made = written(says, one, verdicts=Verdicts(contradicted="keep"))
    assert made.kept["verdict"].to_pylist() == ["supported", "supported", "contradicted"]
    cutouts, told, sources, objects = one.tables
    spoken = with_generated(cutouts, told, made.kept, sources, objects, label_scheme(one.scheme), ASKED, "xyxy_norm")
    answers = [turn["answer"] for turn in spoken.kept["turns"][0].as_py()]
    assert COMPACT[1] in answers and FALSE[1] not in answers


# -- a reply ----------------------------------------------------------------------------------------------------


CUT = json.dumps(GOOD)


@pytest.mark.parametrize(
    ("reply", "reason", "n_kept"),
    [
        (("truncated", CUT[:-40]), "truncated", 2),  # in the third answer
        (("truncated", CUT), "truncated", 2),  # closed nevertheless: the last one may be cut
        (("truncated", '{"pairs": ['), "truncated", 0),
        (("empty", ""), "empty", 0),
        (("server-error", ""), "server-error", 0),
        (("timeout", ""), "timeout", 0),
        (("refused-by-server", ""), "refused-by-server", 0),
        (("unreadable-body", "<html>"), "unreadable-body", 0),
        ("<html><body>502</body></html>", "no-json", 0),
        ("   \n\n  ", "empty", 0),
        ("I'm sorry, but I cannot assist with that request.", "refusal", 0),
        ('{"pairs": []}', "empty", 0),
        ('{"pairs": "none"}', "wrong-form", 0),
        ("[1, 2]", "wrong-form", 0),
        ('{"answers": []}', "wrong-form", 0),
        (json.dumps(GOOD | {"note": "x"}), "wrong-form", 3),
        (f"Here they are: {CUT}", "no-json", 3),
        (CUT[:-2], "no-json", 3),
        ("[" * 5000, "no-json", 0),
        ("null", "wrong-form", 0),
    ],
)  # fmt: skip
def test_of_a_broken_reply_the_whole_pairs_are_kept_and_the_reply_is_told(reply, reason, n_kept):
    made = written(Says([reply]), attempts=1)
    assert made.kept.num_rows == n_kept
    assert reason in reasons(made)
    (whole,) = [json.loads(row["row"]) for row in made.rejected.to_pylist() if row["row_id"].endswith(":reply")] or [0]
    if whole:
        assert whole["reply"] == (reply[1] if isinstance(reply, tuple) else reply)[:3000]
    assert made.n_in == made.kept.num_rows + made.rejected.num_rows


@pytest.mark.parametrize("reply", [f"```json\n{CUT}\n```", json.dumps(GOOD["pairs"]), f"\n {CUT} \n"])
def test_a_list_alone_or_in_a_code_fence_is_a_reply_too(reply):
    made = written(Says([reply]))
    assert (made.kept.num_rows, made.rejected.num_rows) == (3, 0)


def test_a_reply_that_gave_too_little_is_asked_for_again_with_another_seed():
    says = Says([pairs(FALSE), GOOD])
    made = written(says)
    assert [len(asked) for asked in says.asked] == [1, 1]
    assert [asked[0].sampling.seed for asked in says.asked] == [0, 1]
    assert made.kept["attempt"].to_pylist() == [2, 2, 2] and reasons(made) == {"contradicted": 1}


def test_enough_is_not_asked_for_again_and_no_attempt_is_made_beyond_the_last():
    says = Says([pairs(TRUE, COMPACT)])
    written(says, attempts=5)
    assert len(says.asked) == 1
    says = Says([pairs(FALSE)])
    assert reasons(written(says, attempts=4)) == {"contradicted": 4}
    assert len(says.asked) == 4


def test_a_cut_reply_gets_more_room_and_a_broken_server_no_second_try():
    says = Says([("truncated", ""), GOOD])
    made = written(says)
    first, second = (asked[0].sampling.max_tokens for asked in says.asked)
    assert second == 2 * first and made.kept.num_rows == 3
    says = Says([("server-error", "")])
    written(says)
    assert len(says.asked) == 1


def test_without_temperature_another_seed_is_not_tried_for_nothing():
    says = Says([pairs(FALSE)])
    written(says, temperature=0)
    assert len(says.asked) == 1


def test_room_grows_with_the_objects_whose_boxes_may_be_told():
    crowded, empty = (written(says, one) and says.asked[0][0].sampling.max_tokens
                      for says, one in ((Says([GOOD]), sky(1, "caesar_mrcnn")), (Says([GOOD]), sky(1))))  # fmt: skip
    assert crowded == empty + 2 * 40


# -- rewording --------------------------------------------------------------------------------------------------


def reworded(text):
    one = sky(1)
    says = Says([GOOD], rewording=json.dumps({"text": text}))
    return one, generated(says, *one.tables, one.writing())


def test_other_words_stand_for_the_description_only_where_they_say_the_same():
    template = sky(1).tables[1]["text"][0].as_py()
    sentences = template.split(". ")
    swapped = ". ".join([sentences[0], *reversed([one.rstrip(".") for one in sentences[1:]])]) + "."
    one, made = reworded(swapped)
    (row,) = [row for row in made.kept.to_pylist() if row["kind"] == "rewording"]
    assert (row["answer"], row["verdict"], row["turn"]) == (swapped, "supported", 3)
    cutouts, told, sources, objects = one.tables
    scheme = label_scheme(one.scheme)
    spoken = with_generated(cutouts, told, made.kept, sources, objects, scheme, ASKED, "xyxy_norm").kept
    turn = spoken["turns"][0].as_py()[0]
    assert (turn["answer"], turn["writer"], turn["request_sha"]) == (swapped, "rule-server", row["request_sha"])
    assert turn["claims"] and all(claim["evidence"] for claim in turn["claims"])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda text: text.split(". ")[0] + ".", "claims-differ"),
        (lambda text: text + " Diffuse emission of a small, roundish kind is visible.", "contradicted"),
        (lambda text: text + " The brightest pixel has 7 mJy.", "unverifiable-number"),
        (lambda text: text + " This is what the caption says.", "names-caption"),
    ],
)
def test_a_rewording_that_says_less_or_more_is_refused(changed, reason):
    _, made = reworded(changed(sky(1).tables[1]["text"][0].as_py()))
    assert reasons(made) == {reason: 2}  # and again with another seed
    assert set(made.kept["kind"].to_pylist()) == {"pair"}


# -- the stage through HTTP -------------------------------------------------------------------------------------


def asker(server, place, **said):
    return Asker((server.address,) if server else (), str(place), patience_s=3, backoff_s=0.01, **said)


@pytest.mark.parametrize("scheme", ["radioimg_multilabel", "caesar_mrcnn", "mirabest"])
def test_a_served_model_writes_and_the_store_replays_it_without_a_server(scheme, tmp_path):
    one = sky(8, scheme, ("FR-II",) if scheme == "mirabest" else ("COMPACT",))
    with RuleServer(error_share=0.2) as server:
        made = generated(asker(server, tmp_path), *one.tables, one.writing())
        n_calls = server.n_calls
        again = generated(asker(server, tmp_path), *one.tables, one.writing())
        assert server.n_calls == n_calls
    assert made.kept.num_rows > 8 and made.n_in == made.kept.num_rows + made.rejected.num_rows
    assert "contradicted" in reasons(made)
    assert not [row for row in made.kept.to_pylist() if row["verdict"] == "contradicted"]
    replayed = generated(asker(None, tmp_path), *one.tables, one.writing())
    for other in (again, replayed):
        assert other.kept.equals(made.kept) and other.rejected.equals(made.rejected)


def test_without_a_server_and_without_replies_the_run_ends_with_one_line(tmp_path):
    one = sky(2)
    with pytest.raises(ModelError, match=r"4 of 4 replies.*--server") as caught:
        generated(asker(None, tmp_path), *one.tables, one.writing())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("cut", "truncated"), ("cut-valid", "truncated"), ("empty", "empty"), ("null", "empty"), ("no-json", "no-json"),
     ("huge", "too-long-body"), ("refusal", "refusal"),
     ("wrong-language", "wrong-language"), ("whitespace", "truncated"), ("wrong-types", "wrong-form"),
     ("extra-keys", "wrong-form")],
)  # fmt: skip
def test_a_server_that_fails_costs_turns_and_never_a_picture(mode, reason, tmp_path):
    one = sky(2)
    with RuleServer(mode=mode) as server:
        made = generated(asker(server, tmp_path), *one.tables, one.writing(attempts=1))
    assert reason in reasons(made), reasons(made)
    cutouts, told, sources, objects = one.tables
    scheme = label_scheme(one.scheme)
    spoken = with_generated(cutouts, told, made.kept, sources, objects, scheme, ASKED, "xyxy_norm")
    assert spoken.kept.num_rows == 2 and spoken.rejected.num_rows == 0


def test_requests_of_a_picture_stand_near_each_other_and_share_all_but_the_task():
    one = sky(40)
    says = Says([GOOD])
    generated(says, *one.tables, one.writing())
    (asked, *_) = says.asked
    assert [one.png for one in asked[:32]] == [one.png for one in asked[32:64]]
    assert len({one.system for one in asked}) == 1
    first, second = asked[0].text, asked[32].text
    shared = len(next(iter(first.split("CAPTION>>>"))))
    description = one.tables[1]["text"][0].as_py().split(". ")[0]
    assert description in first[:shared] and description in second


# -- conversations ----------------------------------------------------------------------------------------------


def test_fixed_questions_do_not_depend_on_generation(tmp_path):
    one = sky(4, "caesar_mrcnn")
    cutouts, told, sources, objects = one.tables
    scheme = label_scheme(one.scheme)
    alone = conversations(cutouts, told, sources, objects, scheme, ASKED, "xyxy_norm").kept.to_pylist()
    with RuleServer() as server:
        made = generated(asker(server, tmp_path), *one.tables, one.writing())
    both = with_generated(cutouts, told, made.kept, sources, objects, scheme, ASKED, "xyxy_norm").kept
    CONVERSATIONS.check(both)
    for before, after in zip(alone, both.to_pylist(), strict=True):
        fixed = [turn for turn in after["turns"] if turn["kind"] not in ("generated", "description")]
        assert fixed == [turn for turn in before["turns"] if turn["kind"] != "description"]
        assert (before["generator"], after["generator"]) == ("template", "rule-server")
        assert all(turn["writer"] == "template" and turn["request_sha"] is None for turn in before["turns"])
        added = [turn for turn in after["turns"] if turn["kind"] == "generated"]
        assert added and all(turn["writer"] == "rule-server" and turn["request_sha"] for turn in added)
    verdicts = quality(both, cutouts, sources, objects, scheme, "xyxy_norm", survey_facts(SURVEY)).kept.to_pylist()
    assert "contradicted" not in {row["verdict"] for row in verdicts}
    assert not [row for row in verdicts if "claims-differ" in row["flags"]]


def test_a_picture_that_no_model_wrote_about_has_its_fixed_conversation():
    one = sky(1)
    cutouts, told, sources, objects = one.tables
    scheme = label_scheme(one.scheme)
    made = with_generated(cutouts, told, GENERATED.of([]), sources, objects, scheme, ASKED, "xyxy_norm")
    assert made.kept.equals(conversations(cutouts, told, sources, objects, scheme, ASKED, "xyxy_norm").kept)


# -- the step ---------------------------------------------------------------------------------------------------


def test_where_the_model_is_served_is_no_part_of_the_address_and_what_it_is_told_is():
    scheme = label_scheme("mirabest")
    cutouts, sources, objects = (Step(f"{name}/demo", print, table) for name, table in
                                 (("cutouts", CUTOUTS), ("sources", SOURCES), ("objects", OBJECTS)))  # fmt: skip
    told = Step("descriptions/demo", print, DESCRIPTIONS)

    def step(servers=(), dataset="demo", **said):
        writing = writing_about(dataset, scheme, SURVEY, "xyxy_norm", Generation(**said))
        return generated_step(Asker(tuple(servers), "store"), "demo", cutouts, told, sources, objects, writing)

    plain = step()
    assert plain.address == step(["http://127.0.0.1:1/v1"]).address == step(turns={"other": 9}).address
    others = [step(temperature=0), step(seed=1), step(model="InternVL3-8B"), step(revision="b"), step(rewording=False),
              step(attempts=1), step(turns={"demo": 9}), step(verdicts={"unverifiable": "reject"})]  # fmt: skip
    assert len({plain.address, *(one.address for one in others)}) == 9
    asked = tuple(one for one in ASKED)
    bare, spoken = (conversations_step("demo", cutouts, told, sources, objects, scheme, asked, "xyxy_norm", one)
                    for one in (None, plain))  # fmt: skip
    assert bare.address != spoken.address and bare.make is conversations
    assert [one.step.name for one in spoken.inputs] == [
        "cutouts/demo", "descriptions/demo", "generated/demo", "sources/demo", "objects/demo",
    ]  # fmt: skip


def test_the_papers_model_and_temperature_are_the_default():
    said = Generation()
    assert (said.model, said.temperature) == ("OpenGVLab/InternVL2_5-8B-MPO", 0.5)
    assert said.served == Served("OpenGVLab/InternVL2_5-8B-MPO", "main")

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
from curation.generation.prompt import unbounded
from curation.generation.writing import Generation, writing_about
from curation.verification.policy import Verdicts
from curation.words.conversations import conversations, conversations_step
from curation.words.descriptions import descriptions, survey_facts
from curation.words.quality import quality
from curation.words.question import questions
from curation.words.turns import asking
from schemas.errors import ModelError
from schemas.fingerprint import content_id
from schemas.labels import label_scheme
from schemas.tables import CONVERSATIONS, CUTOUTS, DESCRIPTIONS, GENERATED, OBJECTS, QUOTAS, SOURCES, SPLITS
from tests.making_conversations import all_asked, spoken_of, turns_of

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

    @property
    def written_of(self):
        """What the stage reads: it needs no description."""
        return self.cutouts, self.sources, self.objects

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
            "png_side_px": 56, "stretch": "zscale", "small": b"", "channels": [], "source_px": 0, "sha256": f"{k:064x}",
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
    """A model whose replies a test gives: the same to all, by attempt."""

    turns: list[object]
    """A reply for each attempt: a body, or a Reply's problem with its text."""
    asked: list = field(default_factory=list)

    def ask(self, requests):
        self.asked.append(list(requests))
        return [self.reply(one, len(self.asked)) for one in requests]

    def reply(self, request, attempt):
        said = self.turns[min(attempt, len(self.turns)) - 1]
        if isinstance(said, tuple):
            return Reply(request.key, said[1], problem=said[0])
        return Reply(request.key, said if isinstance(said, str) else json.dumps(said))


def state(label, state="present"):
    return {"kind": "presence", "label": label, "state": state}


def turn(question, *sentences):
    """A question with sentences, each a text and its claims."""
    return {"question": question, "answer": [{"text": text, "claims": claims} for text, claims in sentences]}


def turns(*said):
    return {"turns": list(said)}


ORDINARY = {"kind": "peculiarity", "content": "ORDINARY", "state": "present"}
TRUE = turn("Is the image ordinary or peculiar?", ("The content of the image is ordinary.", [ORDINARY]))
COMPACT = turn("Which sources are seen?", ("The image shows compact sources.", [state("COMPACT")]))
FALSE = turn("Is there diffuse emission?", ("One or more extended radio sources are visible.", [state("EXTENDED")]))
GALAXY = turn(
    "Is a radio galaxy seen?", ("No, there is no radio galaxy in the image.", [state("RADIO-GALAXY", "absent")])
)
GOOD = turns(TRUE, COMPACT, GALAXY)


def written(says, one=None, **said):
    one = one or sky(1)
    made = generated(says, *one.written_of, one.writing(**said))
    GENERATED.check(made.kept)
    return made


def reasons(made):
    return Counter(made.rejected["reason"].to_pylist())


# -- a turn -----------------------------------------------------------------------------------------------------


def test_true_turns_are_kept_with_their_sentences_claims_evidence_and_origin():
    made = written(Says([GOOD]))
    rows = made.kept.to_pylist()
    assert [row["question"] for row in rows] == [one["question"] for one in GOOD["turns"]]
    assert made.rejected.num_rows == 0 and made.n_in == 3
    for at, row in enumerate(rows):
        assert (row["turn"], row["verdict"], row["attempt"]) == (at, "supported", 1)
        assert (row["model"], row["revision"], row["prompt"]) == ("rule-server", "main", "claims")
        assert row["claims"] and all(claim["evidence"] for claim in row["claims"])
        (sentence,) = row["sentences"]
        assert sentence["written"] == GOOD["turns"][at]["answer"][0]["text"]
        assert sentence["claims"] and all(claim["evidence"] for claim in sentence["claims"])
        assert row["n_as_written"] + row["n_reworded"] + row["n_cut"] == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (FALSE, "all-cut"),
        (turn("How bright is it?", ("Its flux density is 5.3 mJy.", [{"kind": "structure", "what": "peaks", "n": 7}])),
         "all-cut"),
        (turn("What is in it?", ("It shows compact sources.", [])), "all-cut"),
        (turn("What is in it?", ("", [state("COMPACT")])), "empty-turn"),
        (turn("What is in it?", (" \n", [state("COMPACT")])), "empty-turn"),
        (turn("What is in it?"), "empty-turn"),
        (turn("Describe what is seen. It is compact", ("Compact sources.", [state("COMPACT")])), "no-question"),
        (turn("Given that it is an FR-II, what is seen?", ("Compact sources.", [state("COMPACT")])), "no-question"),
        (turn("Que montre cette image et quelle est la source ?", ("Compact sources are seen.", [state("COMPACT")])),
         "wrong-language"),
        (turn("What does the caption say?", ("Compact sources are seen.", [state("COMPACT")])), "names-caption"),
        (turn(" which sources ARE seen? ", ("Compact sources are visible.", [state("COMPACT")])), "duplicate-turn"),
        (turn("What is in it?", ("<|im_start|>system", [state("COMPACT")])), "wrong-form"),
        (turn("What is in it?", ("<image> shows compact sources.", [state("COMPACT")])), "wrong-form"),
        ({"question": "What is in it?", "answer": 7}, "wrong-form"),
        ({"question": "What is in it?", "answer": "Compact sources."}, "wrong-form"),
        ({"question": "What is in it?", "answer": [], "remark": "none"}, "wrong-form"),
        (7, "wrong-form"),
    ],
)  # fmt: skip
def test_one_bad_turn_is_refused_by_name_and_the_others_stay(bad, reason):
    made = written(Says([turns(*GOOD["turns"], bad)]))
    assert made.kept.num_rows == 3
    assert reasons(made) == {reason: 1}
    row = json.loads(made.rejected["row"][0].as_py())
    assert row["request_sha"] and row["cutout_id"]


@pytest.mark.parametrize(
    ("text", "claims", "reason", "says"),
    [
        ("One or more extended radio sources are visible.", [state("EXTENDED")], "contradicted", "EXTENDED"),
        ("It has seven peaks.", [{"kind": "structure", "what": "peaks", "n": 7}], "unverifiable-number", "peaks"),
        ("It is calm.", [], "no-claim", "states nothing"),
        ("It is bright.", [{"kind": "brightness", "n": 12}], "wrong-form", "brightness"),
        ("It is seen.", [state("PULSAR")], "wrong-form", "PULSAR"),
        ("It is seen.", [state("COMPACT", "perhaps")], "wrong-form", "perhaps"),
        ("There is one.", [{"kind": "count", "what": "source", "bound": "exactly", "n": True}], "wrong-form", "n:"),
        ("It is seen.", [state("COMPACT") | {"sure": 1}], "wrong-form", "sure"),
        ("It is seen.", "COMPACT", "wrong-form", "list"),
    ],
)  # fmt: skip
def test_a_sentence_that_may_not_stand_is_cut_with_its_reason_and_the_rest_of_the_answer_stays(
    text, claims, reason, says
):
    (first,) = COMPACT["answer"]
    body = turns({"question": COMPACT["question"], "answer": [first, {"text": text, "claims": claims}]})
    (row,) = written(Says([body])).kept.to_pylist()
    kept, cut = row["sentences"]
    assert (kept["fate"], cut["fate"], cut["reason"], cut["text"]) == ("as-written", "cut", reason, "")
    assert says in cut["detail"] and cut["written"] == text
    assert (row["answer"], row["n_cut"]) == (first["text"], 1)


def test_an_answer_whose_first_sentence_was_cut_no_longer_answers_and_is_refused():
    rest = {"text": "The content of the image is ordinary.", "claims": [ORDINARY]}
    body = turns({"question": FALSE["question"], "answer": [*FALSE["answer"], rest]})
    made = written(Says([body]), attempts=1)
    assert made.kept.num_rows == 0 and reasons(made) == {"not-answered": 1}
    (first, second) = json.loads(made.rejected["row"][0].as_py())["sentences"]
    assert (first["fate"], first["reason"], second["fate"]) == ("cut", "contradicted", "as-written")


def test_words_that_say_more_than_their_claims_are_said_in_our_own_words():
    text = "Compact sources are seen, and a pulsar of 12 mJy."
    (row,) = written(Says([turns(turn("What is in it?", (text, [state("COMPACT")])))])).kept.to_pylist()
    (sentence,) = row["sentences"]
    assert (sentence["fate"], sentence["written"]) == ("reworded", text)
    assert sentence["reason"] in ("read-otherwise", "not-read") and sentence["text"] == row["answer"]
    assert "pulsar" not in row["answer"] and "12" not in row["answer"] and "ompact" in row["answer"]
    assert row["verdict"] == "supported"


def test_a_claim_that_nobody_can_verify_is_kept_only_where_the_corpus_says_so():
    one = sky(1, present=())
    unknown = turn("Is it extended?", ("It has an extended source.", [state("EXTENDED")]))
    labels = [row | {"labels": [one for one in row["labels"] if one["label"] != "EXTENDED"]}
              for row in one.sources.to_pylist()]  # fmt: skip
    one = Sky(one.scheme, one.cutouts, SOURCES.of(labels), one.objects)
    assert reasons(written(Says([turns(unknown)]), one, attempts=1)) == {"all-cut": 1}
    (row,) = written(Says([turns(unknown)]), one, verdicts=Verdicts(unverifiable="keep")).kept.to_pylist()
    assert row["verdict"] == "unverifiable"


# -- a reply ----------------------------------------------------------------------------------------------------


CUT = json.dumps(GOOD)


@pytest.mark.parametrize(
    ("reply", "reason", "n_kept"),
    [
        (("truncated", CUT[:-40]), "truncated", 2),  # in the third answer
        (("truncated", CUT), "truncated", 2),  # closed nevertheless: the last one may be cut
        (("truncated", '{"turns": ['), "truncated", 0),
        (("empty", ""), "empty", 0),
        (("server-error", ""), "server-error", 0),
        (("timeout", ""), "timeout", 0),
        (("refused-by-server", ""), "refused-by-server", 0),
        (("unreadable-body", "<html>"), "unreadable-body", 0),
        ("<html><body>502</body></html>", "no-json", 0),
        ("   \n\n  ", "empty", 0),
        ("I'm sorry, but I cannot assist with that request.", "refusal", 0),
        ('{"turns": []}', "empty", 0),
        ('{"turns": "none"}', "wrong-form", 0),
        ("[1, 2]", "wrong-form", 0),
        ('{"answers": []}', "wrong-form", 0),
        (json.dumps(GOOD | {"note": "x"}), "wrong-form", 3),
        (f"Here they are: {CUT}", "no-json", 3),
        (CUT[:-2], "no-json", 3),
        ("[" * 5000, "no-json", 0),
        ("null", "wrong-form", 0),
    ],
)  # fmt: skip
def test_of_a_broken_reply_the_whole_turns_are_kept_and_the_reply_is_told(reply, reason, n_kept):
    made = written(Says([reply]), attempts=1)
    assert made.kept.num_rows == n_kept
    assert reason in reasons(made)
    (whole,) = [json.loads(row["row"]) for row in made.rejected.to_pylist() if row["row_id"].endswith(":reply")] or [0]
    if whole:
        assert whole["reply"] == (reply[1] if isinstance(reply, tuple) else reply)[:3000]
    assert made.n_in == made.kept.num_rows + made.rejected.num_rows


@pytest.mark.parametrize("reply", [f"```json\n{CUT}\n```", json.dumps(GOOD["turns"]), f"\n {CUT} \n"])
def test_a_list_alone_or_in_a_code_fence_is_a_reply_too(reply):
    made = written(Says([reply]))
    assert (made.kept.num_rows, made.rejected.num_rows) == (3, 0)


def test_a_reply_that_gave_too_little_is_asked_for_again_with_another_seed():
    says = Says([turns(FALSE), GOOD])
    made = written(says)
    assert [len(asked) for asked in says.asked] == [1, 1]
    assert [asked[0].sampling.seed for asked in says.asked] == [0, 1]
    assert made.kept["attempt"].to_pylist() == [2, 2, 2] and reasons(made) == {"all-cut": 1}


def test_enough_is_not_asked_for_again_and_no_attempt_is_made_beyond_the_last():
    says = Says([turns(TRUE, COMPACT)])
    written(says, attempts=5)
    assert len(says.asked) == 1
    says = Says([turns(FALSE)])
    assert reasons(written(says, attempts=4)) == {"all-cut": 4}
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
    says = Says([turns(FALSE)])
    written(says, temperature=0)
    assert len(says.asked) == 1


def test_room_grows_with_the_objects_whose_boxes_may_be_told():
    crowded, empty = (written(says, one) and says.asked[0][0].sampling.max_tokens
                      for says, one in ((Says([GOOD]), sky(1, "caesar_mrcnn")), (Says([GOOD]), sky(1))))  # fmt: skip
    assert crowded == empty + 2 * 40


def test_the_form_is_one_for_all_pictures_with_as_many_objects_and_names_only_their_ids():
    says = Says([GOOD])
    written(says, sky(5, "caesar_mrcnn"))
    asked, *_ = says.asked
    assert len({one.form for one in asked}) == len({one.system for one in asked}) == 1
    form = json.loads(asked[0].form)
    assert form["$defs"]["objects"]["items"]["enum"] == ["o1", "o2"]
    assert not unbounded(form, "form")


# -- the stage through HTTP -------------------------------------------------------------------------------------


def asker(server, place, **said):
    return Asker((server.address,) if server else (), str(place), patience_s=3, backoff_s=0.01, **said)


@pytest.mark.parametrize("scheme", ["radioimg_multilabel", "caesar_mrcnn", "mirabest"])
def test_a_served_model_writes_and_the_store_replays_it_without_a_server(scheme, tmp_path):
    one = sky(8, scheme, ("FR-II",) if scheme == "mirabest" else ("COMPACT",))
    with RuleServer(error_share=0.3) as server:
        made = generated(asker(server, tmp_path), *one.written_of, one.writing())
        n_calls = server.n_calls
        again = generated(asker(server, tmp_path), *one.written_of, one.writing())
        assert server.n_calls == n_calls
    assert made.kept.num_rows > 8 and made.n_in == made.kept.num_rows + made.rejected.num_rows
    fates = Counter(one["fate"] for row in made.kept.to_pylist() for one in row["sentences"])
    assert fates["as-written"] > fates["reworded"] > 0 and {"all-cut", "not-answered"} & set(reasons(made))
    assert not [row for row in made.kept.to_pylist() if row["verdict"] != "supported"]
    replayed = generated(asker(None, tmp_path), *one.written_of, one.writing())
    for other in (again, replayed):
        assert other.kept.equals(made.kept) and other.rejected.equals(made.rejected)


def test_without_a_server_and_without_replies_the_run_ends_with_one_line(tmp_path):
    one = sky(2)
    with pytest.raises(ModelError, match=r"2 of 2 replies.*--server") as caught:
        generated(asker(None, tmp_path), *one.written_of, one.writing())
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
        made = generated(asker(server, tmp_path), *one.written_of, one.writing(attempts=1))
    assert reason in reasons(made), reasons(made)
    scheme = label_scheme(one.scheme)
    spoken = spoken_of(one.tables, scheme, ASKED, made.kept)
    assert len(set(spoken.kept["cutout_id"].to_pylist())) == 2 and spoken.rejected.num_rows == 0


# -- conversations ----------------------------------------------------------------------------------------------


def test_fixed_questions_do_not_depend_on_generation(tmp_path):
    one = sky(4, "caesar_mrcnn")
    cutouts, told, sources, objects = one.tables
    scheme = label_scheme(one.scheme)
    alone = spoken_of(one.tables, scheme, ASKED).kept
    with RuleServer() as server:
        made = generated(asker(server, tmp_path), *one.written_of, one.writing())
    both = spoken_of(one.tables, scheme, ASKED, made.kept).kept
    CONVERSATIONS.check(both)
    assert set(alone["generator"].to_pylist()) == {"template"} and "rule-server" in both["generator"].to_pylist()
    assert all(turn["writer"] == "template" and turn["request_sha"] is None for turn in turns_of(alone))
    fixed = [turn for turn in turns_of(both) if turn["kind"] not in ("generated", "description")]
    before = [turn for turn in turns_of(alone) if turn["kind"] != "description"]
    after = [(str(turn["claims"]), turn["question"]) for turn in fixed]
    assert sorted(after) == sorted((str(turn["claims"]), turn["question"]) for turn in before)
    added = [turn for turn in turns_of(both) if turn["kind"] == "generated"]
    assert added and all(turn["writer"] == "rule-server" and turn["request_sha"] for turn in added)
    verdicts = quality(both, cutouts, sources, objects, scheme, "xyxy_norm", survey_facts(SURVEY)).kept.to_pylist()
    assert "contradicted" not in {row["verdict"] for row in verdicts}
    assert not [row for row in verdicts if "claims-differ" in row["flags"]]


def test_a_picture_that_no_model_wrote_about_has_its_fixed_conversation():
    one = sky(1)
    cutouts, told, sources, objects = one.tables
    scheme = label_scheme(one.scheme)
    alone = conversations(cutouts, told, sources, objects, *all_asked(cutouts, sources, objects, scheme, ASKED))
    assert spoken_of(one.tables, scheme, ASKED, GENERATED.of([])).kept.equals(alone.kept)


# -- the step ---------------------------------------------------------------------------------------------------


def test_where_the_model_is_served_is_no_part_of_the_address_and_what_it_is_told_is():
    scheme = label_scheme("mirabest")
    cutouts, sources, objects = (Step(f"{name}/demo", print, table) for name, table in
                                 (("cutouts", CUTOUTS), ("sources", SOURCES), ("objects", OBJECTS)))  # fmt: skip
    told = Step("descriptions/demo", print, DESCRIPTIONS)

    def step(servers=(), dataset="demo", **said):
        writing = writing_about(dataset, scheme, SURVEY, "xyxy_norm", Generation(**said))
        return generated_step(Asker(tuple(servers), "store"), "demo", cutouts, sources, objects, writing)

    plain = step()
    assert plain.address == step(["http://127.0.0.1:1/v1"]).address == step(turns={"other": 9}).address
    others = [step(temperature=0), step(seed=1), step(model="InternVL3-8B"), step(revision="b"),
              step(attempts=1), step(turns={"demo": 9}), step(verdicts={"unverifiable": "keep"})]  # fmt: skip
    assert len({plain.address, *(one.address for one in others)}) == 8
    asked = tuple(one for one in ASKED)
    quotas, splits, how = Step("quotas/demo", print, QUOTAS), Step("splits/x", print, SPLITS), asking(
        scheme, asked, "xyxy_norm")  # fmt: skip
    bare, spoken = (conversations_step("demo", cutouts, told, sources, objects, quotas, splits, how, one)
                    for one in (None, plain))  # fmt: skip
    assert bare.address != spoken.address and bare.make is conversations
    assert [one.step.name for one in spoken.inputs] == [
        "cutouts/demo", "descriptions/demo", "generated/demo", "sources/demo", "objects/demo", "quotas/demo",
        "splits/x",
    ]  # fmt: skip


def test_the_papers_model_and_temperature_are_the_default():
    said = Generation()
    assert (said.model, said.temperature) == ("OpenGVLab/InternVL2_5-8B-MPO", 0.5)
    assert said.served == Served("OpenGVLab/InternVL2_5-8B-MPO", "main")

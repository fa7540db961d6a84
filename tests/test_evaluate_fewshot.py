"""Examples before the question: from the training split alone, apart from what is asked, all pictures really shown."""

import base64
import hashlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from aiohttp import web
from PIL import Image

from curation.asking.exchange import body
from curation.asking.request import Example, Request, Sampling, Served
from curation.asking.rule_answers import look
from curation.asking.rule_server import RuleServer, _parts
from curation.asking.vlm import Asker
from evaluate.asking.asking import asking_of
from evaluate.asking.backends import LOOK, ServedBackend, several_requests
from evaluate.asking.cost import Prices
from evaluate.asking.fewshot import N_OF_A_TRUTH, _examples, conversation, examples_step, pool_of, thumbnails
from evaluate.asking.local import local_backend
from evaluate.asking.parity import check_parity
from evaluate.asking.predictions import predictions_after_examples
from evaluate.tasks.benchmark import CUTOUT_COLUMNS, pictures
from evaluate.tasks.prompt import prompt_for
from schemas.errors import ModelError
from schemas.fingerprint import fingerprint
from schemas.tables import CUTOUTS
from tests.test_evaluate_predictions import B6, SERVED, STEPS, Says, manner, reply, tables

GREEDY = Sampling(temperature=0.0, max_tokens=6)
N, N_TESTED = 36, 10


def png(grey):
    sink = io.BytesIO()
    Image.new("L", (32, 32), grey).save(sink, "PNG")
    return sink.getvalue()


EXAMPLE = Example("Which?", png(10), "FR-I")
ALONE = Request(Served("m"), "s", "Which?", png(99), None, GREEDY)
SHOWN = replace(ALONE, examples=(EXAMPLE, Example("Which?", png(20), "FR-II")))


# -- the request -------------------------------------------------------------------------------------------------------


def test_a_request_with_one_picture_keeps_its_key_and_so_its_stored_reply():
    assert ALONE.key == fingerprint(
        {"served": ALONE.served, "system": "s", "text": "Which?", "png": hashlib.sha256(png(99)).hexdigest(),
         "form": None, "sampling": GREEDY}
    )  # fmt: skip


def test_the_key_moves_with_every_part_of_an_example_and_with_their_order():
    others = [
        replace(EXAMPLE, text="What?"),
        replace(EXAMPLE, png=png(11)),
        replace(EXAMPLE, answer="FR-II"),
    ]
    keys = {ALONE.key, SHOWN.key, replace(ALONE, examples=SHOWN.examples[::-1]).key}
    keys |= {replace(ALONE, examples=(one, SHOWN.examples[1])).key for one in others}
    assert len(keys) == 6
    assert (ALONE.n_pictures, SHOWN.n_pictures) == (1, 3)


def test_every_picture_is_sent_in_a_turn_of_its_own_before_the_question():
    turns = body(SHOWN)["messages"]
    assert [one["role"] for one in turns] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [one["content"] for one in turns if one["role"] == "assistant"] == ["FR-I", "FR-II"]
    seen = [_parts(one["content"])[1] for one in turns if one["role"] == "user"]
    assert seen == [[png(10)], [png(20)], [png(99)]]
    assert base64.b64encode(png(99)).decode() in json.dumps(turns[-1])


def test_a_paid_server_is_counted_for_every_picture():
    prices = Prices(1.0, 1.0, "2026-01-31", picture_tokens=1_000_000)
    assert prices.most(SHOWN) - prices.most(ALONE) == pytest.approx(2.0, abs=0.01)


def test_the_rule_server_answers_about_the_last_picture(tmp_path):
    with RuleServer(error_share=0.0) as server:
        (said,) = Asker((server.address,), str(tmp_path)).ask([several_requests(SERVED)[2]])
    assert said.text == look(several_requests(SERVED)[2].png)


# -- what is shown -----------------------------------------------------------------------------------------------------


def pooled(given, select="balanced", part=slice(None)):
    """The pool of a part of the tables, read as the step reads them: without what was measured."""
    return _examples(given[0].drop(["pixels"])[part], *given[1:], B6, select)


def rows_with_examples(select, shots=2, seed=0, backend=None, n=N):
    """PREDICTIONS with examples, the tables they are made of, and who was asked."""
    given = tables(n, untested=set(range(N_TESTED, n)))
    pool = pooled(given, select).kept
    asking = asking_of(B6, manner(shots=shots, shot_seed=seed, shot_select=select), STEPS)
    asked = backend or Says(lambda _, one: reply(one, "FR-I"))
    found = predictions_after_examples(asked, 0.0, *given, pool.select(CUTOUT_COLUMNS), asking)
    return found.kept.to_pylist(), given, asked


@pytest.mark.parametrize("select", ["random", "balanced", "nearest", "nearest-balanced"])
def test_examples_are_of_the_training_split_and_share_nothing_with_the_picture(select):
    rows, (cutouts, sources, splits), asked = rows_with_examples(select)
    cut = {one["cutout_id"]: one for one in cutouts.to_pylist()}
    split = {one["cutout_id"]: one["split"] for one in splits.to_pylist()}
    assert len(rows) == N_TESTED and sources.num_rows == N
    for row, request in zip(rows, asked.asked, strict=True):
        own = cut[row["image_id"]]
        assert len(row["examples"]) == 2 and row["shots"] == 2 and row["shot_select"] == select
        for one, shown in zip(row["examples"], request.examples, strict=True):
            assert split[one] == "train"
            assert all(cut[one][name] != own[name] for name in ("source_id", "mosaic", "sha256"))
            assert shown.png == cut[one]["png"] and shown.answer in B6.classes
        assert request.png == own["png"]


def test_other_seeds_show_other_examples_and_the_same_seed_the_same():
    first, again, other = (rows_with_examples("balanced", seed=seed)[0] for seed in (0, 0, 1))
    assert [row["examples"] for row in first] == [row["examples"] for row in again]
    assert [row["examples"] for row in first] != [row["examples"] for row in other]
    assert len({row["run_id"] for row in (first[0], other[0])}) == 2


def test_the_nearest_examples_look_like_the_picture():
    rows, (cutouts, *_), _ = rows_with_examples("nearest", shots=1)
    pngs = {one["cutout_id"]: one["png"] for one in cutouts.to_pylist()}
    near = pool_of(B6, cutouts, *tables(N, untested=set(range(N_TESTED, N)))[1:])
    features = near.features
    assert abs(np.linalg.norm(next(iter(features.values()))) - 1) < 1e-9
    for row in rows:
        (shown,) = row["examples"]
        asked = row["image_id"]
        own = thumbnails([replace(near.tasks[0], picture_id=asked, png=pngs[asked])])[asked]
        far = [np.linalg.norm(features[one] - own) for one in features]
        assert np.linalg.norm(features[shown] - own) <= sorted(far)[3]  # nearer ones share a mosaic or a patch of sky


def test_definitions_stand_in_the_first_turn_alone_and_answers_are_the_true_ones():
    _, given, _ = rows_with_examples("balanced")
    tasks = B6.tasks([one for one in pictures(*given) if one["held_out"] == "train"], "train")[:2]
    before, text = conversation(prompt_for(B6, shots=2), tasks)
    assert ["### Context" in one for one in (*(shown.text for shown in before), text)] == [True, False, False]
    assert [one.answer for one in before] == [one.truth[0] for one in tasks]


def test_the_pool_is_the_same_whichever_part_is_looked_at_and_bounded():
    given = tables(N, untested=set(range(N_TESTED, N)))
    whole = set(pooled(given).kept["cutout_id"].to_pylist())
    parts = [pooled(given, part=slice(k, k + 12)) for k in (0, 12, 24)]
    assert whole == {one for part in parts for one in part.kept["cutout_id"].to_pylist()}
    assert len(whole) == N - N_TESTED <= 2 * N_OF_A_TRUTH
    assert all(part.n_in == 12 for part in parts)
    assert CUTOUTS.check(parts[1].kept) and set(parts[1].kept["pixels"].to_pylist()) <= {b""}
    assert examples_step(B6, STEPS, "random").address != examples_step(B6, STEPS, "balanced").address


# -- before any is sent ------------------------------------------------------------------------------------------------


class FirstPictureServer(RuleServer):
    """Shows its model the first picture of a conversation alone, as some do."""

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        from curation.asking.rule_faults import Turn, finished

        sent = json.loads(await request.read())
        first = next(_parts(one["content"])[1] for one in sent["messages"] if one["role"] == "user")
        words = look(first[0] if first else None)
        return finished(Turn(request, sent, first[0] if first else None, words, self.rules.model, 1), words)


def test_a_server_that_looks_at_the_first_picture_alone_is_refused(tmp_path):
    with FirstPictureServer() as server:
        backend = ServedBackend(Asker((server.address,), str(tmp_path)), SERVED)
        backend.check(is_constrained=False)
        with pytest.raises(ModelError, match="another picture than the last"):
            backend.check(is_constrained=False, is_several=True)
    with RuleServer() as server:
        ServedBackend(Asker((server.address,), str(tmp_path)), SERVED).check(is_constrained=False, is_several=True)


class Counts(Says):
    """Says the same as another one but for some, with prompts of so many tokens."""

    def __init__(self, n_wrong=0, n_tokens=10):
        super().__init__(lambda k, one: replace(reply(one, "no" if k < n_wrong else "yes"), n_prompt_tokens=n_tokens))


def test_parity_is_held_before_several_pictures_go_to_a_server():
    asked = [replace(SHOWN, text=str(k)) for k in range(80)]
    assert check_parity(Counts(), Counts(), asked).n == 64
    assert check_parity(Counts(1), Counts(), asked).n_equal == 63
    with pytest.raises(ModelError, match="62 of 64 replies"):
        check_parity(Counts(2), Counts(), asked)
    with pytest.raises(ModelError, match="0 of 64 prompts as long"):
        check_parity(Counts(), Counts(n_tokens=11), asked)


# -- by a model in the process -----------------------------------------------------------------------------------------


@pytest.fixture
def local(tiny_model, tmp_path):
    torch.set_num_threads(1)
    return local_backend(tiny_model, str(tmp_path))


def test_of_several_pictures_all_answers_in_one_forward_are_as_likely_as_each_in_its_own(local):
    from evaluate.asking.local import _model

    asked = replace(SHOWN, served=local.served)
    (together,) = local.log_likelihoods([asked], [B6.classes])
    model = _model(local.folder, local.dtype, local.device)
    assert together == pytest.approx(model.separate(asked, B6.classes), abs=1e-4)
    assert local.log_likelihoods([replace(asked, png=png(200))], [B6.classes]) != [together]
    assert local.log_likelihoods([replace(asked, examples=asked.examples[::-1])], [B6.classes]) != [together]
    local.check(is_constrained=False, is_several=True)


def test_several_pictures_are_encoded_as_one_conversation_and_one_alone_as_before(local):
    from evaluate.asking.local import _model

    model = _model(local.folder, local.dtype, local.device)
    given = model.given(replace(SHOWN, served=local.served))
    assert given["batch_num_images"].tolist() == [3] and len(given["image_sizes"]) == 3
    assert model.given(replace(ALONE, served=local.served))["batch_num_images"].tolist() == [1]
    requests = [replace(one, served=local.served, sampling=GREEDY) for one in (SHOWN, ALONE, replace(SHOWN, text=LOOK))]
    assert len(local.answer(requests)) == 3

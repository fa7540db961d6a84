"""A corpus of captions over the two real papers, from their folders to the hand-over and the tables of the report."""

import html
import json
import re
import shutil
from pathlib import Path

import pytest

from curation.build import build_corpus
from curation.engine.store import Store
from curation.release.certificate import verify
from schemas.llava import read_llava
from tests.making_captions import make, papers_corpus

RECORDS = (
    {
        "id": "1805.05540", "source_file": "papers/alger2018_rgz_atlas",
        "title": "Radio Galaxy Zoo: Machine learning for radio source host galaxy cross-identification",
        "abstract": "We consider the problem of determining the host galaxies of radio sources.",
        "categories": "astro-ph.IM", "authors": "M. J. Alger et al.", "update_date": "2018-05-14",
    },
    {
        "id": "marsh2018_frclass", "source_file": "papers/marsh2018_frclass",
        "title": "Classification of radio galaxies by the components of FIRST",
        "abstract": "Radio galaxies of Fanaroff and Riley's classes.", "categories": "astro-ph.GA",
        "authors": "A. Marsh", "update_date": "2018-01-01",
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def built(raw, model_server, tmp_path_factory):
    """Store, graph and what the build says of the two papers, with records of ours: none lies beside them."""
    if not (raw / "papers").is_dir():
        pytest.skip(f"no papers in {raw}")
    folder = tmp_path_factory.mktemp("real")
    for one in RECORDS:
        shutil.copytree(raw / one["source_file"], folder / one["source_file"])
    (folder / "papers/metadata.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in RECORDS))
    store = Store(str(tmp_path_factory.mktemp("store")))
    made = make(papers_corpus(selection={"redistributable_only": False}), folder, store, (model_server,))
    return store, made, build_corpus(made, store)


def test_every_figure_is_found_or_refused_with_its_reason(built):
    store, made, _ = built
    found = store.read(made.captions.figures.address, ("paper_id", "number", "panel")).to_pylist()
    whole = [one["paper_id"] for one in found if not one["panel"]]
    assert (whole.count("1805.05540"), whole.count("marsh2018_frclass"), len(found)) == (17, 5, 22 + 5)
    refused = store.rejected(made.captions.figures.address).to_pylist()
    assert sorted((one["row_id"], one["reason"]) for one in refused) == [
        ("1805.05540:3", "drawn-by-tex"), ("marsh2018_frclass:5a", "no-caption"),
        ("marsh2018_frclass:5b", "no-caption"),
    ]  # fmt: skip
    for step in ("papers", "figures", "splits", "ratings", "captions"):
        one = store.manifest(getattr(made.captions, step).address)
        assert one.n_in == one.n_kept + one.n_rejected


def test_the_hand_over_is_whole_and_the_report_tells_of_both_papers(built):
    store, made, said = built
    folder = Path(said["handover"])
    assert verify(folder) == []
    n_taken = store.manifest(made.captions.captions.address).n_kept
    splits = [folder / f"llava{one}.json" for one in ("", "-validation", "-test")]
    assert sum(len(list(read_llava(one))) for one in splits if one.exists()) == n_taken > 0
    page = Path(said["report"]).read_text(encoding="utf-8")
    table = page[page.index("<h3>Papers</h3>") :].partition("</table>")[0]
    rows = {
        one[1]: one[0]
        for one in re.findall(r'(<tr><th scope="row" class="mono">(\S+?)</th>.*?</tr>)', table, re.DOTALL)
    }
    assert rows.keys() == {one["id"] for one in RECORDS}
    alger, marsh = (html.unescape(rows[one["id"]]) for one in RECORDS)
    assert ">3 drawn-by-tex<" in alger and "5a no-caption, 5b no-caption" in marsh
    assert alger.count("<li>") == 20 and marsh.count("<li>") == 7
    plain = re.sub(r"</?b>|fig:\S+ ", "", alger)
    assert "17 (figure*, 5 pictures): Examples of resolved sources with high disagreement" in plain

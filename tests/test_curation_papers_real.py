"""Two whole papers as their authors left them: each figure with its own picture and caption, or a reason."""

# ruff: noqa: E501 - a figure stands in one line

import tarfile

import pytest

from curation.papers.figures import figures_of

ALGER = {  # number: how its picture's file and its caption begin
    1: ("cdfs_100_compact.png", "Examples showing key definitions of radio emission regions"),
    2: ("figure_example_of_method.pdf", "An example of finding the host galaxy of a radio source"),
    4: ("CI0077C1_fig.pdf", "A 2′-wide radio image centred on ATLAS3_J033402.87-282405.8C."),
    5: ("CI2363_fig.pdf", "An example of a radio source where the window"),
    6: ("FIRSTJ151227_fig.pdf", "A 8′-wide radio image from FIRST, centred on FIRST J151227.2+454026. The 3′-wide red box"),
    7: ("snr_cutoff_cumulative.pdf", "Cumulative number of radio components (N)"),
    8: ("quadrants.pdf", "CDFS field training and testing quadrants labelled 0 – 3. The central dot is located at α = 03h31m12s, δ = -28°06′00″."),
    9: ("gct-to-xid.pdf", "Balanced accuracy on the candidate classification task"),
    10: ("positives.pdf", "Predicted host galaxies in the candidate classification task for ATLAS3 J032929.61-281938.9."),
    11: ("cdfs-grid-new.pdf", "Performance of our method with logistic regression (`LR')"),
    12: ("cdfs_cross_identification_grid.pdf", "Performance of our approach using different binary classifiers"),
    13: ("elais-grid-new.pdf", "Performance of different classification models trained on CDFS"),
    14: ("elais_cross_identification_grid.pdf", "Performance of different classifiers trained on CDFS and tested on ELAIS-S1."),
    15: ("accuracies-flux-snr.pdf", "(a) Balanced accuracies of classifiers trained and tested on CDFS"),
    16: ("cnn_model_graph.pdf", "Architecture of our CNN. Parenthesised numbers"),
    17: ("example_sorted_0_306.pdf", "Examples of resolved sources with high disagreement between cross-identifiers."),
    18: ("cnn_model_graph.pdf", "Architecture of our CNN. The concatenate layer"),  # of the supplement
}  # fmt: skip
MARSH = {
    1: ("FR1.jpg", "Fanaroff-Riley Radio Galaxy Examples"),
    2: ("node.png", "A single neuron with a sigmoid activation function"),
    3: ("basic_net.png", "A Feed-forward Neural Network."),
    4: ("component_per_source.png", "Components per FR-I and FR-II source vs Radius around the object in arc minutes"),
    5: ("fri_grad.png", "Gradient of Components per Source with moving average over a 15 arc second window"),
}


@pytest.fixture(scope="module")
def papers(raw):
    folder = raw / "papers"
    if not folder.is_dir():
        pytest.skip(f"no papers in {raw}")
    return folder


@pytest.fixture(scope="module")
def alger(papers):
    return figures_of(papers / "alger2018_rgz_atlas")


@pytest.fixture(scope="module")
def marsh(papers):
    return figures_of(papers / "marsh2018_frclass")


@pytest.mark.parametrize(("name", "wanted"), [("alger", ALGER), ("marsh", MARSH)])
def test_every_figure_has_its_own_picture_and_caption(request, name, wanted):
    paper = request.getfixturevalue(name)
    mains = {one.number: one for one in paper.figures if not one.panel}
    assert mains.keys() == wanted.keys()
    for number, (file, start) in wanted.items():
        assert mains[number].files[0].endswith(f"/{file}")
        assert mains[number].caption.startswith(start)
        assert "\\" not in mains[number].caption


def test_what_is_refused_of_them_has_its_reason(alger, marsh):
    assert [(one.number, one.label, one.reason) for one in alger.refused] == [(3, "fig:flowchart", "drawn-by-tex")]
    assert [(one.number, one.panel, one.reason) for one in marsh.refused] == [
        (5, "a", "no-caption"),
        (5, "b", "no-caption"),
    ]


def test_pictures_of_one_caption_and_panels_with_captions_of_their_own(alger):
    figures = alger.figures
    assert {one.number: one.n_pictures for one in figures if one.n_pictures > 1} == {1: 3, 17: 5}
    panels = [(one.panel, one.files[0].rpartition("/")[2], one.caption) for one in figures if one.panel]
    assert panels == [
        ("a", "cdfs_100_compact.png", "Two compact components, each a compact source."),
        ("b", "elais_57_resolved.png", "One resolved component and resolved source."),
        ("c", "cdfs_185_resolved.png", "Three resolved components comprising one resolved source."),
    ]


def test_a_folder_and_its_archive_give_the_same_bytes(papers, marsh, tmp_path):
    path = tmp_path / "paper.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(papers / "marsh2018_frclass", arcname=".")
    assert figures_of(path) == marsh

"""Figures of robustness show the numbers they are given; a card says what it rests on."""

import numpy as np
import pytest

from ser_core.evaluation.example import example
from ser_core.plots.palette import emotion_color
from ser_core.plots.publication_robustness import findings, markdown, page, print_card
from ser_core.plots.robustness import (
    attack_figure,
    flows_figure,
    overview_figure,
    perturbation_figure,
    recalls_figure,
)
from ser_core.robustness.card import Card
from ser_core.robustness.curve import ATTACK, LINE, Curve, Gathering


def curve(name="white", family=LINE, sigma=None, unit="dB"):
    gathering = Gathering(example(120, 6, skill=4))
    for level, skill in ((10.0, 2.0), (0.0, 0.5)):
        gathering.add(level, unit, example(120, 6, skill=skill))
    status = ("",) * 120 if family == ATTACK else None
    return Curve(
        name, f"Title of {name}", family, unit, gathering.ordered(), status=status, sigma=sigma
    )


@pytest.fixture(scope="module")
def card():
    about = {
        "model": "model <one>", "subset": "60 of 403 test clips", "badge": "speakers shared",
        "by_speaker": False, "when": 0.0,
    }  # fmt: skip
    attacks = [curve(f"{a}-representation", ATTACK, sigma=10.0) for a in ("fgsm", "pgd")]
    shortcut = {
        "name": "duration", "title": "Only duration", "describe": "", "chance": 0.2, "leans": True,
        "uar": {"metric": "uar", "value": 0.5, "low": 0.4, "high": 0.6},
        "wa": {"metric": "wa", "value": 0.5, "low": 0.4, "high": 0.6},
    }  # fmt: skip
    return Card(about, (curve(), curve("opus"), *attacks), (shortcut,), (), ("No attack on it.",))


def lines(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def test_a_perturbation_shows_both_figures_with_their_bands():
    one = curve()
    figure = perturbation_figure(one, axis="Signal-to-noise ratio", chance=1 / 6)
    drawn = lines(figure)
    for metric, title in (("uar", "UAR"), ("wa", "WA")):
        assert list(drawn[title].y) == [one.interval(p, metric).value for p in one.points]
    band = next(trace for trace in figure.data if trace.fill == "toself")
    assert max(band.y) == max(one.interval(point).high for point in one.points)
    assert list(figure.layout.xaxis.ticktext) == ["clean", "10", "0"]
    assert figure.layout.xaxis.title.text == "Signal-to-noise ratio (dB)"


def test_attacks_are_reported_in_sigma_too():
    figure = attack_figure({"fgsm": curve("fgsm", ATTACK, sigma=10.0)}, metric="uar", axis="ε")
    assert [note for note, _ in lines(figure)["FGSM"].customdata] == [
        "clean", "10 dB (1 σ)", "0 dB (0 σ)",
    ]  # fmt: skip


def test_success_is_drawn_from_the_right_answers():
    one = curve("pgd", ATTACK)
    drawn = lines(attack_figure({"pgd": one}, metric="success", axis="ε"))["PGD"]
    assert drawn.y[0] == 0
    assert list(drawn.y) == [one.success(point).value for point in one.points]


def test_recalls_wear_the_colours_of_the_emotions():
    for name, trace in lines(recalls_figure(curve(), axis="SNR")).items():
        assert trace.line.color == emotion_color(name)


def test_flows_join_true_and_answered_emotions():
    one = curve()
    flows = one.flows(one.points[-1])
    (sankey,) = flows_figure(flows).data
    assert sum(sankey.link.value) == flows.to_numpy().sum() == one.right_before.sum()
    names = list(flows.index)
    for source, target, value in zip(
        sankey.link.source, sankey.link.target, sankey.link.value, strict=True
    ):
        assert flows.loc[names[source], names[target - len(names)]] == value


def test_the_overview_has_a_row_a_kind(card):
    figure = overview_figure(card.summary(), clean=card.clean(), chance=1 / 6)
    drawn = lines(figure)
    assert list(figure.layout.yaxis.ticktext) == [c.title for c in card.curves]
    np.testing.assert_allclose(
        drawn["area under the curve"].x, [c.area() for c in card.curves], rtol=1e-12
    )
    assert {text.text for text in figure.layout.annotations} == {"chance", "clean"}


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_card_is_printed_with_subset_and_badge(card, kind, begins):
    file = print_card(card, kind)
    assert file.startswith(begins)
    if kind == "svg":
        assert b"60 of 403 test clips" in file
        assert b"speakers shared" in file


def test_the_exported_page_needs_no_other_file_and_escapes_names(card):
    content = page(card)
    assert 'src="data:image/png;base64,' in content
    assert "http" not in content
    assert "<one>" not in content
    assert "model &lt;one&gt;" in content
    assert "speakers shared" in content


def test_markdown_tells_every_part(card):
    text = markdown(card)
    for part in (
        "Perturbations",
        "Worst group",
        "Adversarial attacks",
        "Shortcuts",
        "Left out",
        "σ",
    ):
        assert part in text
    assert str(card.clean("uar")) in text
    assert "relies on it" in text


def test_findings_are_sentences(card):
    assert all(sentence.endswith((".", ").")) for sentence in findings(card))
    assert any("gradient" in sentence for sentence in findings(card))

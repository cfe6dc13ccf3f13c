"""Reports say what Results says, whoever named the run, and need nothing but themselves."""

import io
import re
import subprocess
from html.parser import HTMLParser

import pytest
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import ActionFlowable
from reportlab.platypus import Table as Grid
from typer.testing import CliRunner

from ser_core.cli import app
from ser_core.core import EvaluationError, SerError, demo_corpus
from ser_core.corpora import open_corpus
from ser_core.evaluation import METRICS
from ser_core.evaluation.ranking import ranking
from ser_core.inference import saved_evaluations
from ser_core.inference.enrolment import Enrolment
from ser_core.inference.model_evaluation import Choice, evaluate_model
from ser_core.recipes.recipe import parse
from ser_core.reports import (
    Document,
    comparison_report,
    find_results,
    report_of,
    run_report,
    to_html,
    to_pdf,
    write_report,
)
from ser_core.reports.card_blocks import card_blocks
from ser_core.reports.document import Code, Heading, Items, Picture, Table, Text, clean
from ser_core.reports.pdf import WIDTH, _block, _fonts, _widths
from ser_core.runs import catalogue
from ser_core.runs.run_notes import annotate
from tests.export.nets import bundle
from tests.reports.conftest import HOSTILE

SCORED = re.compile(r"\d\.\d{3} to \d\.\d{3}")
FETCHING = ("src", "srcset", "href", "action", "data", "poster", "background")


class Seen(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.attributes, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += f" {data}"


def of(document, kind):
    return [block for block in document.blocks if isinstance(block, kind)]


def section(document, title):
    """Blocks from a heading to the next of its level."""
    blocks = list(document.blocks)
    begin = blocks.index(Heading(title)) + 1
    ends = [n for n in range(begin, len(blocks)) if getattr(blocks[n], "level", 3) == 2]
    return blocks[begin : ends[0] if ends else len(blocks)]


def test_every_score_is_the_one_of_the_predictions_with_its_interval(finished):
    run = finished()
    report, document = catalogue.report_of(run), run_report(run)
    (table,) = (block for block in section(document, "Scores") if isinstance(block, Table))
    wanted = {
        (METRICS[n].title, f"{f.value:.3f}", f"{f.low:.3f} to {f.high:.3f}")
        for n, f in report.figures.items()
    }
    assert set(table.rows) == wanted
    (counts,) = (block for block in section(document, "Confusion") if isinstance(block, Table))
    assert [row[1:] for row in counts.rows] == [tuple(map(str, row)) for row in report.confusion]
    (speakers,) = (b for b in section(document, "Every speaker") if isinstance(b, Table))
    assert [row[0] for row in speakers.rows] == [f"s{number}" for number in range(9)]


@pytest.mark.parametrize(
    ("policy", "badge"),
    [("random", "speakers shared"), ("speaker-disjoint", "unseen speakers")],
)
def test_no_table_of_scores_goes_without_badge_and_interval(finished, policy, badge):
    document = run_report(finished(policy=policy))
    scored = [table for table in of(document, Table) if SCORED.search(str(table.rows))]
    assert len(scored) == 5
    assert all(badge in table.note for table in scored)
    assert all("95 %" in table.note or "Intervals" in table.note for table in scored)
    assert Text(badge, "badge red" if policy == "random" else "badge") in document.blocks
    assert any(text.text.startswith("Leak grade ") for text in of(document, Text))


def test_the_sections_are_all_there(finished):
    document = run_report(finished())
    titles = {block.text for block in of(document, Heading)}
    assert titles >= {
        "Scores", "Confusion", "Emotions", "Every speaker", "Every gender", "Calibration", "Split",
        "Recipe", "Commands",
    }  # fmt: skip
    (recipe,) = (block for block in section(document, "Recipe") if isinstance(block, Code))
    assert "name: a run" in recipe.text
    shared = [table for table in of(document, Table) if table.columns[0].startswith("Of the test")]
    assert [row[0] for row in shared[0].rows][:2] == ["Speakers", "Sentences"]


def test_scores_with_enrolled_speakers_stand_beside_the_others(finished):
    run = finished(enrolled=True)
    table = of(run_report(run), Table)[0]
    assert table.columns == ("Metric", "Value", "95 % interval", "Enrolled", "95 % interval")
    assert all(row[1:3] == row[3:5] for row in table.rows)  # the same predictions were stored
    with_, without = (run_report(run, enrolled=each) for each in (True, False))
    assert Text("What follows is with enrolled speakers.") in with_.blocks
    assert Text("What follows is with enrolled speakers.") not in without.blocks


def test_a_name_is_text_and_nothing_else(finished):
    run = finished(HOSTILE, speaker='"><img src=x onerror=alert(1)>')
    page = to_html(run_report(run))
    seen = Seen(page)
    assert "script" not in seen.elements
    assert HOSTILE in seen.text
    assert '"><img src=x onerror=alert(1)>' in seen.text
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert all(value.startswith("data:image/svg") for name, value in seen.attributes
               if name in ("src", "href"))  # fmt: skip
    assert to_pdf(run_report(run)).startswith(b"%PDF")


def test_the_page_asks_for_nothing(finished):
    page = to_html(run_report(finished()))
    asked = [value for name, value in Seen(page).attributes if name in FETCHING]
    assert [value for value in asked if not value.startswith("data:")] == []
    assert "url(" not in page
    assert "@import" not in page
    policies = [value for name, value in Seen(page).attributes if name == "content"]
    assert any(value.startswith("default-src 'none'; img-src data:") for value in policies)
    assert page.count("<img") == len(of(run_report(finished()), Picture)) == 5


def grids(table, height=1000.0):
    """What is drawn of a table where so many points are left on a page."""
    (whole,) = _block(table)
    whole.canv = Canvas(io.BytesIO())
    return [part for part in whole.split(WIDTH, height) if not isinstance(part, ActionFlowable)]


def test_a_small_table_is_moved_to_the_next_page_rather_than_divided():
    confusion = Table(("true", "anger"), tuple((f"e{n}", "1") for n in range(10)))
    (grid,) = (part for part in grids(confusion, height=60.0) if isinstance(part, Grid))
    assert len(grid._cellvalues) == 11  # with its head
    long = Table(("speaker", "UAR"), tuple((f"s{n}", "1") for n in range(200)))
    assert any(isinstance(part, Grid) for part in _block(long))  # divided where a page ends


def test_tags_and_note_stand_in_the_report(finished):
    run = finished()
    assert "Tags: " not in Seen(to_html(run_report(run))).text
    annotate(run.folder, ["paper", "<b>x"], "First try.\nSecond line & more.")
    seen = Seen(to_html(run_report(run)))
    for words in ("Tags: paper, <b>x", "Note: First try.", "Second line & more."):
        assert words in seen.text
    assert "b" not in seen.elements
    assert to_pdf(run_report(run)).startswith(b"%PDF")


def test_text_comes_out_of_the_pdf_as_it_went_in():
    _fonts()
    text = f"{HOSTILE} <b>bold</b> <para color='red'> &amp; &#65;"
    assert _block(Text(text))[0].getPlainText() == text
    assert _block(Items((text,)))[0].getPlainText() == text
    assert _block(Heading(text))[0].getPlainText() == text
    (whole,) = _block(Table(("a",), ((text,),)))
    _, grid, *_ = whole._content
    assert grid._cellvalues[1][0].getPlainText() == text


def test_a_pdf_is_the_same_each_time_and_takes_more_pages_for_more():
    def document(rows):
        table = Table(("Speaker", "UAR"), tuple((f"s{n}", "0.5") for n in range(rows)))
        return Document("A title", (Heading("Speakers"), table, Code("a: 1\n  b: 2")), "made")

    def pages(pdf):
        return len(re.findall(rb"/Type /Page\b", pdf))

    few, many = to_pdf(document(5)), to_pdf(document(200))
    assert few == to_pdf(document(5))
    assert pages(few) == 1
    assert pages(many) > 3
    assert few.count(b"/FontFile2") >= 2  # the letters are inside
    assert b"/JavaScript" not in few
    assert b"/URI" not in few


def test_a_table_keeps_within_the_page():
    _fonts()
    wide = Table(tuple("abcdefgh"), (tuple("x" * 10 * n for n in range(8)),))
    assert sum(_widths(wide)) <= WIDTH + 1
    narrow = Table(("a", "b"), (("1", "2"),))
    assert sum(_widths(narrow)) < WIDTH / 2


def test_a_card_becomes_blocks_without_its_markup():
    card = (
        "# Name\n\n## Scores\n\n**Shared**: <script>x</script> [a](http://b) ![p](http://c)\n\n"
        "| A | B |\n|---|---|\n| 1 | `2` |\n\n- one\n- two\n\n```\npython x\n```\n"
    )
    assert card_blocks(card) == [
        Heading("Scores", 3),
        Text("Shared: <script>x</script> a p"),
        Table(("A", "B"), (("1", "2"),)),
        Items(("one", "two")),
        Code("python x"),
    ]


def test_signs_that_turn_text_around_are_dropped():
    assert clean("UAR \u202e0.1\u2066 \x1b[31mred") == "UAR 0.1 [31mred"


def test_a_comparison_has_the_paired_tests_and_the_grade_of_each(finished):
    shared = finished("shared", skill=3.0)
    unseen = finished("unseen", policy="speaker-disjoint", skill=1.0)
    document = comparison_report([shared, unseen])
    given = {r.name: catalogue.predictions_of(r).part("test") for r in (shared, unseen)}
    for sentence in ranking(given, "uar").sentences:
        assert Text(sentence) in document.blocks
    rows = of(document, Table)[0].rows
    assert ["speakers shared" in row for row in rows] == [True, False]
    assert ["unseen speakers" in row for row in rows] == [False, True]
    grades = [each.text for each in of(document, Text) if each.text.startswith("Leak grade")]
    assert [each[:12] for each in grades] == ["Leak grade E", "Leak grade B"]
    assert sum("name: " in code.text for code in of(document, Code)) == 2


def test_results_of_one_name_are_told_apart(finished):
    one, other = finished("same", seed=0), finished("same", seed=1)
    rows = of(comparison_report([one, other]), Table)[0].rows
    assert {row[0] for row in rows} == {f"same ({run.id[-6:]})" for run in (one, other)}


def test_what_cannot_be_reported_is_refused(finished, ser_home):
    run = finished()
    with pytest.raises(EvaluationError, match="needs two"):
        comparison_report([run])
    with pytest.raises(SerError, match="no such result"):
        find_results(["nothing"])
    begun = parse({"corpus": "x", "name": "begun"})
    begun.save(ser_home / "runs" / begun.hash / "recipe.yaml")
    with pytest.raises(EvaluationError, match="not finished"):
        run_report(catalogue.one(begun.hash))


def test_a_result_is_found_by_hash_and_by_folder(finished):
    run = finished()
    assert find_results([run.id]) == find_results([str(run.folder)]) == [run]


def test_the_command_writes_both_files(finished, tmp_path):
    run = finished("by command")
    done = CliRunner().invoke(app, ["results", "report", run.id, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "by command" in (tmp_path / "out" / "report.html").read_text()
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
    wrong = CliRunner().invoke(
        app, ["results", "report", run.id, "--out", str(tmp_path), "--metric", "luck"]
    )
    assert "must be one of uar" in str(wrong.exception)


def test_the_commands_of_a_report_can_be_pasted(finished, ser_home, tmp_path):
    run = finished(HOSTILE)
    *_, (what, command) = zip(
        (text.text for text in section(run_report(run), "Commands") if isinstance(text, Text)),
        (code.text for code in section(run_report(run), "Commands") if isinstance(code, Code)),
        strict=True,
    )
    assert what == "Make this report again"
    assert max(map(len, command.splitlines())) < 200
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (made,) = (ser_home / "reports").glob("*/report.html")
    assert "&lt;script&gt;" in made.read_text()


@pytest.fixture
def evaluated(ser_home, tmp_path):
    """A saved evaluation of a small untrained model on the bundled clips."""
    model = bundle().save(tmp_path / "a model" / "bundle")
    found = evaluate_model(model, open_corpus(demo_corpus()), Choice(), Enrolment((0, None)))
    return saved_evaluations.save_evaluation(found, model, demo_corpus(), Choice())


def test_an_evaluation_has_a_report_with_a_command_that_repeats_it(evaluated, tmp_path):
    document = run_report(evaluated)
    assert Text(evaluated.said) in section(document, "Split")
    assert Heading("Recipe") not in document.blocks
    assert any(text.text.startswith("Evaluation of a model") for text in of(document, Text))
    command = section(document, "Commands")[1].text
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (again,) = saved_evaluations.saved_evaluations()
    assert again.id == evaluated.id
    assert again.result.uar.value == pytest.approx(evaluated.result.uar.value)
    assert again.result.finished > evaluated.result.finished


def test_a_model_that_was_changed_since_is_said_to_be(evaluated):
    assert not any("was changed" in text.text for text in of(run_report(evaluated), Text))
    (evaluated.model / "bundle.json").unlink()
    assert any("was changed" in text.text for text in of(run_report(evaluated), Text))


def test_a_published_result_has_a_report():
    """Its audit has the grade and the reading, without what is shared."""
    from ser_core.runs.published_results import root

    found = find_results([str(root() / "encoder-lda-random")])
    assert Text("speakers shared", "badge red") in report_of(found).blocks


def test_files_are_written_whole(finished, tmp_path):
    page, printed = write_report(run_report(finished()), tmp_path / "new" / "folder")
    assert page.read_text().rstrip().endswith("</html>")
    assert printed.read_bytes().rstrip().endswith(b"%%EOF")

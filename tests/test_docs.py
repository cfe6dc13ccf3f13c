"""What is written for readers: links lead somewhere, commands and options exist, figures hold."""

from __future__ import annotations

import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest
import typer

from ser_core.cli import app
from ser_core.core import REPOSITORY

README = REPOSITORY / "README.md"
PAGES = [README, REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
RUN = "-m ser_core "

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def prose(page: Path) -> str:
    """Text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@each_page
def test_relative_links_lead_to_a_file_and_a_heading(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]+`", "", prose(page))):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_relative_to(REPOSITORY), link
        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def test_the_readme_is_short_and_links_every_page():
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    for page in PAGES[1:]:
        assert f"]({page.relative_to(REPOSITORY).as_posix()})" in text, page


def commands(page: Path) -> list[list[str]]:
    """Words after `-m ser_core` in the code of a page, without comments and ends of lines."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = [line.partition(RUN)[2] for line in lines if RUN in line and not line.startswith("#")]
    return [shlex.split(line, comments=True) for line in found]


@each_page
def test_commands_and_their_options_exist(page):
    for words in commands(page):
        command = typer.main.get_command(app)
        names = takewhile(lambda word: not word.startswith("-"), words)
        while subcommands := getattr(command, "commands", {}):
            # `explain --model` is short for `explain clip --model`.
            name = next(names, "clip" if command.name == "explain" else None)
            assert name in subcommands, words
            command = subcommands[name]
        known = {option for each in command.params for option in each.opts + each.secondary_opts}
        used = {word for word in words if re.match(r"--?[a-z]", word)}
        assert used <= known, words


def test_commands_are_found():
    assert ["corpus", "inspect", "artifacts/demo"] in commands(README)

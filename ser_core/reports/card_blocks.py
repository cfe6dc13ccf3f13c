"""A model card in Markdown as blocks of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from ser_core.reports.document import Block, Code, Heading, Items, Table, Text, clean, clean_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token


def card_blocks(markdown: str) -> list[Block]:
    r"""Headings, paragraphs, lists, tables and code of a card; its title is left out.

    Marks within a line (bold, code, links) are dropped, and pictures and HTML are no part of a
    card, so nothing in it can fetch or run anything.

    >>> card_blocks("# A model\n\n## Limits\n\n- **Acted** speech\n")
    [Heading(text='Limits', level=3), Items(items=('Acted speech',))]
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = iter(parser.parse(markdown))
    return [block for block in _blocks(tokens) if block is not None]


def _blocks(tokens: Iterator[Token]) -> Iterator[Block | None]:
    for token in tokens:
        if token.type == "heading_open":
            text = _words(next(tokens))
            yield None if token.tag == "h1" else Heading(text, 3)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            yield Items(tuple(_inlines(tokens, token.type.replace("open", "close"))))
        elif token.type == "table_open":
            yield _table(tokens)
        elif token.type in ("fence", "code_block"):
            yield Code(clean_lines(token.content))
        elif token.type == "inline":
            yield Text(_words(token))


def _inlines(tokens: Iterator[Token], end: str) -> Iterator[str]:
    """Lines of text up to the token that ends a list; a list within it gives lines of its own."""
    depth = 1
    for token in tokens:
        depth += (token.type == end.replace("close", "open")) - (token.type == end)
        if not depth:
            return
        if token.type == "inline":
            yield _words(token)


def _table(tokens: Iterator[Token]) -> Table:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_words(token))
    head, *body = rows
    return Table(tuple(head), tuple(map(tuple, body)))


def _words(token: Token) -> str:
    """Text of a line, without its marks."""
    parts = (" " if each.type == "softbreak" else each.content for each in token.children or ())
    return clean("".join(parts), longest=4000)

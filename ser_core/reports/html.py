"""A report as one HTML file that needs nothing else: no network, no script."""

from __future__ import annotations

import base64
from functools import singledispatch
from html import escape

from ser_core.reports.document import Code, Document, Heading, Items, Picture, Table, Text

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"
"""What the browser may do with the file, whatever is written in it: show its own pictures."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #5b6673; --line: #d5dbe2;
        --page: #fff; --box: #f4f6f8; --accent: #11746d; --mark: #b3261e; --mark-box: #fdeeec; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #a5afbb; --line: #313947; --page: #14171d; --box: #1d222b;
          --accent: #4cc4ba; --mark: #ff8f86; --mark-box: #3a1e1c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 3rem; color: var(--ink);
       background: var(--page); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans",
       sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .6rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line);
     padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.3rem 0 .3rem; }
p { margin: .5rem 0; }
.note, footer { color: var(--soft); font-size: .87rem; }
.badge { display: inline-block; border: 1px solid var(--accent); color: var(--accent);
         border-radius: 1rem; padding: .05rem .7rem; font-weight: 600; }
.badge.red { border-color: var(--mark); color: var(--mark); background: var(--mark-box); }
.warning { border-left: 4px solid var(--mark); background: var(--mark-box);
           padding: .5rem .8rem; }
.wide { overflow-x: auto; margin: .7rem 0 .3rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0;
         border-bottom: 1px solid var(--line); overflow-wrap: normal; }
td { max-width: 24rem; overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
figure { margin: .8rem 0; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
pre { background: var(--box); border-radius: 4px; padding: .7rem .9rem; white-space: pre-wrap;
      font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .6rem; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3 { break-after: avoid; } figure, tr, .warning { break-inside: avoid; }
  .wide { overflow: visible; } }
"""


def to_html(document: Document) -> str:
    """The whole file, in UTF-8."""
    body = "\n".join(_block(each) for each in document.blocks)
    title = escape(document.title)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1>
{body}
<footer>{escape(document.made)}</footer>
</body></html>
"""


@singledispatch
def _block(block: object) -> str:
    raise TypeError(f"no form for {type(block).__name__}")


@_block.register(Heading)
def _heading(block: Heading) -> str:
    return f"<h{block.level}>{escape(block.text)}</h{block.level}>"


@_block.register(Text)
def _text(block: Text) -> str:
    if block.kind == "plain":
        return f"<p>{escape(block.text)}</p>"
    return f'<p class="{escape(block.kind)}">{escape(block.text)}</p>'


@_block.register(Items)
def _items(block: Items) -> str:
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in block.items)}</ul>"


@_block.register(Table)
def _table(block: Table) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in block.columns)
    rows = "\n".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in block.rows
    )
    note = f'<p class="note">{escape(block.note)}</p>' if block.note else ""
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table>'
        f"</div>{note}"
    )


@_block.register(Picture)
def _picture(block: Picture) -> str:
    """As an SVG inside an `img`, where nothing in it can run or fetch anything."""
    data = base64.b64encode(block.draw("svg")).decode()
    return (
        f'<figure><img alt="{escape(block.alt)}" src="data:image/svg+xml;base64,{data}"></figure>'
    )


@_block.register(Code)
def _code(block: Code) -> str:
    return f"<pre><code>{escape(block.text)}</code></pre>"

"""Reports to hand on: a result or a comparison as one HTML file and one PDF.

`run_report` and `comparison_report` give a `Document`; `to_html` and `to_pdf` give it a form, and
`write_report` writes both.
"""

from ser_core.reports.comparison_report import comparison_report
from ser_core.reports.document import Document
from ser_core.reports.files import find_results, report_of, write_report
from ser_core.reports.html import to_html
from ser_core.reports.pdf import to_pdf
from ser_core.reports.run_report import run_report

__all__ = [
    "Document",
    "comparison_report",
    "find_results",
    "report_of",
    "run_report",
    "to_html",
    "to_pdf",
    "write_report",
]

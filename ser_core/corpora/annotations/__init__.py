"""Segments of recordings, and the files that say where they are: RTTM, TextGrid, ELAN, CSV.

`read_segments` reads any of them; `to_csv`, `to_textgrid` and `to_rttm` write them.
"""

from ser_core.corpora.annotations.reading import ENDINGS, read_segments
from ser_core.corpora.annotations.segment import Segment
from ser_core.corpora.annotations.writing import to_csv, to_rttm, to_textgrid

__all__ = ["ENDINGS", "Segment", "read_segments", "to_csv", "to_rttm", "to_textgrid"]

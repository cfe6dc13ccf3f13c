"""Collections of emotional speech: open, check and split them.

`open_corpus` gives a `Corpus`, a table with a row for every clip. `scan` decodes them all once.
"""

from ser_core.corpora.corpus import COLUMNS, Corpus
from ser_core.corpora.emotions import EMOTIONS, normalise
from ser_core.corpora.opening import open_corpus
from ser_core.corpora.readers import READERS
from ser_core.corpora.scan import scan

__all__ = ["COLUMNS", "EMOTIONS", "READERS", "Corpus", "normalise", "open_corpus", "scan"]

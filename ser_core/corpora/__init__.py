"""Collections of emotional speech: open, check and split them.

`open_corpus` gives a `Corpus`, a table with a row for every clip.
"""

from ser_core.corpora.corpus import COLUMNS, Corpus
from ser_core.corpora.emotions import EMOTIONS, normalise
from ser_core.corpora.opening import open_corpus
from ser_core.corpora.readers import READERS

__all__ = ["COLUMNS", "EMOTIONS", "READERS", "Corpus", "normalise", "open_corpus"]

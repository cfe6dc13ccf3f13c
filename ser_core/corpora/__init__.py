"""Collections of emotional speech: open, check and split them.

`open_corpus` gives a `Corpus`, a table with a row for every clip. `scan` decodes them all once,
`audit` says what is wrong with them, `make_split` divides them, and `audit_split` says what the
parts share.
"""

from ser_core.core import EMOTIONS
from ser_core.corpora.auditing import Findings, audit, examine
from ser_core.corpora.browse import (
    filter_clips,
    known_addresses,
    known_measures,
    other_sentence,
    same_emotion,
    showcase,
    siblings,
)
from ser_core.corpora.confounding import ENROLMENT, confounding
from ser_core.corpora.corpus import COLUMNS, LEFT_OUT, UNLABELLED, Corpus
from ser_core.corpora.duplicates import UNKNOWN, recordings
from ser_core.corpora.emotions import normalise, ordered
from ser_core.corpora.issues import CHECKS, SEVERITIES, Issue
from ser_core.corpora.joined import join
from ser_core.corpora.label_maps import (
    label_map,
    label_map_file,
    remember_labels,
    remembered_labels,
)
from ser_core.corpora.leaks import GRADES, ORDER, UNSEEN_GRADES, Leak, LeakAudit, audit_split
from ser_core.corpora.opening import is_recognised, open_corpus, opening_of, tables_at
from ser_core.corpora.policies import POLICIES, trained_on
from ser_core.corpora.readers import READERS
from ser_core.corpora.recent import recent_corpora, remember_corpus
from ser_core.corpora.saved_openings import Opening, of_recipe, snapshot
from ser_core.corpora.scanning import scan
from ser_core.corpora.split import PARTS, UNUSED, Split
from ser_core.corpora.splits import FRACTIONS, make_split
from ser_core.corpora.templates import Template, read_template
from ser_core.corpora.unlabelled import known_sounds

__all__ = [
    "CHECKS",
    "COLUMNS",
    "EMOTIONS",
    "ENROLMENT",
    "FRACTIONS",
    "GRADES",
    "LEFT_OUT",
    "ORDER",
    "PARTS",
    "POLICIES",
    "READERS",
    "SEVERITIES",
    "UNKNOWN",
    "UNLABELLED",
    "UNSEEN_GRADES",
    "UNUSED",
    "Corpus",
    "Findings",
    "Issue",
    "Leak",
    "LeakAudit",
    "Opening",
    "Split",
    "Template",
    "audit",
    "audit_split",
    "confounding",
    "examine",
    "filter_clips",
    "is_recognised",
    "join",
    "known_addresses",
    "known_measures",
    "known_sounds",
    "label_map",
    "label_map_file",
    "make_split",
    "normalise",
    "of_recipe",
    "open_corpus",
    "opening_of",
    "ordered",
    "other_sentence",
    "read_template",
    "recent_corpora",
    "recordings",
    "remember_corpus",
    "remember_labels",
    "remembered_labels",
    "same_emotion",
    "scan",
    "showcase",
    "siblings",
    "snapshot",
    "tables_at",
    "trained_on",
]

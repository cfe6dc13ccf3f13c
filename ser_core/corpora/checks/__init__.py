"""The checks of an audit, one function for each kind of fault; they register themselves."""

# The order is that of the cards of one severity.
# isort: off
from ser_core.corpora.checks import files as _files  # noqa: F401
from ser_core.corpora.checks import labels as _labels  # noqa: F401
from ser_core.corpora.checks import copies as _copies  # noqa: F401
from ser_core.corpora.checks import sound as _sound  # noqa: F401
from ser_core.corpora.checks import speakers as _speakers  # noqa: F401
from ser_core.corpora.checks import reading as _reading  # noqa: F401

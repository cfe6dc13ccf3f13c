"""Metrics of a model's predictions.

`Predictions` is the table; `interval` gives one figure of it with its 95 % interval, `by_group` the
figures of every speaker or gender, `compare` the difference of two models on the same clips,
`calibrate` probabilities that mean what they say, and `report` all that a page or a model card
shows.
"""

from ser_core.evaluation.calibration import (
    Calibration,
    Rejection,
    apply_temperature,
    area_under_risk,
    calibrate,
    coverage_risk,
    fit_temperature,
    reject,
    threshold_for,
)
from ser_core.evaluation.compare import (
    Comparison,
    McNemar,
    compare,
    compare_all,
    holm,
    mcnemar,
    on_common_clips,
)
from ser_core.evaluation.corpus_shift import MEASURED, CorpusShift, corpus_shift
from ser_core.evaluation.cross_corpus import (
    TRAINED_ON,
    Cell,
    CorpusMatrix,
    corpus_matrix,
    is_across,
)
from ser_core.evaluation.groups import Group, Groups, by_group
from ser_core.evaluation.held_out_answers import beside, held_out_answers, parts_of
from ser_core.evaluation.intervals import Interval, Sampling, interval, sampling
from ser_core.evaluation.label_errors import PRUNING, LabelErrors, label_errors
from ser_core.evaluation.metrics import reliability, wilson
from ser_core.evaluation.predictions import PREFIX, Predictions
from ser_core.evaluation.ranking import Ranking
from ser_core.evaluation.report import BADGES, ClassFigures, Report, report
from ser_core.evaluation.slices import Slices, slices
from ser_core.evaluation.spread import Spread, spread
from ser_core.evaluation.sufficient_statistics import (
    METRICS,
    PER_CLASS,
    Metric,
    SufficientStatistics,
)
from ser_core.evaluation.wording import (
    NEW_SPEAKERS,
    basis,
    calibration_verdict,
    chance_warning,
    gap_text,
    groups_basis,
    interval_text,
    value_text,
)

__all__ = [
    "BADGES",
    "MEASURED",
    "METRICS",
    "NEW_SPEAKERS",
    "PER_CLASS",
    "PREFIX",
    "PRUNING",
    "TRAINED_ON",
    "Calibration",
    "Cell",
    "ClassFigures",
    "Comparison",
    "CorpusMatrix",
    "CorpusShift",
    "Group",
    "Groups",
    "Interval",
    "LabelErrors",
    "McNemar",
    "Metric",
    "Predictions",
    "Ranking",
    "Rejection",
    "Report",
    "Sampling",
    "Slices",
    "Spread",
    "SufficientStatistics",
    "apply_temperature",
    "area_under_risk",
    "basis",
    "beside",
    "by_group",
    "calibrate",
    "calibration_verdict",
    "chance_warning",
    "compare",
    "compare_all",
    "corpus_matrix",
    "corpus_shift",
    "coverage_risk",
    "fit_temperature",
    "gap_text",
    "groups_basis",
    "held_out_answers",
    "holm",
    "interval",
    "interval_text",
    "is_across",
    "label_errors",
    "mcnemar",
    "on_common_clips",
    "parts_of",
    "reject",
    "reliability",
    "report",
    "sampling",
    "slices",
    "spread",
    "threshold_for",
    "value_text",
    "wilson",
]

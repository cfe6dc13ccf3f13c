"""The networks there are. A module here registers its spec; the order is that of the form."""

from ser_core.models.networks import resnet  # noqa: F401, I001  (registers itself, as the next do)
from ser_core.models.networks import vgg  # noqa: F401
from ser_core.models.networks import cnn  # noqa: F401
from ser_core.models.networks import conv_bilstm  # noqa: F401
from ser_core.models.networks import timnet  # noqa: F401
from ser_core.models.networks import conformer  # noqa: F401
from ser_core.models.networks import linear  # noqa: F401
from ser_core.models.networks import residual_dense  # noqa: F401
from ser_core.models.networks import logistic  # noqa: F401
from ser_core.models.networks import lda  # noqa: F401
from ser_core.models.networks import mlp  # noqa: F401
from ser_core.models.networks import layer_weights  # noqa: F401
from ser_core.models.networks import layer_attention  # noqa: F401
from ser_core.models.networks import svm  # noqa: F401
from ser_core.models.networks import forest  # noqa: F401
from ser_core.models.networks import boosting  # noqa: F401
from ser_core.models.networks import knn  # noqa: F401
from ser_core.models.networks.base import (
    GRADIENT_DESCENT,
    NETWORKS,
    SPECS,
    NetworkKind,
    NetworkSpec,
    accepting,
    as_dict,
    described,
    from_dict,
    network,
)

__all__ = [
    "GRADIENT_DESCENT",
    "NETWORKS",
    "SPECS",
    "NetworkKind",
    "NetworkSpec",
    "accepting",
    "as_dict",
    "described",
    "from_dict",
    "network",
]

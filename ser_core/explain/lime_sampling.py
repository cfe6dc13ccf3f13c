"""LIME's explainer of images, with samples made in batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from lime.lime_image import LimeImageExplainer

Images = npt.NDArray[np.float32]
Segments = npt.NDArray[np.intp]


class Explainer(LimeImageExplainer):  # type: ignore[misc]
    """LIME's own, with samples made in batches instead of one by one, and without a printed bar.

    The same random draws, samples and labels as `LimeImageExplainer`, in the same order.
    """

    def data_labels(
        self,
        image: Images,
        fudged_image: Images,
        segments: Segments,
        classifier_fn: Callable[[Images], npt.NDArray[np.float64]],
        num_samples: int,
        batch_size: int = 10,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Which segments each sample keeps, and the logits of each sample."""
        count = len(np.unique(segments))
        kept = self.random_state.randint(0, 2, num_samples * count).reshape(num_samples, count)
        kept[0] = 1
        outputs = []
        for start in range(0, num_samples, batch_size):
            mask = kept[start : start + batch_size][:, segments, None] == 1
            outputs.append(classifier_fn(np.where(mask, image, fudged_image)))
        return kept, np.concatenate(outputs)

"""Faithfulness of a map: deletion and insertion of what it marks, and the model's probability.

All maps are compared on equal terms: the same tiles, the same areas, the same fill. A map that is
fine-grained is averaged over the tiles, so none gains from removing scattered specks, to which a
network reacts in its own way (Tomsett et al. 2020; Rong et al. 2022). Orders drawn by chance go
through the very same: scattered tiles, and contiguous blobs, many of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ser_core.core import Parameters, parameter
from ser_core.explain.audio_baselines import audio_baseline_choice
from ser_core.explain.baselines import baseline_choice, baseline_input
from ser_core.explain.lime import grid
from ser_core.explain.model_input import Floats, Map, ModelInput

AREAS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
"""Shares of the feature map that are taken away or shown; 0 and 1 are the same for all."""

DROPPED = 0.2
"""Area of the drop in probability."""

SCATTERED, CONTIGUOUS = "chance, scattered", "chance, contiguous"
CONTROLS = (SCATTERED, CONTIGUOUS)

Orders = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Terms(Parameters):
    """On what all maps are compared.

    Raises:
        ParameterError: If a parameter breaks its bounds.
    """

    name = "terms"

    fill: str = baseline_choice("Baseline: what replaces removed parts")
    bands: int = parameter(16, 1, 128, "Tiles along frequency", "tiles")
    pieces: int = parameter(24, 1, 256, "Tiles along time", "tiles")
    controls: int = parameter(16, 1, 256, "Random orders of each kind", "orders")
    heard: int = parameter(
        20, 0, 90, "Most relevant part for the deletion test on the sound; 0 leaves it out", "%"
    )
    rest: str = audio_baseline_choice()
    elsewhere: int = parameter(6, 1, 64, "Random parts that each relevant part is compared with")
    seed: int = parameter(0, 0, 2**31 - 1, "Seed of the random orders and parts")


@dataclass(frozen=True, eq=False)
class Curves:
    """Probability of the class while parts are taken away, and while they come back.

    Attributes:
        areas: Shares of the feature map, from 0 to 1, (areas,).
        deletion: Probability with the most relevant share removed, (maps, areas).
        insertion: Probability with nothing but the most relevant share, (maps, areas).
    """

    areas: Floats
    deletion: Floats
    insertion: Floats

    @property
    def scores(self) -> dict[str, Floats]:
        """Figures of every map, each (maps,).

        `deletion` and `insertion` are the areas under the curves, the first better when small,
        the second when large; `faithfulness` is insertion minus deletion; `drop` is how much
        probability the most relevant fifth takes with it.
        """
        deletion = np.asarray(np.trapezoid(self.deletion, self.areas, axis=1))
        insertion = np.asarray(np.trapezoid(self.insertion, self.areas, axis=1))
        at = int(np.argmin(np.abs(self.areas - DROPPED)))
        return {
            "deletion": deletion,
            "insertion": insertion,
            "faithfulness": insertion - deletion,
            "drop": self.deletion[:, 0] - self.deletion[:, at],
        }


def tiles_of(shape: tuple[int, int, int], terms: Terms) -> Orders:
    """Number of the tile of every value of a feature map, (channels, bins, frames)."""
    return grid(shape, terms.bands, terms.pieces).reshape(shape)


def order_of(values: Map, tiles: Orders, seed: int) -> Orders:
    """Tiles from the most relevant down; equal ones by chance.

    A coarse map has many equal tiles: going through them from left to right would be an order
    of its own.
    """
    sums = np.bincount(tiles.ravel(), values.ravel().astype(np.float64))
    means = sums / np.bincount(tiles.ravel())
    return np.lexsort((np.random.default_rng(seed).random(len(means)), -means))


def chance(kind: str, shape: tuple[int, int, int], terms: Terms) -> Orders:
    """Orders by chance, (controls, tiles).

    Args:
        kind: `SCATTERED`, or `CONTIGUOUS`: blobs about a third of the feature map wide.
        shape: Of the feature map.
        terms: How many, and the seed.
    """
    from scipy.ndimage import gaussian_filter

    generator = np.random.default_rng([terms.seed, CONTROLS.index(kind)])
    rows, columns = min(terms.bands, shape[1]), min(terms.pieces, shape[2])
    noise = generator.standard_normal((terms.controls, shape[0], rows, columns))
    if kind == CONTIGUOUS:
        noise = gaussian_filter(noise, (0, 0, rows / 6, columns / 6), mode="reflect")
    flat = noise.reshape(terms.controls, -1)
    return np.argsort(-flat, axis=1, kind="stable")


def curves(
    view: ModelInput,
    target: int,
    orders: Orders,
    tiles: Orders,
    terms: Terms,
    representation: str = "",
) -> Curves:
    """Deletion and insertion curves of several orders of tiles.

    Args:
        view: The clip before the model; what other members of an ensemble see stays whole.
        target: Index of the class in `view.classes`.
        orders: Shape (maps, tiles).
        tiles: From `tiles_of`.
        terms: What is compared on.
        representation: Whose feature map is changed; that of greatest weight when empty.
    """
    whole = _masked(view, np.array([[1.0], [0.0]])[:, np.zeros_like(tiles)], terms, representation)
    kept = np.ones((len(orders), len(AREAS), orders.shape[1]))
    for column, area in enumerate(AREAS):
        count = max(1, round(area * orders.shape[1]))
        np.put_along_axis(kept[:, column], orders[:, :count], 0.0, axis=1)
    masks = np.concatenate([kept, 1 - kept]).reshape(-1, orders.shape[1])
    found = _in_parts(view, masks, tiles, terms, representation)[:, target]
    deletion, insertion = found.reshape(2, len(orders), len(AREAS))
    full, empty = (np.full((len(orders), 1), value) for value in whole[:, target])
    return Curves(
        np.array([0.0, *AREAS, 1.0]),
        np.concatenate([full, deletion, empty], axis=1),
        np.concatenate([empty, insertion, full], axis=1),
    )


PART = 256
"""Feature maps that are made at a time."""


def _in_parts(
    view: ModelInput, masks: Floats, tiles: Orders, terms: Terms, representation: str
) -> Floats:
    parts = [
        _masked(view, masks[start : start + PART][:, tiles], terms, representation)
        for start in range(0, len(masks), PART)
    ]
    return np.concatenate(parts)


def _masked(view: ModelInput, masks: Floats, terms: Terms, representation: str) -> Floats:
    """Probabilities where only the masked part is the clip's own, (masks, classes).

    Args:
        view: The clip before the model.
        masks: 1 where the feature map stays, (masks, channels, bins, frames).
        terms: With the baseline of the rest.
        representation: Whose feature map it is.
    """
    seeing = {id(network_input) for network_input, _ in view.through(representation)}
    keep = torch.from_numpy(masks.astype(np.float32))
    outputs = []
    for network_input in view.network_inputs:
        if id(network_input) not in seeing:
            outputs.append(
                view.ordered(network_input, network_input.seen).repeat(len(masks), axis=0)
            )
            continue
        mixed = torch.lerp(baseline_input(network_input, terms.fill), network_input.seen, keep)
        outputs.append(view.ordered(network_input, mixed))
    return view.pool(np.stack(outputs))


def faithfulness(
    view: ModelInput, target: int, maps: Mapping[str, Map], terms: Terms, representation: str = ""
) -> dict[str, dict[str, float]]:
    """Figures of several maps of one clip, and of chance.

    Args:
        view: The clip before the model.
        target: Index of the class in `view.classes`.
        maps: By name, each (channels, bins, frames).
        terms: What all are compared on.
        representation: Whose feature map they are of.

    Returns:
        Figures as `Curves.scores` by name; each of `CONTROLS` is the mean of its orders.
    """
    shape = view.through(representation)[0][0].shape
    tiles = tiles_of(shape, terms)
    own = np.stack([order_of(values, tiles, terms.seed) for values in maps.values()])
    drawn = [chance(kind, shape, terms) for kind in CONTROLS]
    scores = curves(
        view, target, np.concatenate([own, *drawn]), tiles, terms, representation
    ).scores
    found = {
        name: {figure: float(values[row]) for figure, values in scores.items()}
        for row, name in enumerate(maps)
    }
    for number, kind in enumerate(CONTROLS):
        rows = slice(len(maps) + number * terms.controls, len(maps) + (number + 1) * terms.controls)
        found[kind] = {figure: float(values[rows].mean()) for figure, values in scores.items()}
    return found

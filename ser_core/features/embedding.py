"""A map of a corpus: clips as points in a plane, near each other where their features are alike.

Each clip is a vector: of a representation of a whole clip its values, of one over time the mean and
the spread of each bin. The vectors are standardised and reduced by principal components, whose
first two are one map, and all of them go into t-SNE (van der Maaten & Hinton, 2008), which gives
the other. Of t-SNE only neighbourhoods mean something: not distances between groups, nor their
sizes.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.audio import load
from ser_core.audio import sha256 as content_address
from ser_core.core import AudioError, EvaluationError, Progress, in_processes
from ser_core.features.extraction import store_key, usable_addresses
from ser_core.features.filling import MIN_FILES_FOR_WORKERS
from ser_core.features.representations import Representation, represent
from ser_core.storage import atomic
from ser_core.storage.feature_store import FeatureStore
from ser_core.storage.parquet import read_parquet

Vectors = npt.NDArray[np.float64]

FEWEST = 4
"""Clips without which there is no map."""

COMPONENTS = 50
"""Principal components that t-SNE is given."""

PERPLEXITY = 30.0
MAPS = {"tsne": "t-SNE", "pca": "PCA"}
"""Prefix of the two columns of each map, with its name."""

COLUMNS = tuple(f"{name}_{axis}" for name in MAPS for axis in (1, 2))


def clip_vectors(
    files: dict[str, Path],
    representation: Representation,
    *,
    addresses: dict[str, str] | None = None,
    store: FeatureStore | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """A vector for every clip that can be read, through the store.

    Args:
        files: Sound file by clip.
        representation: Of which the vectors are.
        addresses: sha256 of the samples by clip, where known: then what is stored is not computed.
        store: Which store; the default store when absent.
        workers: Processes; all cores for a large corpus when absent.
        progress: Called with (clips done, clips in all).

    Returns:
        A row a clip, in the order of `files`, without those that cannot be read.

    Raises:
        StoreError: If the store cannot be written.
        WorkerError: If a worker is killed.
    """
    if representation.in_batches or (workers is None and len(files) < MIN_FILES_FOR_WORKERS):
        workers = 1
    work = partial(_vector, representation, store or FeatureStore())
    known = usable_addresses(addresses, [representation])
    items = [(clip, path, known.get(clip)) for clip, path in files.items()]
    found = {}
    for done, (clip, vector) in enumerate(in_processes(work, items, workers=workers), start=1):
        if vector is not None:
            found[clip] = vector
        if progress:
            progress(done, len(files))
    rows = {clip: found[clip] for clip in files if clip in found}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("clip")


def _vector(
    representation: Representation, store: FeatureStore, item: tuple[str, Path, str | None]
) -> tuple[str, Vectors | None]:
    clip, path, address = item
    whole = representation.whole

    def computed() -> npt.NDArray[np.float32]:
        return represent(load(path, sample_rate=whole.sample_rate), [whole])[0]

    try:
        if address is None:
            address = content_address(load(path, sample_rate=whole.sample_rate))
        key = store_key(address, representation, representation.dtype)
        values = representation.part(store.get_or_compute(key, computed)).astype(np.float64)
    except AudioError:
        return clip, None
    flat = values.reshape(-1, values.shape[-1])
    if flat.shape[1] == 1:
        return clip, flat[:, 0]
    return clip, np.concatenate([flat.mean(axis=1), flat.std(axis=1)])


def embedding(
    vectors: pd.DataFrame, groups: pd.Series[str] | None = None, *, seed: int = 0
) -> pd.DataFrame:
    """Both maps of the clips.

    Args:
        vectors: Of `clip_vectors`; values that are not finite count as the mean.
        groups: Group of each clip, as its speaker, within which the vectors are standardised: the
            map then shows how clips differ from their speaker's others. Over all clips without.
        seed: Of t-SNE; the same vectors and seed give the same map on one machine.

    Returns:
        The columns `tsne_1`, `tsne_2`, `pca_1` and `pca_2`, indexed by clip.

    Raises:
        EvaluationError: If there are fewer than `FEWEST` clips, or nothing differs between them.
    """
    if len(vectors) < FEWEST:
        raise EvaluationError(
            f"{len(vectors)} clips make no map", remedy=f"Give {FEWEST} or more clips"
        )
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    values = _standardised(vectors, groups)
    if not values.shape[1]:
        raise EvaluationError("all clips have the same features", remedy="Choose other features")
    size = min(COMPONENTS, *values.shape)
    components = PCA(size, random_state=seed).fit_transform(values)
    plane = np.zeros((len(values), 2))
    plane[:, : min(2, size)] = components[:, :2]
    perplexity = min(PERPLEXITY, (len(values) - 1) / 3)
    near = TSNE(perplexity=perplexity, init="pca" if size > 1 else "random", random_state=seed)
    points = np.hstack([near.fit_transform(components), plane])
    return pd.DataFrame(points, index=vectors.index, columns=list(COLUMNS))


def _standardised(vectors: pd.DataFrame, groups: pd.Series[str] | None) -> Vectors:
    """Each feature with mean 0 and spread 1 over all clips or within each group; without constants.

    A group of one clip has no spread, and lies at 0.
    """
    known = vectors.astype("float64").replace([np.inf, -np.inf], np.nan)
    known = known.fillna(known.mean()).fillna(0.0)
    if groups is None:
        groups = pd.Series("", index=known.index, dtype="str")
    by = known.groupby(groups.reindex(known.index).fillna("").astype("str"))
    centred, spread = known - by.transform("mean"), by.transform("std", ddof=0)
    tiny = 1e-9 * (1 + known.abs().max())
    values = (centred / spread.where(spread > tiny)).fillna(0.0).to_numpy(np.float64)
    return np.asarray(values[:, np.abs(values).max(axis=0) > 0])


def save_embedding(path: Path, points: pd.DataFrame) -> None:
    """Write maps as Parquet; the file appears whole or not at all.

    Raises:
        SerError: If it cannot be written.
    """
    import io

    content = io.BytesIO()
    points.rename_axis("clip").reset_index().to_parquet(content, index=False)
    atomic.write(path, content.getvalue())


def load_embedding(path: Path) -> pd.DataFrame | None:
    """Maps that `save_embedding` wrote; None when the file is absent or something else."""
    try:
        table = read_parquet(path)
    except (OSError, ValueError):
        return None
    if not {"clip", *COLUMNS} <= set(table.columns):
        return None
    return table.set_index("clip")[list(COLUMNS)].astype("float64")

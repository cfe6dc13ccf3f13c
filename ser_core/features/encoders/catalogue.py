"""Public encoders: licence, size, what they were trained on, and whether they heard a corpus.

An encoder that was trained on the clips of a corpus makes them look easier than recordings of
other people are, even when its classifier never saw them. What is said here is from the model cards
and papers of the encoders; the data of some are not published, and that is said too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from ser_core.core import ModelError, files
from ser_core.features.encoders.folder import EncoderFolder, open_folder

RECORD = "origin.json"
"""File in a fetched folder: hub name, revision and licence."""

YES, UNLIKELY, UNKNOWN = "yes", "unlikely", "unknown"
"""Whether an encoder was trained on a corpus."""

GRAVEST = (YES, UNKNOWN, UNLIKELY)

NOT_KNOWN = "not known"
LIBRISPEECH = "LibriSpeech: 960 hours of English audiobooks"
LIBRI_LIGHT = "Libri-Light: 60,000 hours of English audiobooks"
INTERNET = (
    "{} with transcripts from the internet (680,000 hours for all of Whisper); which recordings is "
    "not published"
)
WHISPER_LICENCE = "Apache-2.0 on the hub, MIT in OpenAI's own repository"
WAVLM_DATA = (
    "60,000 hours of Libri-Light, 10,000 hours of GigaSpeech (audiobooks, podcasts, YouTube), "
    "24,000 hours of VoxPopuli (European Parliament); English"
)
FROM_PODCASTS = ("MSP-Podcast",)
FROM_YOUTUBE = ("CMU-MOSEI", "CMU-MOSI")


@dataclass(frozen=True)
class KnownEncoder:
    """A public encoder.

    Attributes:
        name: On the hub, OWNER/NAME.
        family: `model_type` of its configuration.
        licence: As its model card names it, an SPDX identifier where there is one.
        layers: Transformer layers of the encoder.
        size: Of a hidden state.
        megabytes: Of the repository's file of weights, about.
        year: Of publication.
        pretrained_on: In words.
        heard: Emotional corpora that are known to be in the training data.
        overlaps: Emotional corpora that were taken from the same kind of source, so that some of
            their recordings may be in the training data.
        published: Whether it is published what the training data are.
        vocabulary: Size of Whisper's, which tells the English ones apart; 0 of other families.
        fine_tuned: Whether a head was trained with it, which its configuration then names.
    """

    name: str
    family: str
    licence: str
    layers: int
    size: int
    megabytes: int
    year: int
    pretrained_on: str
    heard: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()
    published: bool = True
    vocabulary: int = 0
    fine_tuned: bool = False


def _whisper(name: str, layers: int, size: int, megabytes: int, vocabulary: int) -> KnownEncoder:
    speech = "English speech" if vocabulary == 51_864 else "speech of 99 languages"
    return KnownEncoder(
        f"openai/whisper-{name}", "whisper", WHISPER_LICENCE, layers, size, megabytes, 2022,
        INTERNET.format(speech), published=False, vocabulary=vocabulary,
    )  # fmt: skip


CATALOGUE: dict[str, KnownEncoder] = {
    row.name: row
    for row in (
        _whisper("tiny", 4, 384, 151, 51_865),
        _whisper("tiny.en", 4, 384, 151, 51_864),
        _whisper("base", 6, 512, 290, 51_865),
        _whisper("base.en", 6, 512, 290, 51_864),
        _whisper("small", 12, 768, 967, 51_865),
        _whisper("small.en", 12, 768, 967, 51_864),
        KnownEncoder(
            "facebook/wav2vec2-base", "wav2vec2", "Apache-2.0", 12, 768, 380, 2020, LIBRISPEECH
        ),
        KnownEncoder(
            "facebook/wav2vec2-large-robust", "wav2vec2", "Apache-2.0", 24, 1024, 1_270, 2021,
            "Libri-Light, Common Voice, Switchboard and Fisher (audiobooks, read sentences, "
            "telephone); English",
        ),
        KnownEncoder(
            "facebook/wav2vec2-large-xlsr-53", "wav2vec2", "Apache-2.0", 24, 1024, 1_270, 2020,
            "56,000 hours of 53 languages: Multilingual LibriSpeech, Common Voice and BABEL "
            "(audiobooks, read sentences, telephone)",
        ),
        KnownEncoder(
            "facebook/wav2vec2-xls-r-300m", "wav2vec2", "Apache-2.0", 24, 1024, 1_270, 2021,
            "436,000 hours of 128 languages: VoxPopuli, Multilingual LibriSpeech, Common Voice, "
            "VoxLingua107 (YouTube) and BABEL",
            overlaps=FROM_YOUTUBE,
        ),
        KnownEncoder(
            "facebook/hubert-base-ls960", "hubert", "Apache-2.0", 12, 768, 378, 2021, LIBRISPEECH
        ),
        KnownEncoder(
            "facebook/hubert-large-ll60k", "hubert", "Apache-2.0", 24, 1024, 1_264, 2021,
            LIBRI_LIGHT,
        ),
        # The cards of WavLM point to the licence of UniSpeech instead of naming one.
        KnownEncoder(
            "microsoft/wavlm-base", "wavlm", "CC-BY-SA-3.0", 12, 768, 378, 2021, LIBRISPEECH
        ),
        KnownEncoder(
            "microsoft/wavlm-base-plus", "wavlm", "CC-BY-SA-3.0", 12, 768, 378, 2021, WAVLM_DATA,
            overlaps=FROM_PODCASTS + FROM_YOUTUBE,
        ),
        KnownEncoder(
            "microsoft/wavlm-large", "wavlm", "CC-BY-SA-3.0", 24, 1024, 1_262, 2021, WAVLM_DATA,
            overlaps=FROM_PODCASTS + FROM_YOUTUBE,
        ),
        KnownEncoder(
            "facebook/data2vec-audio-base", "data2vec-audio", "Apache-2.0", 12, 768, 373, 2022,
            LIBRISPEECH,
        ),
        KnownEncoder(
            "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim", "wav2vec2",
            "CC-BY-NC-SA-4.0", 12, 1024, 661, 2022,
            "as facebook/wav2vec2-large-robust, then trained on MSP-Podcast 1.7 with its ratings "
            "of arousal, dominance and valence; for research only",
            heard=("MSP-Podcast",), fine_tuned=True,
        ),
        KnownEncoder(
            "ehcalabres/wav2vec2-lg-xlsr-en-speech-emotion-recognition", "wav2vec2",
            "Apache-2.0", 24, 1024, 1_270, 2021,
            "as facebook/wav2vec2-large-xlsr-53, then on English Common Voice, then on RAVDESS "
            "with its emotions",
            heard=("RAVDESS",), fine_tuned=True,
        ),
    )
}  # fmt: skip
"""Public encoders by hub name. Sources: their model cards; Radford et al. (2022), Baevski et al.
(2020, 2022), Hsu et al. (2021), Chen et al. (2022), Conneau et al. (2020), Babu et al. (2021),
Wagner et al. (2023)."""

EMOTION2VEC = (
    "its weights are a pickle in the layout of fairseq and FunASR, which transformers has no class "
    "for, so they cannot be opened safely"
)
INSTEAD = (
    "Choose microsoft/wavlm-large or audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim. Mind "
    "that emotion2vec was pretrained on IEMOCAP, MELD, MEAD, CMU-MOSEI and MSP-Podcast"
)
CANNOT_BE_OPENED = {
    name: (EMOTION2VEC, INSTEAD)
    for owner in ("emotion2vec", "iic")
    for name in (
        f"{owner}/emotion2vec_base",
        f"{owner}/emotion2vec_plus_seed",
        f"{owner}/emotion2vec_plus_base",
        f"{owner}/emotion2vec_plus_large",
    )
}
"""Hub name to why it cannot be used, and what to do (Ma et al., 2024)."""

WEIGHTS = {
    # The encoder alone in half precision, converted from another layout.
    "91979053ded8cdfe": "openai/whisper-tiny.en",
}
"""Hub name by the hash of a file of weights (`EncoderFolder.weights_hash`)."""

PRINTS = {"0318f4bb13e240c9": "openai/whisper-tiny.en"}
"""Hub name by the hash of the values (`fingerprint`), whatever file they are in."""

CORPORA_SINCE = {"nEMO": 2024}
"""Year of publication of corpora that are younger than most encoders."""


@dataclass(frozen=True)
class Contamination:
    """Whether an encoder was trained on a corpus.

    Attributes:
        answer: "yes", "unlikely" or "unknown".
        said: Why, as a sentence.
    """

    answer: str
    said: str

    @property
    def badge(self) -> str:
        """In the words that go beside the leak grade."""
        return f"encoder may have heard this corpus: {self.answer}"


@dataclass(frozen=True)
class Origin:
    """Where an encoder comes from, as far as that is known.

    Attributes:
        name: On the hub, or the public encoder that it was made from or looks like; empty where
            nothing is known.
        certain: Whether it is that very encoder.
        how: How that was found, as a sentence.
        licence: Of the weights.
        pretrained_on: In words.
        weights: Hash of the file of weights.
        declared: Corpora that the model card in its folder names as training data.
    """

    name: str = ""
    certain: bool = False
    how: str = "Nothing in the folder tells where it comes from."
    licence: str = NOT_KNOWN
    pretrained_on: str = NOT_KNOWN
    weights: str = ""
    declared: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """Name for people; that it is unknown where it is."""
        if not self.name:
            return "unknown origin"
        return self.name if self.certain else f"unknown origin, resembles {self.name}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON; `origin_from` reads it."""
        return asdict(self)


def origin_from(written: Mapping[str, Any]) -> Origin:
    """Origin as a model's metadata have it; fields that this version does not know are left out."""
    known = {each.name for each in fields(Origin)}
    kept = {name: value for name, value in written.items() if name in known}
    return Origin(**{**kept, "declared": tuple(kept.get("declared", ()))})


def identify(folder: EncoderFolder) -> Origin:
    """Recognise an encoder in a local folder.

    By what the folder says of itself (the record of a download, the hub's cache), by the values of
    its weights, by `_name_or_path` of its configuration, or by its shape, which proves nothing.
    """
    card = folder.card
    found = (
        _of_record(folder.path)
        or _of_cache(folder.path)
        or _of_weights(folder.weights_hash, folder)
        or _of_config(folder.config)
        or Origin()
    )
    return _with_card(_complete(found, folder.weights_hash), card)


def origin_of(parameters: Mapping[str, Any]) -> Origin:
    """Origin of the encoder that a representation names, whether or not its folder is still there.

    Args:
        parameters: Of the representation `encoder`, as recipes and models have them.
    """
    weights = str(parameters.get("tuned_from") or parameters.get("weights", ""))
    if place := str(parameters.get("encoder", "")):
        try:
            folder = open_folder(Path(place).expanduser())
            if not weights or folder.weights_hash == weights:
                return identify(folder)
        except ModelError:
            pass  # it is gone or another one: what is written in the model counts
    config = json.loads(parameters.get("config") or "{}").get("config", {})
    return _complete(_of_weights(weights, None) or _of_config(config) or Origin(), weights)


def encoder_of(about: Mapping[str, Any]) -> Origin | None:
    """Origin of a model's encoder, from its metadata; None of a model without one."""
    if written := about.get("encoder"):
        return origin_from(written)
    rep = about.get("representation") or {}
    return origin_of(rep) if rep.get("name") == "encoder" else None


def contamination(origin: Origin, corpus: str) -> Contamination:
    """Whether an encoder was trained on a corpus.

    Args:
        origin: Of the encoder.
        corpus: Name of the corpus, as its reader gives it.
    """
    if mine := _named(corpus, origin.declared):
        return Contamination(YES, f"Its model card names {mine} among its training data.")
    row = CATALOGUE.get(origin.name)
    if row and (mine := _named(corpus, row.heard)):
        said = f"{mine} is among the training data of {row.name}"
        return Contamination(YES, f"{said}{'' if origin.certain else ', which it resembles'}.")
    if row is None or not origin.certain:
        return Contamination(UNKNOWN, "It is not known where the encoder comes from.")
    if mine := _named(corpus, tuple(CORPORA_SINCE)):
        since = CORPORA_SINCE[mine]
        if since > row.year:
            said = f"{mine} was published in {since}, after {row.name} ({row.year})."
            return Contamination(UNLIKELY, said)
    if not row.published:
        said = f"It is not published what {row.name} was trained on."
        return Contamination(UNKNOWN, said)
    if mine := _named(corpus, row.overlaps):
        said = f"{row.name} was trained on the kind of source that {mine} was taken from."
        return Contamination(UNKNOWN, said)
    said = f"The training data of {row.name} are published, and {corpus} is not named among them."
    return Contamination(UNLIKELY, said)


def contamination_of(abouts: Iterable[Mapping[str, Any]], corpus: str) -> Contamination | None:
    """Of models that answer together, the gravest; None where none of them has an encoder.

    Args:
        abouts: Metadata of each.
        corpus: Name of the corpus.
    """
    origins = [origin for about in abouts if (origin := encoder_of(about)) is not None]
    found = [contamination(origin, corpus) for origin in origins]
    return min(found, key=lambda each: GRAVEST.index(each.answer), default=None)


def _named(corpus: str, names: tuple[str, ...]) -> str:
    """The first of the names that the name of a corpus contains as a word, however it is joined."""
    for name in names:
        joined = "[-_ ]?".join(map(re.escape, re.split("[-_ ]", name)))
        if re.search(rf"(?<![a-z]){joined}(?![a-z])", corpus, re.IGNORECASE):
            return name
    return ""


def _complete(origin: Origin, weights: str) -> Origin:
    """With licence and data of the catalogue, where it is that very encoder."""
    row = CATALOGUE.get(origin.name) if origin.certain else None
    if row is None:
        return Origin(**{**asdict(origin), "weights": weights})
    licence = row.licence if origin.licence == NOT_KNOWN else origin.licence
    more = {"licence": licence, "pretrained_on": row.pretrained_on, "weights": weights}
    return Origin(**{**asdict(origin), **more})


def _with_card(origin: Origin, card: Mapping[str, Any]) -> Origin:
    """With what the model card of the folder says, where the catalogue says nothing."""
    more: dict[str, Any] = {}
    if origin.licence == NOT_KNOWN and isinstance(card.get("license"), str):
        more["licence"] = card["license"]
    declared = tuple(map(str, _as_list(card.get("datasets"))))
    own = card.get("pretrained_on")
    declared += tuple(map(str, _as_list(own)))
    if declared:
        more["declared"] = declared
        if origin.pretrained_on == NOT_KNOWN:
            more["pretrained_on"] = f"{', '.join(declared)}, by the model card in its folder"
    return Origin(**{**asdict(origin), **more})


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _of_record(path: Path) -> Origin | None:
    """As `hub.fetch` wrote it."""
    try:
        written = files.read_json(path / RECORD)
        name, revision = str(written["name"]), str(written["revision"])
        licence = str(written.get("licence") or NOT_KNOWN)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    how = f"Fetched from the hub, revision {revision[:12]}."
    return Origin(name, certain=True, how=how, licence=licence)


def _of_cache(path: Path) -> Origin | None:
    """A snapshot in the cache of the hub: models--OWNER--NAME/snapshots/REVISION."""
    parts = path.expanduser().absolute().parts
    if len(parts) > 3 and parts[-2] == "snapshots" and parts[-3].startswith("models--"):
        name = parts[-3].removeprefix("models--").replace("--", "/", 1)
        how = f"In the hub's cache, revision {parts[-1][:12]}."
        return Origin(name, certain=True, how=how)
    return None


def _of_weights(weights: str, folder: EncoderFolder | None) -> Origin | None:
    """By the hash of the file, or of its values where an encoder of this shape has a known one."""
    name = WEIGHTS.get(weights, "")
    if not name and folder is not None:
        shapes = {_shape_of_row(CATALOGUE[each]) for each in PRINTS.values()}
        if _shape(folder.config) in shapes:
            name = PRINTS.get(fingerprint(folder), "")
    how = "Its weights are those of the public encoder."
    return Origin(name, certain=True, how=how) if name else None


def _of_config(config: Mapping[str, Any]) -> Origin | None:
    """By `_name_or_path`, else by the shape.

    A model that was made from a public one keeps that one's name there, so a head for a task that
    the public one does not have says that it is another one.
    """
    row = CATALOGUE.get(str(config.get("_name_or_path", "")))
    if row is not None and _shape(config) == _shape_of_row(row):
        heads = [str(each) for each in _as_list(config.get("architectures"))]
        tuned = any(re.search(r"For(?!PreTraining|Conditional)", head) for head in heads)
        if tuned and not row.fine_tuned:
            how = f"Made from it and trained further, on what is not said ({', '.join(heads)})."
            return Origin(row.name, how=how)
        return Origin(row.name, certain=True, how="Its configuration names it.")
    same = [each.name for each in CATALOGUE.values() if _shape_of_row(each) == _shape(config)]
    if not same:
        return None
    among = f", as {len(same) - 1} others have" if len(same) > 1 else ""
    return Origin(same[0], how=f"It has the shape of that one{among}, which proves nothing.")


Shape = tuple[str, int, int, int]


def _shape(config: Mapping[str, Any]) -> Shape:
    """Family, layers, size, and size of the vocabulary where it tells encoders apart."""
    family = str(config.get("model_type", ""))
    if family == "whisper":
        names = ("encoder_layers", "d_model", "vocab_size")
        layers, size, vocabulary = (int(config.get(name) or 0) for name in names)
        return family, layers, size, vocabulary
    layers, size = (int(config.get(name) or 0) for name in ("num_hidden_layers", "hidden_size"))
    return family, layers, size, 0


def _shape_of_row(row: KnownEncoder) -> Shape:
    return row.family, row.layers, row.size, row.vocabulary


def fingerprint(folder: EncoderFolder) -> str:
    """Sixteen hexadecimal digits of the encoder's values in half precision, whatever the file.

    Positional embeddings are left out: some layouts compute them.

    Raises:
        ModelError: If the weights are damaged.
    """
    return _fingerprint(folder.path, folder.stamp)


@lru_cache(maxsize=16)
def _fingerprint(path: Path, stamp: tuple[tuple[int, int], ...]) -> str:  # noqa: ARG001  (the key)
    from ser_core.features.encoders.families import family

    folder = open_folder(path)
    state = family(folder.model_type).state(folder.tensors())
    digest = hashlib.sha256()
    for name in sorted(state):
        if "embed_positions" not in name:
            digest.update(name.encode())
            digest.update(state[name].half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]

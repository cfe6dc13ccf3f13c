"""`python -m ser_core attack`: FGSM and PGD on clips of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ser_core.cli import console
from ser_core.cli.options import (
    CardFolder,
    Clips,
    Few,
    Include,
    JsonFile,
    Labels,
    OwnLabels,
    Places,
    ProgressFile,
    Reader,
    ReaderOptions,
    Seed,
    Threads,
    TriedOn,
    opened_as,
)
from ser_core.cli.robustness import carry_out
from ser_core.core import ParameterError
from ser_core.storage import atomic

if TYPE_CHECKING:
    from ser_core.robustness.assessment import Plan

Network = Annotated[Path, typer.Option("--model", help="Folder of one trained network.")]
Attacks = Annotated[
    list[str] | None,
    typer.Option("--attack", help="fgsm, pgd or random; can be repeated. All when absent."),
]
Epsilons = Annotated[
    list[float] | None,
    typer.Option(
        "--epsilon",
        help="On the representation the largest change in dB (sigma where it is not in dB); on "
        "the waveform the SNR in dB. Can be repeated; needs one --place.",
    ),
]
Wav = Annotated[
    Path | None,
    typer.Option(help="Folder for the attacked sounds and the differences, at the last epsilon."),
]


def attack(
    model: Network,
    corpus: TriedOn,
    reader: Reader = None,
    label: Labels = None,
    option: ReaderOptions = None,
    include: Include = "",
    own_labels: OwnLabels = False,
    clips: Clips = None,
    attacks: Attacks = None,
    places: Places = None,
    epsilons: Epsilons = None,
    few: Few = False,
    wav: Wav = None,
    seed: Seed = 0,
    threads: Threads = 1,
    json: JsonFile = None,
    out: CardFolder = None,
    progress_file: ProgressFile = None,
) -> None:
    """Adversarial attacks on a model: the share of right predictions that are turned.

    Only clips that were classified correctly count. A model that FGSM does not harm but PGD
    does is reported to mask its gradient.
    """
    from ser_core.robustness.assessment import Plan
    from ser_core.robustness.attack_domains import ATTACK_DOMAINS
    from ser_core.robustness.attacks import ATTACKS

    plan = Plan(
        model=model,
        corpus=opened_as(corpus, reader, label, option, include, own_labels=own_labels),
        reader=reader or "",
        clips=clips,
        attacks=tuple(attacks or ATTACKS),
        places=tuple(places or ATTACK_DOMAINS),
        epsilons=tuple(epsilons or ()),
        few=few,
        seed=seed,
    )
    if wav and len(plan.places) > 1:
        raise ParameterError("of which attack", subject="--wav", remedy="Name one --place")
    files = {"json": json, "out": out, "progress_file": progress_file}
    carry_out(plan, "Attack", threads=threads, **files)
    if wav:
        _write_sounds(plan, wav)


def _write_sounds(plan: Plan, folder: Path) -> None:
    """Clean, attacked and difference of every clip as WAV files."""
    from ser_core.audio import to_wav
    from ser_core.corpora import open_corpus
    from ser_core.inference.evaluation_clips import choose
    from ser_core.models.predictor import load
    from ser_core.robustness.attack_domains import ATTACK_DOMAINS, attackable
    from ser_core.robustness.single_clip import attacked

    predictor = load(plan.model)
    subset = choose(
        predictor, open_corpus(plan.corpus, plan.reader or None), plan.clips, seed=plan.seed
    )
    (domain,), name = plan.places, plan.attacks[0]
    level = (plan.epsilons or ATTACK_DOMAINS[domain].levels(attackable(predictor)))[-1]
    for number in range(len(subset)):
        one = subset.rows([number])
        found = attacked(predictor, one, name, domain, level, seed=plan.seed)
        stem = Path(str(one.clips.index[0])).stem
        sounds = {"clean": found.clean, "attacked": found.sound, "difference": found.difference}
        for what, sound in sounds.items():
            if sound is not None:
                atomic.write(folder / f"{stem}.{what}.wav", to_wav(sound))
    console.output.print(f"Sounds of {name} at the last epsilon are in {folder}", soft_wrap=True)

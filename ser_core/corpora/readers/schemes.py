"""The naming schemes of corpora, one row each: what the names of their files say."""

from __future__ import annotations

from ser_core.corpora.readers.base import READERS
from ser_core.corpora.readers.named import NameCoded


def _table(text: str) -> dict[str, str]:
    """Codes from lines of `code meaning`."""
    return dict(line.strip().split(maxsplit=1) for line in text.strip().splitlines())


_BY_SPEAKER_EMODB = {
    "03": ("male", "31"), "08": ("female", "34"), "09": ("female", "21"), "10": ("male", "32"),
    "11": ("male", "26"), "12": ("male", "30"), "13": ("female", "32"), "14": ("female", "35"),
    "15": ("male", "25"), "16": ("female", "31"),
}  # fmt: skip

_GENDERS = {"F": "female", "M": "male", "f": "female", "m": "male"}


def _esd_prompt(speaker: int, number: int) -> str:
    """What is read: the prompt of the language, in whatever emotion."""
    return f"{'zh' if speaker <= 10 else 'en'}-{(number - 1) % 350 + 1:03}"


SCHEMES: dict[str, NameCoded] = {
    # Livingstone & Russo (2018): modality-channel-emotion-intensity-statement-repetition-actor.
    "ravdess": NameCoded(
        title="RAVDESS",
        expects="files named like 03-01-05-01-02-01-12.wav",
        # 01 is sound out of a film, 03 sound alone; 02, a film without sound, has nothing to hear.
        pattern=r"0[13]-(?:01|02)-(?P<label>0[1-8])-(?P<intensity>0[12])-(?P<sentence>0[12])"
        r"-0[12]-(?P<speaker>[012]\d)",
        labels={
            "01": "neutral", "02": "calm", "03": "happiness", "04": "sadness",
            "05": "anger", "06": "fear", "07": "disgust", "08": "surprise",
        },
        codes={
            "gender": ("speaker", {f"{n:02}": "male" if n % 2 else "female" for n in range(1, 25)}),
            "intensity": ("intensity", {"01": "normal", "02": "strong"}),
            "text": (
                "sentence",
                {
                    "01": "Kids are talking by the door.",
                    "02": "Dogs are sitting by the door.",
                },
            ),
        },
        licence="CC BY-NC-SA 4.0",
        language="English",
        source="Livingstone & Russo (2018)",
    ),
    # Cao et al. (2014): actor_sentence_emotion_intensity.
    "crema-d": NameCoded(
        title="CREMA-D",
        expects="files named like 1001_DFA_ANG_XX.wav",
        pattern=r"(?P<speaker>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<label>[A-Z]{3})"
        r"_(?P<intensity>LO|MD|HI|XX?)",
        labels={
            "ANG": "anger", "DIS": "disgust", "FEA": "fear",
            "HAP": "happiness", "NEU": "neutral", "SAD": "sadness",
        },
        codes={
            "intensity": ("intensity", {"LO": "low", "MD": "medium", "HI": "high"}),
            "text": (
                "sentence",
                _table("""
                    IEO It's eleven o'clock.
                    TIE That is exactly what happened.
                    IOM I'm on my way to the meeting.
                    IWW I wonder what this is about.
                    TAI The airplane is almost full.
                    MTI Maybe tomorrow it will be cold.
                    IWL I would like a new alarm clock.
                    ITH I think I have a doctor's appointment.
                    DFA Don't forget a jacket.
                    ITS I think I've seen this before.
                    TSI The surface is slick.
                    WSI We'll stop in a couple of minutes.
                """),
            ),
        },
        speakers=("VideoDemographics.csv", {"ActorID": "speaker", "Sex": "gender", "Age": "age"}),
        licence="ODbL 1.0",
        language="English",
        source="Cao et al. (2014)",
    ),
    # Pichora-Fuller & Dupuis (2020): speaker_word_emotion. One file of the archive is OA_....
    "tess": NameCoded(
        title="TESS",
        expects="files named like OAF_back_angry.wav",
        pattern=r"(?P<speaker>OAF?|YAF)_(?P<sentence>[a-z']+)"
        r"_(?P<label>angry|disgust|fear|happy|neutral|ps|sad)",
        labels={},
        codes={
            "speaker": ("speaker", {"OAF": "OAF", "OA": "OAF", "YAF": "YAF"}),
            "gender": ("speaker", {"OAF": "female", "OA": "female", "YAF": "female"}),
            "age": ("speaker", {"OAF": "64", "OA": "64", "YAF": "26"}),
        },
        licence="CC BY-NC-ND 4.0",
        language="English",
        source="Pichora-Fuller & Dupuis (2020)",
    ),
    # Haq & Jackson (2010): speaker_emotion and number, or a folder for each speaker.
    "savee": NameCoded(
        title="SAVEE",
        expects="files named like DC_a01.wav or DC/a01.wav",
        pattern=r"(?P<speaker>DC|JE|JK|KL)[_/](?P<label>sa|su|[adfhn])\d\d",
        labels={
            "a": "anger", "d": "disgust", "f": "fear", "h": "happiness",
            "n": "neutral", "sa": "sadness", "su": "surprise",
        },
        codes={"gender": ("speaker", dict.fromkeys(("DC", "JE", "JK", "KL"), "male"))},
        language="English",
        source="Haq & Jackson (2010)",
        note="The numbers in the file names do not say which sentence is spoken, since each emotion"
        " counts its own, so the sentences are unknown",
    ),
    # Burkhardt et al. (2005): speaker, text, emotion, version, with German initials.
    "emo-db": NameCoded(
        title="EMO-DB",
        expects="files named like 03a01Fa.wav",
        pattern=r"(?P<speaker>0[389]|1[0-6])(?P<sentence>[ab]\d\d)(?P<label>[WLEAFTN])[a-z]?",
        labels={
            "W": "anger", "L": "boredom", "E": "disgust", "A": "fear",
            "F": "happiness", "T": "sadness", "N": "neutral",
        },
        codes={
            "gender": ("speaker", {code: who[0] for code, who in _BY_SPEAKER_EMODB.items()}),
            "age": ("speaker", {code: who[1] for code, who in _BY_SPEAKER_EMODB.items()}),
            "text": (
                "sentence",
                _table("""
                    a01 Der Lappen liegt auf dem Eisschrank.
                    a02 Das will sie am Mittwoch abgeben.
                    a04 Heute abend könnte ich es ihm sagen.
                    a05 Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.
                    a07 In sieben Stunden wird es soweit sein.
                    b01 Was sind denn das für Tüten, die da unter dem Tisch stehen?
                    b02 Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.
                    b03 An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes \
besucht.
                    b09 Ich will das eben wegbringen und dann mit Karl was trinken gehen.
                    b10 Die wird auf dem Platz sein, wo wir sie immer hinlegen.
                """),
            ),
        },
        language="German",
        source="Burkhardt et al. (2005)",
    ),
    # Latif et al. (2018): speaker, number, emotion and number; cut from talk shows.
    "urdu": NameCoded(
        title="URDU",
        expects="files named like SM2_F1_A023.wav",
        pattern=r"(?P<speaker>S(?P<gender>[MF])\d+)_F\d+_(?P<label>[AHNS])\d+",
        labels={"A": "anger", "H": "happiness", "N": "neutral", "S": "sadness"},
        codes={"gender": ("gender", _GENDERS)},
        language="Urdu",
        source="Latif et al. (2018)",
    ),
    # Retta et al. (2022): emotion and folder, sentence, repetition, gender, speaker. Numbers of
    # sentences are given for each emotion anew but for two, so one number may be several sentences.
    "ased": NameCoded(
        title="ASED",
        expects="files named like f2-07-01-01-31.wav",
        pattern=r"(?P<label>[nfhsa])[1-5]-(?P<sentence>0[1-7])-0[12]-(?P<gender>0[12])"
        r"-(?P<speaker>\d\d)",
        labels={
            "n": "neutral", "f": "fear", "h": "happiness", "s": "sadness", "a": "anger",
        },
        codes={"gender": ("gender", {"01": "female", "02": "male"})},
        language="Amharic",
        source="Retta et al. (2022)",
        note="A number stands for another sentence in most emotions, so sentences that count as"
        " the same may differ",
    ),
    # Canpolat et al. (2020): a folder for each emotion; speaker, emotion, word.
    "turev-db": NameCoded(
        title="TurEV-DB",
        expects="folders Angry, Calm, Happy, Sad with files named like 1984_kz_satir.wav",
        pattern=r"(?P<label>Angry|Calm|Happy|Sad)/(?P<speaker>\d{4})_[a-z]{2}_(?P<sentence>[^/]+?)",
        labels={},
        codes={"text": ("sentence", str)},
        language="Turkish",
        source="Canpolat et al. (2020)",
    ),
    # speaker, gender, age, word, level of emotion, recording.
    "baved": NameCoded(
        title="BAVED",
        expects="files named like 12-m-21-3-2-105.wav",
        pattern=r"(?P<speaker>\d+)-(?P<gender>[mfMF])-(?P<age>\d+)-(?P<sentence>[0-6])"
        r"-(?P<label>[0-2])-\d+",
        labels={},
        codes={
            "gender": ("gender", _GENDERS),
            "label": ("label", {"0": "low", "1": "neutral", "2": "high"}),
            "text": (
                "sentence",
                {
                    "0": "اعجبني", "1": "لم يعجبني", "2": "هذا", "3": "الفيلم", "4": "رائع",
                    "5": "مقول", "6": "سيئ",
                },
            ),
        },
        language="Arabic",
        source="github.com/40uf411/Basic-Arabic-Vocal-Emotions-Dataset",
        note="The labels are levels (low, neutral, high), not emotions: open the corpus with own"
        " labels (--own-labels) to tell the levels apart",
    ),
    # Costantini et al. (2014): emotion, speaker, sentence, with Italian initials.
    "emovo": NameCoded(
        title="EMOVO",
        expects="files named like rab-m1-l4.wav",
        pattern=r"(?P<label>neu|dis|gio|pau|rab|sor|tri)-(?P<speaker>[mfMF][1-3])"
        r"-(?P<sentence>b[1-3]|l[1-4]|n[1-5]|d[12])",
        labels={
            "neu": "neutral", "dis": "disgust", "gio": "happiness", "pau": "fear",
            "rab": "anger", "sor": "surprise", "tri": "sadness",
        },
        codes={
            "speaker": ("speaker", str.lower),
            "gender": ("speaker", lambda code: _GENDERS[code[0]]),
            "age": (
                "speaker",
                lambda code: {
                    "m1": "30", "m2": "27", "m3": "30", "f1": "28", "f2": "23", "f3": "25",
                }[code.lower()],
            ),
            "text": (
                "sentence",
                _table("""
                    b1 Gli operai si alzano presto.
                    b2 I vigili sono muniti di pistola.
                    b3 La cascata fa molto rumore.
                    l1 L'autunno prossimo Tony partirà per la Spagna: nella prima metà di ottobre.
                    l2 Ora prendo la felpa di là ed esco per fare una passeggiata.
                    l3 Un attimo dopo s'è incamminato... ed è inciampato.
                    l4 Vorrei il numero telefonico del Signor Piatti.
                    n1 La casa forte vuole col pane.
                    n2 La forza trova il passo e l'aglio rosso.
                    n3 Il gatto sta scorrendo nella pera.
                    n4 Insalata pastasciutta coscia d'agnello limoncello.
                    n5 Uno quarantatré dieci mille cinquantasette venti.
                    d1 Sabato sera cosa farà?
                    d2 Porti con te quella cosa?
                """),
            ),
        },
        language="Italian",
        source="Costantini et al. (2014)",
    ),
    # James et al. (2018): speaker, emotion, sentence and repetition (a, b), session. Of its ten
    # emotions five are none of the vocabulary.
    "jl-corpus": NameCoded(
        title="JL corpus",
        expects="files named like female1_angry_10a_1.wav",
        pattern=r"(?P<speaker>(?P<gender>female|male)[12])_(?P<label>[a-z]+)"
        r"_(?P<sentence>\d{1,2})[ab]_[12]",
        labels={},
        licence="CC0 1.0",
        language="English",
        source="James et al. (2018)",
    ),
    # Mohamad Nezami et al. (2019): gender and speaker, emotion, number; from radio plays.
    "shemo": NameCoded(
        title="ShEMO",
        expects="files named like F23H05.wav",
        pattern=r"(?P<speaker>(?P<gender>[FM])\d\d)(?P<label>[AFHNSW])\d\d",
        labels={
            "A": "anger", "F": "fear", "H": "happiness",
            "N": "neutral", "S": "sadness", "W": "surprise",
        },
        codes={"gender": ("gender", _GENDERS)},
        language="Persian",
        source="Mohamad Nezami et al. (2019)",
    ),
    # Duville et al. (2021): emotion, kind of voice, list of words, word. The names tell women, men
    # and children apart, not persons.
    "mesd": NameCoded(
        title="MESD",
        expects="files named like Anger_F_B_abuelos.wav",
        pattern=r"(?P<label>Anger|Disgust|Fear|Happiness|Neutral|Sadness)_(?P<voice>[FMC])_[AB]"
        r"_(?P<sentence>[^/]+?)",
        labels={},
        codes={
            "gender": ("voice", {"F": "female", "M": "male"}),
            "text": ("sentence", lambda words: words.replace("_", " ")),
        },
        licence="CC BY 4.0",
        language="Spanish (Mexico)",
        source="Duville et al. (2021)",
        note="The file names say women, men and children, not which person speaks, so the speakers"
        " are unknown",
    ),
    # Vryzas et al. (2018): emotion, utterance, speaker in brackets. All emotions share utterances.
    "aesdd": NameCoded(
        title="AESDD",
        expects="files named like a01 (1).wav",
        pattern=r"(?P<label>[adfhs])(?P<sentence>\d\d) ?\((?P<speaker>\d+)b?\)",
        labels={
            "a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "s": "sadness",
        },
        language="Greek",
        source="Vryzas et al. (2018)",
    ),
    # Zhou et al. (2021): a folder for each speaker, in it one for each emotion, in some copies
    # divided into train, evaluation and test. Speakers 1 to 10 read 350 prompts in Mandarin, the
    # others 350 in English; the numbers go on from emotion to emotion.
    "esd": NameCoded(
        title="ESD",
        expects="folders Angry, Happy, ... with files named like 0011_000351.wav",
        pattern=r"(?P<label>Angry|Happy|Neutral|Sad|Surprise)/"
        r"(?:(?P<official>train|evaluation|test)/)?"
        r"(?P<prompt>(?P<speaker>00(?:0[1-9]|1\d|20))_\d{6})",
        labels={},
        codes={
            "sentence": ("prompt", lambda name: _esd_prompt(int(name[:4]), int(name[5:]))),
            "official": (
                "official", {"train": "train", "evaluation": "validation", "test": "test"},
            ),
        },
        licence="Research only",
        language="English, Mandarin",
        source="Zhou et al. (2021)",
        own_split="folders train, evaluation and test of each speaker, so no speaker is unseen"
        " (Zhou et al. 2021)",
    ),
}  # fmt: skip

for _name, _scheme in SCHEMES.items():
    READERS.register(_name)(_scheme)

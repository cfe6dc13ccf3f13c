import pytest

from ser_core.corpora import EMOTIONS, normalise


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_vocabulary_names_itself(emotion):
    assert normalise(emotion) == normalise(emotion.upper()) == emotion


@pytest.mark.parametrize(
    ("label", "emotion"),
    [
        ("Happy", "happiness"),
        ("joy", "happiness"),
        ("ps", "surprise"),
        ("pleasant surprise", "surprise"),
        ("Pleasant_Surprised", "surprise"),
        ("fearful", "fear"),
        ("disgusted", "disgust"),
        ("bored", "boredom"),
        ("ANG", "anger"),
        (" Ärger ", "anger"),
        ("aerger", "anger"),
        ("Überraschung", "surprise"),
        ("złość", "anger"),
        ("szczęście", "happiness"),
        ("Ekel", "disgust"),
        ("Traurigkeit", "sadness"),
        ("neutralne", "neutral"),
        ("中性", "neutral"),
        ("生气", "anger"),
        ("快乐", "happiness"),
        ("难过", "sadness"),
        ("恐惧", "fear"),
        ("惊讶", "surprise"),
        ("厌恶", "disgust"),
    ],
)
def test_common_names_are_known(label, emotion):
    assert normalise(label) == emotion


@pytest.mark.parametrize("label", ["", "excited", "frustrated", "a", "W", "05", "xxx"])
def test_what_is_ambiguous_is_left_to_the_user(label):
    assert normalise(label) is None

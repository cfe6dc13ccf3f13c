"""Encoders of every family: opened safely, a clip in a batch as alone, held to `transformers`."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from ser_core.core import ModelError, ParameterError
from ser_core.features.encoders import open_folder
from ser_core.features.encoders.families import FAMILIES, family
from ser_core.features.encoders.whisper import WhisperEncoder
from ser_core.features.representations import make

from .conftest import KINDS


def sounds(*lengths):
    draw = torch.Generator().manual_seed(1)
    batch = torch.zeros(len(lengths), max(lengths))
    for row, length in zip(batch, lengths, strict=True):
        row[:length] = 0.1 * torch.randn(length, generator=draw)
    return batch, torch.tensor(lengths)


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_in_a_padded_batch_gives_what_it_gives_alone(make_encoder, kind):
    rep = make("encoder", encoder=str(make_encoder(kind)))
    batch, lengths = sounds(3_000, 9_123, 16_000)
    together = rep(batch, lengths)
    assert together.shape == (3, 2, 48, 1)
    for number, length in enumerate(lengths):
        alone = rep(batch[number : number + 1, :length])
        torch.testing.assert_close(together[number], alone[0], atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_very_short_sounds_and_silence_give_finite_numbers(make_encoder, kind):
    rep = make("encoder", encoder=str(make_encoder(kind)))
    for wave in (torch.zeros(1, 1), torch.zeros(1, 4_000), torch.ones(1, 30)):
        assert rep(wave).isfinite().all()


def test_whisper_is_that_of_transformers_on_a_sound_of_full_length(make_encoder):
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    folder = make_encoder("whisper")
    source = open_folder(folder)
    own = WhisperEncoder(source.config).eval()
    own.load_state_dict(family("whisper").state(source.tensors()))
    theirs = WhisperModel(WhisperConfig(**source.config)).eval()
    theirs.load_state_dict(source.tensors())
    prepared = WhisperFeatureExtractor(feature_size=16, chunk_length=1)
    wave = sounds(16_000)[0]
    mel = prepared(wave[0].numpy(), sampling_rate=16_000, return_tensors="pt").input_features
    with torch.no_grad():
        states = theirs.encoder(mel, output_hidden_states=True).hidden_states
        found = own(wave)[0]
    for mine, known in zip(found, states, strict=True):
        torch.testing.assert_close(mine, known[0], atol=1e-4, rtol=1e-4)


def test_wav2vec2_is_that_of_transformers(make_encoder):
    from transformers import AutoModel

    folder = make_encoder("wav2vec2, layer norm")
    theirs = AutoModel.from_pretrained(folder).eval()
    wave = sounds(8_000)[0]
    normal = (wave - wave.mean()) / (wave.var(correction=0) + 1e-7).sqrt()
    with torch.no_grad():
        states = theirs(normal, output_hidden_states=True).hidden_states
    found = make("encoder", encoder=str(folder), first=0)(wave)[0, :, :24, 0]
    for mine, known in zip(found, states, strict=True):
        torch.testing.assert_close(mine, known[0].mean(0), atol=1e-4, rtol=1e-4)


def test_what_identifies_it_is_the_weights_and_not_the_folder(make_encoder, tmp_path):
    import shutil

    folder = make_encoder("whisper")
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    one, two = make("encoder", encoder=str(folder)), make("encoder", encoder=str(moved))
    assert one.hash == two.hash
    assert one.hash != make("encoder", encoder=str(folder), last=1).hash
    shutil.rmtree(moved)
    again = make(two.name, **two.parameters)  # as a bundle names it, the folder gone
    assert again.hash == one.hash
    with pytest.raises(ModelError, match="no such folder"):
        again(torch.zeros(1, 1_000))
    with pytest.raises(ModelError, match="no such folder"):
        again.layers()  # a new model would have weights at random
    saved = one.layers().state_dict()
    opened = again.layers(pretrained=False)
    opened.load_state_dict(saved)
    wave = sounds(5_000)[0]
    torch.testing.assert_close(opened(wave), one(wave))


def test_folders_that_cannot_be_opened_are_refused_with_what_to_do(make_encoder, tmp_path):
    with pytest.raises(ModelError, match="there is no such folder"):
        open_folder(tmp_path / "none")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80")
    with pytest.raises(ModelError, match=r"a pickle.*save_pretrained"):
        open_folder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    (tmp_path / "config.json").write_text('{"model_type": "wisper"}')
    with pytest.raises(ModelError, match=r"'wisper' cannot be used.*Did you mean 'whisper'"):
        make("encoder", encoder=str(tmp_path))
    with pytest.raises(ModelError, match="weights cannot be read"):
        open_folder(tmp_path).tensors()
    with pytest.raises(ParameterError, match="name a folder"):
        make("encoder")
    with pytest.raises(ParameterError, match="be that of the encoder, 16000 Hz"):
        make("encoder", encoder=str(make_encoder("whisper")), sample_rate=8_000)
    with pytest.raises(ParameterError, match="be a layer from"):
        make("encoder", encoder=str(make_encoder("whisper")), last=9)


def test_every_family_says_what_it_was_pretrained_on():
    assert all(each.pretrained_on and each.title for _, each in FAMILIES.items())


@pytest.mark.parametrize("kind", KINDS)
def test_attention_weights_are_those_that_transformers_gives(make_encoder, kind):
    from transformers import AutoModel

    source = open_folder(make_encoder(kind))
    one = family(source.model_type)
    own = one.build(source.config, source.preparation, None).eval()
    own.load_state_dict(one.state(source.tensors()))
    theirs = AutoModel.from_pretrained(source.path, attn_implementation="eager").eval()
    wave = sounds(16_000)[0]
    with torch.no_grad():
        if kind == "whisper":
            frames = own.frames(torch.tensor([16_000]))
            mel = own.log_mel(wave, int(frames))
            found = own.attention(mel, frames)
            known = theirs.encoder(mel, output_attentions=True).attentions
        else:
            normal = (wave - wave.mean()) / (wave.var(correction=0) + 1e-7).sqrt()
            found = own.attention(wave)
            known = theirs(normal, output_attentions=True).attentions
    assert len(found) == len(known) == 2
    for mine, reference in zip(found, known, strict=True):
        torch.testing.assert_close(mine, reference, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(mine.sum(-1), torch.ones_like(mine[..., 0]))


def test_whisper_starts_from_its_own_log_mel_and_gradients_reach_it(make_encoder):
    source = open_folder(make_encoder("whisper"))
    own = WhisperEncoder(source.config).eval()
    batch, lengths = sounds(9_123, 16_000)
    frames = own.frames(lengths)
    mel = own.log_mel(batch, int(frames.max())).requires_grad_()
    states = own.from_log_mel(mel, frames)
    torch.testing.assert_close(states, own(batch, lengths), atol=0, rtol=0)
    states[0, -1, : int(frames[0])].sum().backward()
    assert mel.grad[0].abs().sum() > 0
    assert not mel.grad[1].any()


@pytest.mark.parametrize("size", [{"encoder_layers": 10**7}, {"d_model": 10**9}])
def test_sizes_that_no_encoder_has_are_refused_before_a_module_is_made(
    make_encoder, tmp_path, size
):
    folder = shutil.copytree(make_encoder("whisper"), tmp_path / "encoder")
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | size))
    with pytest.raises(ModelError, match="more than any encoder has"):
        make("encoder", encoder=str(folder))

"""Tiny encoders of every family with random weights, made by their own config classes."""

from __future__ import annotations

import pytest
import torch

from ser_core.features.representations import make
from ser_core.models.bundle import Bundle, architecture
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.networks import NETWORKS

CONVOLUTIONS = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (16, 16),
    "conv_stride": (8, 5),
    "conv_kernel": (10, 8),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}


def _layer(config):
    return config(**CONVOLUTIONS, feat_extract_norm="layer", do_stable_layer_norm=True)


def _group(config):
    return config(**CONVOLUTIONS, feat_extract_norm="group")


@pytest.fixture(scope="session")
def make_encoder(tmp_path_factory):
    """Maker of an encoder's folder by the name of a kind in `KINDS`; Whisper hears `seconds`."""

    def make(kind, seconds=1):
        import transformers

        configs = {
            "whisper": lambda: transformers.WhisperConfig(
                d_model=24, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=32,
                decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=32, num_mel_bins=16,
                max_source_positions=50 * seconds, vocab_size=20, pad_token_id=0, bos_token_id=1,
                eos_token_id=2, decoder_start_token_id=1,
            ),
            "wav2vec2, layer norm": lambda: _layer(transformers.Wav2Vec2Config),
            "wav2vec2, group norm": lambda: _group(transformers.Wav2Vec2Config),
            "hubert": lambda: _group(transformers.HubertConfig),
            "wavlm": lambda: _layer(transformers.WavLMConfig),
            "data2vec": lambda: transformers.Data2VecAudioConfig(
                **{k: v for k, v in CONVOLUTIONS.items() if "num_conv_pos" not in k},
                conv_pos_kernel_size=5, num_conv_pos_embeddings=2, num_conv_pos_embedding_groups=2,
            ),
        }  # fmt: skip
        torch.manual_seed(0)
        model = transformers.AutoModel.from_config(configs[kind]())
        folder = tmp_path_factory.mktemp("encoder")
        model.save_pretrained(folder)
        return folder

    return make


KINDS = (
    "whisper",
    "wav2vec2, layer norm",
    "wav2vec2, group norm",
    "hubert",
    "wavlm",
    "data2vec",
)


def untrained_on(folder, classes, *, network="linear", normalise="corpus"):
    """Bundle of an untrained model on an encoder whose weights are large enough to matter."""
    rep = make("encoder", encoder=str(folder))
    torch.manual_seed(0)
    model = EmotionClassifier(rep, normalise, NETWORKS[network].made(rep, len(classes)), classes)
    for name, weights in model.front_end.layers.named_parameters():
        if weights.dim() > 1 and "embed" not in name and "parametrizations" not in name:
            weights.data = torch.randn_like(weights) / weights[0].numel() ** 0.5
    # Statistics stay within the reach of the clamp, so that the logits are smooth.
    model.normaliser.spread.fill_(2.0)
    if network == "linear":
        torch.nn.init.normal_(model.network.fc.weight)
    return Bundle(model.eval(), architecture(model))

"""Pretrained speech encoders: opened from a local folder, run on the frames that are there.

`folder` reads what an encoder is and refuses what cannot be opened safely, `families` knows how
each family is prepared and run. A family gives, for a batch of sounds, the hidden states of all its
layers; a clip in a padded batch gives what it gives alone.
"""

from ser_core.features.encoders.folder import EncoderFolder, open_folder

__all__ = ["EncoderFolder", "open_folder"]

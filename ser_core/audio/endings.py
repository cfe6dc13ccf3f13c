"""Endings of sound files: those that are read, and those that look like sound and are not."""

from __future__ import annotations

ENDINGS = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".webm", ".mp4", ".wma"}
    | {".aif", ".aiff", ".aifc", ".caf", ".au", ".snd", ".w64", ".rf64", ".mka", ".mkv", ".mov"}
    | {".3gp", ".3g2", ".amr", ".m4b", ".mp2", ".spx", ".wv", ".ape", ".tta", ".ac3"}
)
"""Endings by which sound is looked for in a folder; a file that is named may have any."""

UNREAD = frozenset(
    {".sph", ".nist", ".raw", ".pcm", ".gsm", ".ra", ".rm", ".voc", ".sd2", ".vox", ".dss", ".ds2"}
    | {".dsf", ".dff", ".avi", ".wmv", ".mpg", ".mpeg", ".flv", ".mid", ".shn", ".adp", ".silk"}
)
"""Endings of sound that is not looked for: it has no header, or is rarely speech; it is counted."""

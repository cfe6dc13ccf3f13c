"""Models put to use: on files and recordings, on new voices, and on a corpus to be judged."""

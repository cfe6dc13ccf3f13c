"""Inference: models applied to recordings, to enrolled speakers and to whole corpora."""

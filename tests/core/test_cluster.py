"""Finding a Ray cluster: what does not listen is said at once."""

from __future__ import annotations

import pytest

from ser_core.bench.servers import free_port
from ser_core.core import WorkerError
from ser_core.core.cluster import connected


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_on_which_nothing_listens_is_refused_at_once(monkeypatch, scheme):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", f"{scheme}127.0.0.1:{free_port()}")
    no_cluster = pytest.raises(WorkerError, match=r"there is no Ray cluster .*ray start --head")
    with no_cluster, connected():
        pass

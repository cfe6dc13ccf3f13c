"""`python -m ser_core`."""

import os

# Before anything imports torch: spinning OpenMP threads on a busy machine cost thirtyfold.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from ser_core.cli import main

if __name__ == "__main__":
    main()

"""`python -m ser_core`."""

from ser_core.cli import main

if __name__ == "__main__":
    main()

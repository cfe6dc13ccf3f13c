"""Imported once by the server that forks the processes of `kills`; nothing else imports it."""

import importlib

from ser_core.soak.kills import IMPORTS

for _name in IMPORTS:
    importlib.import_module(_name)

"""Files and folders that are whole or absent, the trash, and the store of features."""

from ser_core.storage.jsonfile import read_json, write_json
from ser_core.storage.trash import Trash

__all__ = ["Trash", "read_json", "write_json"]

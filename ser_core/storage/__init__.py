"""Files and folders that are whole or absent, the trash, and the store of features."""

"""What an LMDB store is on the disk: the names of its files, and which of the two engines reads them."""

DATA_FILE = "data.mdb"
LOCK_FILE = "lock.mdb"

LMDB_ENGINE = 0
"""The older of the two engines that py-lmdb ships; their files are not readable by each other, and the newer one is young."""

TESTED_VERSION = (0, 9, 36)

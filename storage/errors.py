"""What can go wrong with the database file; the program's entry catches StorageError, prints it and stops."""


class StorageError(Exception):
    """The file cannot be used as it is; the text says what was expected, what was found and what to do."""


class DiskFullError(StorageError):
    """There is no room to write; the transaction was rolled back whole."""


class LockedError(StorageError):
    """Another process holds the file."""


class CorruptError(StorageError):
    """The file is damaged, or no database of this program at all."""


class NewerVersionError(StorageError):
    """A newer version of this program has written the file."""


class NotMigratedError(StorageError):
    """The file is missing or older than this program, and was to be read only."""


class UnreadableError(StorageError):
    """The operating system does not let the file be read or written."""


class BackupExistsError(StorageError):
    """The file to back up to is there already and would be lost."""

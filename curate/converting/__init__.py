"""Converting: records to the files that other tools read."""

from curate.converting.account import Account
from curate.converting.convert import check_file, convert, of_split
from curate.converting.targets import TARGETS, Target, llama_factory_entry

__all__ = [
    "TARGETS",
    "Account",
    "Target",
    "check_file",
    "convert",
    "llama_factory_entry",
    "of_split",
]

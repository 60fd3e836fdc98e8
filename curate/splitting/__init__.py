"""Split a dataset directory so that what belongs together stays together."""

from curate.splitting.dataset import split_dataset
from curate.splitting.rechecking import check_split
from curate.splitting.shares import Shares, split_of

__all__ = ["Shares", "check_split", "split_dataset", "split_of"]

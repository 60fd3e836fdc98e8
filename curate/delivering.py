"""A dataset directory on its way to where the user wants it: a folder, or a store behind a URL."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from curate.dataset.names import FILES, MANIFEST
from curate.errors import DatasetError, SourceError, UsageError, clip
from curate.sources.remote import RemoteFolders, check_url, filesystem, is_url, reaching

__all__ = ["Delivery", "check_resume"]


class Delivery:
    """Where a dataset directory is written, and how it gets to where it is wanted.

    Behind a URL it is written whole in a temporary folder first, then copied, the manifest last:
    without one it counts as unfinished.

    Args:
        out: a folder, or a URL that fsspec can write to.
        overwrite: replace a dataset that is there.

    Attributes:
        folder: where to write.

    Raises:
        UsageError: the URL cannot be meant so.
        SourceError: the store cannot be reached.
        DatasetError: the folder behind the URL is taken.

    """

    def __init__(self, out: str, *, overwrite: bool = False) -> None:
        self._url = out if is_url(out) else ""
        self._temporary: Path | None = None
        self.folder = Path(out)
        if self._url:
            check_url(out)
            self._there = self._claim(overwrite)

    def __enter__(self) -> Self:
        if self._url:
            self._temporary = Path(tempfile.mkdtemp(prefix="curate-"))
            self.folder = self._temporary / "dataset"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def deliver(self) -> None:
        """Bring the directory, which is finished now, to where it is wanted.

        Raises:
            DatasetError: that broke off; it says where the directory lies.
        """
        if not self._url:
            return
        store, root = filesystem(self._url)
        root = root.rstrip("/")
        names = sorted(path.name for path in self.folder.iterdir() if path.name != MANIFEST)
        try:
            with reaching(self._url):
                store.makedirs(root, exist_ok=True)
                if MANIFEST in self._there:
                    store.rm_file(f"{root}/{MANIFEST}")
                for name in (*names, MANIFEST):
                    store.put_file(str(self.folder / name), f"{root}/{name}")
                for name in self._there - {*names, MANIFEST}:
                    store.rm_file(f"{root}/{name}")
        except (SourceError, KeyboardInterrupt) as error:
            kept, self._temporary = self._temporary, None
            raise DatasetError(
                f"{error or self._url}: the copy broke off, and what is there counts as "
                f"unfinished; the dataset lies whole in {kept}/dataset: copy it, {MANIFEST} last"
            ) from error

    def _claim(self, overwrite: bool) -> set[str]:
        """Return what the folder behind the URL holds already."""
        folders = RemoteFolders(self._url)
        if not folders.is_folder(self._url):
            if folders.is_file(self._url):
                raise DatasetError(f"{self._url}: is a file; name a folder to write")
            return set()
        there = set(folders.names(self._url))
        if foreign := sorted(there - set(FILES)):
            raise DatasetError(
                f"{self._url}: holds {clip(foreign[0])} and is no dataset directory; name a new "
                "or empty folder"
            )
        if MANIFEST in there and not overwrite:
            raise DatasetError(f"{self._url}: holds a dataset; pass --overwrite to replace it")
        return there


def check_resume(out: str, resume: bool) -> None:
    """Raise UsageError where there can be nothing to go on with."""
    if resume and is_url(out):
        raise UsageError(
            f"--resume: what a run had done when it stopped lies in a folder of this machine, not "
            f"behind {clip(out)}; write to a folder and copy it"
        )

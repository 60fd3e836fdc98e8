"""Files behind a URL (s3://, gs://, hf://, https:// ...), through fsspec."""

import io
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from curate.errors import SourceError, UsageError, clip

__all__ = ["RemoteFolders", "check_url", "filesystem", "is_hub", "is_url", "open_url", "reaching"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SECRET = re.compile(r"sig|token|key|secret|passw|credential|auth", re.IGNORECASE)


def is_url(path: str) -> bool:
    r"""Return whether a path is a URL, which fsspec opens.

    >>> is_url("s3://bucket/a.jsonl"), is_url("hf:OWNER/NAME"), is_url("C:\\a.jsonl")
    (True, False, False)
    """
    return _URL.match(path) is not None


def is_hub(path: str) -> bool:
    """Return whether a path is a dataset of the hub, `hf:OWNER/NAME`, and no file of one.

    >>> is_hub("hf:OWNER/NAME"), is_hub("hf://datasets/OWNER/NAME/a.jsonl")
    (True, False)
    """
    return path.startswith("hf:") and not is_url(path)


def check_url(url: str) -> None:
    """Raise UsageError where a URL holds a secret: records and manifest name it for all to read.

    >>> check_url("https://host/a.jsonl?X-Amz-Signature=1")
    Traceback (most recent call last):
    curate.errors.UsageError: https://host/a.jsonl: its X-Amz-Signature would stand in every \
record; give credentials by the environment, or download the file first
    """
    parts = urlsplit(url)
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    secret = next((name for name in names if _SECRET.search(name)), "")
    if parts.password or (parts.username and parts.scheme.startswith("http")):
        secret = "user and password"
    if secret:
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        raise UsageError(
            f"{clip(shown)}: its {clip(secret)} would stand in every record; give credentials by "
            "the environment, or download the file first"
        )


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn what a store or the network raises into a SourceError that names the URL."""
    try:
        yield
    except (SourceError, UsageError):
        raise
    except FileNotFoundError as error:
        raise SourceError(f"{url} does not exist") from error
    except PermissionError as error:
        raise SourceError(f"{url}: access is denied: {_reason(error)}") from error
    except Exception as error:  # each store raises what its network layers raise
        raise SourceError(f"{url} cannot be reached: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return clip(lines[0], 200)


def filesystem(url: str) -> tuple[Any, str]:
    """Return the file system that knows a URL, and the path that it has there.

    Raises:
        UsageError: the protocol is unknown, or its package is not installed.
        SourceError: the store cannot be reached.
    """
    import fsspec
    from fsspec.registry import known_implementations

    with reaching(url):
        try:
            return fsspec.url_to_fs(url)  # type: ignore[no-any-return]
        except (ImportError, ValueError) as error:
            protocol = url.partition("://")[0]
            hint = known_implementations.get(protocol, {}).get("err", "no such protocol")
            raise UsageError(f"{clip(url)}: {protocol}:// cannot be read: {hint}") from error


class _File(io.RawIOBase):
    """An open file of a store, whose faults name it."""

    def __init__(self, url: str) -> None:
        self._url = url
        files, path = filesystem(url)
        with reaching(url):
            self._file = files.open(path, "rb")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def readinto(self, target: Any) -> int:  # noqa: ANN401
        with reaching(self._url):
            data = self._file.read(len(target))
        target[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        with reaching(self._url):
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def open_url(url: str) -> io.RawIOBase:
    """Return an open file of a store.

    Raises:
        SourceError: it does not exist or cannot be reached; a read raises it too.
        UsageError: the protocol is unknown, or its package is not installed.
    """
    return _File(url)


class RemoteFolders:
    """The folders of the store that knows a URL."""

    def __init__(self, url: str) -> None:
        self._files, _ = filesystem(url)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder."""
        with reaching(folder):
            found = self._files.ls(self._path(folder), detail=False)
        return [name for path in found if (name := posixpath.basename(path.rstrip("/")))]

    def is_folder(self, path: str) -> bool:
        """Return whether a path leads to a folder."""
        with reaching(path):
            return bool(self._files.isdir(self._path(path)))

    def is_file(self, path: str) -> bool:
        """Return whether a path leads to a file."""
        with reaching(path):
            return bool(self._files.exists(self._path(path)))

    def read(self, path: str) -> bytes | None:
        """Return what a file holds; None where there is none."""
        with reaching(path):
            inside = self._path(path)
            return bytes(self._files.cat_file(inside)) if self._files.isfile(inside) else None

    def glob(self, pattern: str) -> list[str]:
        """Return the URLs of the files that match, sorted."""
        with reaching(pattern):
            found = self._files.glob(self._path(pattern))
        return sorted(str(self._files.unstrip_protocol(path)) for path in found)

    def identity(self, folder: str) -> str:
        """Return the path: no link leads elsewhere."""
        return folder.rstrip("/")

    def join(self, folder: str, name: str) -> str:
        """Return the path of what lies in a folder."""
        return f"{folder.rstrip('/')}/{name}"

    def _path(self, url: str) -> str:
        return str(self._files._strip_protocol(url))

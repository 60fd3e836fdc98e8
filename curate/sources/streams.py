"""The uncompressed bytes of a stored file, hashed as they pass."""

import hashlib
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from curate.errors import SourceError
from curate.sources.remote import is_url, open_url

__all__ = ["Stream", "open_stream"]

CHUNK = 1 << 18
"""Bytes read at a time."""
PIECE = 1 << 14
"""Compressed bytes unpacked at a time."""
BOM = b"\xef\xbb\xbf"


class Stream(io.RawIOBase):
    """The uncompressed bytes of one file, without a byte order mark.

    Attributes:
        path: the path for messages.
        start: offset of the first byte: 3 where a byte order mark was skipped.
        failure: why the compressed stream broke off; empty while it has not.

    """

    def __init__(self, stored: BinaryIO | io.RawIOBase, path: str, packing: str = "") -> None:
        self.path = path
        self.failure = ""
        self._stored = stored
        self._digest = hashlib.sha256()
        self._chunks = self._unpack(packing) if packing else self._plain(CHUNK)
        self._ahead = memoryview(b"")
        self.start = len(BOM) if self.head(len(BOM)) == BOM else 0
        self._ahead = self._ahead[self.start :]

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, target: Any) -> int:  # noqa: ANN401
        """Return how many bytes were put into `target`; 0 at the end."""
        if not self._ahead:
            self._ahead = memoryview(next(self._chunks, b""))
        taken = self._ahead[: len(target)]
        target[: len(taken)] = taken
        self._ahead = self._ahead[len(taken) :]
        return len(taken)

    def readall(self) -> bytes:
        """Return the rest."""
        rest = io.BytesIO()
        rest.write(self._ahead)
        self._ahead = memoryview(b"")
        for chunk in self._chunks:
            rest.write(chunk)
        return rest.getvalue()

    def head(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end, without consuming them."""
        parts: list[bytes | memoryview] = [self._ahead]
        missing = size - len(self._ahead)
        while missing > 0 and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            missing -= len(chunk)
        if len(parts) > 1:
            self._ahead = memoryview(b"".join(parts))
        return bytes(self._ahead[:size])

    def lines(self) -> Iterator[bytes]:
        r"""Yield the rest line by line, each with its \n."""
        buffered = io.BufferedReader(self, CHUNK)
        try:
            for line in buffered:  # noqa: UP028  # yield from would close the buffer, and this
                yield line
        finally:
            if not self.closed:
                buffered.detach()

    def finish(self) -> str:
        """Return the SHA-256 of the bytes as stored, after the last of them."""
        for _ in self._plain(CHUNK):
            pass
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the stored file; standard input stays open."""
        if self._stored is not getattr(sys.stdin, "buffer", None):
            self._stored.close()
        super().close()

    def _plain(self, size: int) -> Iterator[bytes]:
        while chunk := self._read(size):
            self._digest.update(chunk)
            yield chunk

    def _read(self, size: int) -> bytes:
        try:
            return self._stored.read(size)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _unpack(self, packing: str) -> Iterator[bytes]:
        """Yield what the frames (gzip: members) hold; a broken one ends the stream."""
        new, damage = _unpacker(packing)
        frame: Any = None
        for piece in self._plain(PIECE):
            rest = piece
            while rest:
                if frame is None:
                    rest = rest.lstrip(b"\0") if packing == "gz" else rest
                    frame = new() if rest else None
                    continue
                saved = frame.copy() if packing == "gz" else None
                try:
                    chunk = frame.decompress(rest)
                except damage as error:
                    self.failure = f"compressed stream is damaged: {error}"
                    yield from _before_damage(saved, rest)
                    return
                if chunk:
                    yield chunk
                rest = frame.unused_data if frame.eof else b""
                frame = None if frame.eof else frame
        if frame is not None:
            self.failure = "compressed stream ends early"


def _unpacker(packing: str) -> tuple[Callable[[], Any], type[Exception]]:
    """Return what starts a frame, and the exception that says it is damaged."""
    if packing == "gz":
        return lambda: zlib.decompressobj(wbits=31), zlib.error
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError


def _before_damage(frame: Any, piece: bytes) -> Iterator[bytes]:  # noqa: ANN401
    """Yield what a gzip member still gives up to the byte at which it is damaged."""
    if frame is None:
        return
    try:
        for position in range(len(piece)):
            if chunk := frame.decompress(piece[position : position + 1]):
                yield chunk
    except zlib.error:
        return


def open_stream(path: str, packing: str = "") -> Stream:
    """Return the bytes of a file, of standard input for `-`.

    Raises:
        SourceError: the file cannot be opened.

    """
    if path == "-":
        if sys.stdin is None:
            raise SourceError("standard input is closed")
        return Stream(sys.stdin.buffer, "standard input")
    if is_url(path):
        return Stream(open_url(path), path, packing)
    try:
        return Stream(open(path, "rb", buffering=0), path, packing)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> SourceError:
    return SourceError(f"{path} cannot be read: {error.strerror or error}")

"""Output that outlives its reader: a pipe that closes early must not decide how the command ends.

With `aifactory gate | head`, the exit code is all that a pipeline looks at; a closed pipe that ended the command would
replace the verdict, as good or as bad. So what nobody reads is dropped, and the command goes on to its own end.
"""

from __future__ import annotations

import io
import sys
from typing import IO, TextIO, cast


def outlive_readers() -> None:
    """Let stdout and stderr drop what they can no longer write; a letter that a terminal lacks shows as a mark."""
    sys.stdout, sys.stderr = (_lasting(stream) for stream in (sys.stdout, sys.stderr))


def _lasting(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper) or not isinstance(_file(stream), io.FileIO):
        return stream
    stream.flush()
    raw = _Lasting(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        cast("IO[bytes]", io.BufferedWriter(raw)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _file(stream: io.TextIOWrapper) -> object:
    """The file below a stream; an unbuffered stream (`python -u`) stands on it directly."""
    return getattr(stream.buffer, "raw", stream.buffer)


class _Lasting(io.FileIO):
    """A file whose reader may go."""

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Write, or drop what there is no reader for. Returns the number of bytes taken."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes

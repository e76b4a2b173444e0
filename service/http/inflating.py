"""Unpacks bodies that were sent with gzip, and stops as soon as the limit is passed."""

import zlib

from service.domain.errors import MalformedEncoding, TooLarge, UnsupportedEncoding

PACKED_SLACK_BYTES = 64 * 1024
"""A body that does not compress is a little longer as gzip than without it."""

MEMBERS_MAX = 1000
"""How many gzip members a body may have. Tools that pack in blocks of 64 KiB make 256 of the longest batch."""

_CHUNK_BYTES = 64 * 1024
_GZIP = 31
"""With this value zlib accepts a gzip header and no other."""


def is_packed(content_encoding: str) -> bool:
    """Whether a body of this Content-Encoding is gzip. Raises UnsupportedEncoding for anything but gzip and none."""
    names = [name.strip().lower() for name in content_encoding.split(",")]
    applied = [name for name in names if name not in {"", "identity"}]
    if not applied:
        return False
    if applied in (["gzip"], ["x-gzip"]):
        return True
    raise UnsupportedEncoding("Send the body as it is, or packed once with Content-Encoding: gzip.")


def unpack(body: bytes, bytes_max: int) -> bytes:
    """The unpacked bytes of a gzip body. Raises MalformedEncoding, or TooLarge as soon as `bytes_max` is passed."""
    packed, place, parts, left, members = memoryview(body), 0, list[bytes](), bytes_max, 0
    while place < len(packed):
        member = zlib.decompressobj(_GZIP)
        members += 1
        while not member.eof:
            chunk = packed[place : place + _CHUNK_BYTES]
            if not chunk or members > MEMBERS_MAX:
                raise MalformedEncoding("The body is gzip that was cut, or of too many parts; send the whole of it.")
            part = _next(member, chunk, left + 1)
            place += len(chunk) - len(member.unused_data)
            left -= len(part)
            if left < 0:
                raise TooLarge("Unpacked, the body is over the limit of this address; send less at once.")
            parts.append(part)
    return b"".join(parts)


def _next(member: "zlib._Decompress", chunk: memoryview, bytes_max: int) -> bytes:
    try:
        return member.decompress(chunk, bytes_max)
    except zlib.error:
        raise MalformedEncoding(
            "The body is not gzip, as its Content-Encoding says; pack it again, or leave the header out."
        ) from None

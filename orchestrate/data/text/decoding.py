"""Turn the bytes of a file into text: unpack them, and refuse other kinds of file by name."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib

from orchestrate.data.files.bounds import read_bounded
from orchestrate.domain.errors import DataError


def decode(raw: bytes, where: str) -> str:
    """Return the text of a file's bytes."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decoded(raw, "utf-16", where)
    if b"\0" in raw:
        raise DataError(
            "this is a binary file, not text", where=where, hint="CSV, CSV packed by gzip, or Parquet can be read"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _decoded(raw, "cp1252", where)
    start = text[:200].lstrip().lower()
    if start.startswith(("<!doctype", "<html", "<?xml", "{", "[")):
        kind = "JSON" if start[0] in "{[" else "a web page"
        raise DataError(f"this is {kind}, not CSV", where=where, hint="download the data again, as CSV")
    return text


def _decoded(raw: bytes, encoding: str, where: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"byte {error.start} is no text in {encoding}", where=where, hint="save the file as UTF-8 text"
        ) from None


def unpack(raw: bytes, most: int, where: str) -> bytes:
    """Return the bytes of a file, or of the one file in a gzip or zip file, which unpacks to `most` bytes or fewer."""
    if raw[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(raw)) as file:
                return read_bounded(file, most, where)
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(
                f"the gzip file is damaged or cut off ({error})", where=where, hint="download or pack it again"
            ) from None
    if raw[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                names = archive.namelist()
                if len(names) == 1:
                    with archive.open(names[0]) as file:
                        return read_bounded(file, most, where)
        except (zipfile.BadZipFile, OSError, zlib.error, RuntimeError, NotImplementedError) as error:
            raise DataError(f"the zip file is damaged ({error})", where=where, hint="download it again") from None
        kind = "an Excel workbook" if "xl/workbook.xml" in names else f"a zip file with {len(names)} files"
        raise DataError(f"this is {kind}", where=where, hint="save the bars as one CSV file")
    return raw

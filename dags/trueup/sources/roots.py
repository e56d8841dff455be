"""Which files a run may read: only those below the source roots, never any file of the worker."""

import difflib
import os
import stat
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from trueup.errors import Refused

ROOTS_VARIABLE = "TRUEUP_SOURCE_ROOTS"
BUNDLE = Path(__file__).resolve().parents[3]

# Byte order marks, white space and the NULs of blank UTF-16: a file of nothing else holds no row.
_BLANK = b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n\v\f"
_CHUNK_BYTES = 1 << 20
_NAMES_LOOKED_AT = 2_000


def source_roots_from_environment() -> list[Path]:
    """The folders named in TRUEUP_SOURCE_ROOTS, else the bundle's samples and its inbox.

    Colon-separated; a relative folder counts from the bundle, because a worker's current folder
    is nothing that a person can know.
    """
    named = [part for part in os.environ.get(ROOTS_VARIABLE, "").split(os.pathsep) if part.strip()]
    if named:
        return [BUNDLE / part.strip() for part in named]
    return [BUNDLE / "include" / "samples", BUNDLE / ".trueup" / "inbox"]


def resolve_source(path: str, roots: Sequence[Path]) -> Path:
    """The real path of a readable, non-empty regular file below one of the roots.

    A relative path is tried against each root, then against the bundle. Raises Refused, with what
    to do, for everything else; nothing but a regular file is ever opened.
    """
    if not path.strip() or "\0" in path:
        raise Refused("No source file is named. Give the path of a file below " + _names(roots))
    real_roots = [_real(root) for root in roots]
    candidates = [_real(folder / path) for folder in (*roots, BUNDLE)]
    inside = [name for name in candidates if any(name.is_relative_to(r) for r in real_roots)]
    if not inside:
        # Said before looking whether it exists: who may trigger must not map the worker's disk.
        raise Refused(
            f"{path!r} lies outside the folders that sources may be read from ({_names(roots)}). "
            f"Copy the file into one of them, or add its folder to {ROOTS_VARIABLE}."
        )
    for candidate in inside:
        try:
            mode = candidate.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise _unreadable(path, error) from error
        _refuse_unless_regular(path, mode)
        _refuse_if_blank(path, candidate)
        return candidate
    raise Refused(
        f"There is no file {path!r} below {_names(roots)}.{_suggestion(path, real_roots)} "
        f"Put the file there, or add its folder to {ROOTS_VARIABLE}."
    )


def _real(path: Path) -> Path:
    """Without symlinks and dots; a loop of symlinks or an impossible name is refused."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise Refused(f"{str(path)!r} is not a path that can be followed: {error}") from error


def _refuse_unless_regular(path: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise Refused(f"{path!r} is a folder. Name one file in it.")
    if not stat.S_ISREG(mode):
        raise Refused(
            f"{path!r} is a pipe, socket or device, which cannot be read twice. "
            "Write its content to a file and name that."
        )


def _refuse_if_blank(path: str, real: Path) -> None:
    """Read no further than the first byte that could belong to a row."""
    try:
        # Should a pipe have taken the file's place by now, opening it must not wait for a writer.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                if chunk.strip(_BLANK):
                    return
    except OSError as error:
        raise _unreadable(path, error) from error
    raise Refused(
        f"{path!r} is empty: there is no header and no row in it. "
        "Deliver the file again, or name another one."
    )


def _unreadable(path: str, error: OSError) -> Refused:
    return Refused(
        f"{path!r} cannot be read ({error.strerror or error}). "
        "Give the user that runs the worker the right to read it."
    )


def _names(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots) or f"(no folder; set {ROOTS_VARIABLE})"


def _suggestion(path: str, real_roots: Sequence[Path]) -> str:
    """Name files of the roots that look like what was asked for, or nothing."""
    files = list(islice(_files(real_roots), _NAMES_LOOKED_AT))
    near = difflib.get_close_matches(path, files, n=3)
    base_names = {Path(name).name: name for name in files}
    near += [base_names[n] for n in difflib.get_close_matches(Path(path).name, base_names, n=3)]
    near = list(dict.fromkeys(near))[:3]
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def _files(real_roots: Sequence[Path]) -> Iterator[str]:
    for root in real_roots:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                yield str((Path(folder) / name).relative_to(root))

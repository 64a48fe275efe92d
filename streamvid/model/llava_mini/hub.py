"""Checkpoints by their name on the Hugging Face hub, downloaded by the hub's own library.

Files land in the library's own cache, where other programs find them too; ``HF_HOME``,
``HF_TOKEN``, ``HF_ENDPOINT`` and ``HF_HUB_OFFLINE`` mean what they mean there. Within a
run a download that breaks off goes on where it stopped; between runs (huggingface_hub 2.4) files
that came whole are kept and the one that did not is fetched anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamvid.model.errors import WeightsError

_PICKLED = "*.bin"
_WANTED = ["*.json", "*.safetensors", _PICKLED, "*.model", "*.jinja"]


def fetch(name: str, *, say: Callable[[str], None]) -> Path:
    """The folder of ``name`` on disk, downloaded where it is not there yet, or not all of it.

    ``say`` gets the size before anything is loaded. Raises WeightsError in one line where the hub
    cannot be reached and nothing is on disk, or does not know the name.
    """
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import DryRunError, HfHubHTTPError, OfflineModeIsEnabled

    unreachable = (httpx2.TransportError, OfflineModeIsEnabled, ConnectionError, TimeoutError)
    try:
        with _bars(shown=False):
            planned: Any = snapshot_download(name, allow_patterns=_WANTED, dry_run=True)
        files = _chosen([one.filename for one in planned])
        missing = [one for one in planned if one.will_download and one.filename in files]
        if missing:
            size = sum(one.file_size or 0 for one in missing)
            files_word = "file" if len(missing) == 1 else "files"
            say(
                f"downloading {name}: {_readable(size)} in {len(missing)} {files_word};"
                " files that came whole are kept if it breaks off"
            )
        with _bars(shown=bool(missing) and sys.stderr.isatty()):
            return Path(snapshot_download(name, allow_patterns=files))
    except DryRunError as error:
        # Its own words leave out whether there is no connection or no such model.
        cause = error.__cause__ or error
        if isinstance(cause, HfHubHTTPError) and not isinstance(cause, OfflineModeIsEnabled):
            raise WeightsError(f"the hub does not give {name!r}: {_line(cause)}") from error
        return _on_disk(name, cause)
    except unreachable as error:
        return _on_disk(name, error)
    except HfHubHTTPError as error:
        raise WeightsError(f"the hub does not give {name!r}: {_line(error)}") from error
    except OSError as error:
        reason = error.strerror or _line(error)
        raise WeightsError(f"cannot keep {name!r} from the hub: {reason}; set HF_HOME") from error


@contextmanager
def _bars(*, shown: bool) -> Iterator[None]:
    """The hub's own progress bars, or none of them."""
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    (enable_progress_bars if shown else disable_progress_bars)()
    try:
        yield
    finally:
        enable_progress_bars()


def _on_disk(name: str, error: BaseException) -> Path:
    from huggingface_hub import snapshot_download

    # What was downloaded is whole with pickled weights, or without where there were others.
    for wanted in (_WANTED, [one for one in _WANTED if one != _PICKLED]):
        try:
            return Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
        except (OSError, ValueError):
            continue
    raise WeightsError(
        f"{name!r} is not on disk and the hub cannot be reached ({_line(error)});"
        " try again with a connection, or pass the folder of a checkpoint"
    ) from error


def _chosen(names: Sequence[str]) -> list[str]:
    """All but pickled weights where there are safetensors."""
    if any(name.endswith(".safetensors") for name in names):
        return [name for name in names if not name.endswith(".bin")]
    return list(names)


def _readable(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(size, 1) / 1e6:.1f} MB"


def _line(error: BaseException) -> str:
    told = str(error).strip().splitlines()
    return told[0] if told else type(error).__name__

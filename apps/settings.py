"""Settings of the program, layered: defaults, TOML file, environment, flags; later ones win.

``resolve`` is a function of its arguments; ``read_file`` is the one place that touches a disk.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.errors import SettingError
from capture import LiveSettings
from streamvid.settings import Settings

VARIABLE_PREFIX = "STREAMVID_"
LIVE_PREFIX = "live_"
"""Before the names of what ``capture.LiveSettings`` holds."""
OF_THE_MODEL = ("short_side_px", "max_frame_px")
"""Of these, what the model decides."""

_FILE_ID = re.compile("[0-9a-f]{64}")
_SHORT_NAME = re.compile("[0-9A-Za-z][0-9A-Za-z_-]{0,11}")
_STILLS_WORDS = 40
"""Letters of a name that its folder of stills bears at most."""

Precision = typing.Literal["auto", "fp32", "bf16", "int8"]
Quantize = typing.Literal["none", "nf4"]
Device = typing.Literal["auto", "cpu", "cuda"]
Geometry = typing.Literal["stretch", "square", "pad", "reference"]


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What the program runs with: folders, the model's name, and the settings of the layer below.

    ``home`` holds ``recordings/`` and ``stills/``; ``cache`` holds converted weights. ``weights``
    are trained weights in place of the packaged ones; ``precision`` "auto" takes what was measured
    to pay on this machine. With ``quantize`` "nf4" the decoder layers are kept in 4 bits.
    ``device`` is where a LLaVA-Mini runs ("auto": on CUDA if there is any); nano takes the
    processor. ``live`` says when a live source counts as blind, and how it is tried again.
    processor. ``geometry`` is how its frames become squares: "reference" is the reference
    implementation's own resampling, bit by bit.
    """

    home: Path
    cache: Path
    model: str = "nano"
    weights: Path | None = None
    precision: Precision = "auto"
    quantize: Quantize = "none"
    device: Device = "auto"
    geometry: Geometry = "stretch"
    core: Settings = dataclasses.field(default_factory=Settings)
    live: LiveSettings = dataclasses.field(default_factory=LiveSettings)

    @property
    def recordings(self) -> Path:
        """The folder of all recordings."""
        return self.home / "recordings"

    def stills(self, recording_id: str) -> Path:
        """The folder of a recording's saved stills, which no other recording has.

        A short name, as people read and type it: of a file's id the start; a live one's id is its
        name or address, of which the letters are told and the whole is counted in.
        """
        if _FILE_ID.fullmatch(recording_id) or _SHORT_NAME.fullmatch(recording_id):
            return self.home / "stills" / recording_id[:12]
        words = re.sub("[^0-9A-Za-z]+", "-", recording_id).strip("-")[:_STILLS_WORDS]
        digest = hashlib.sha256(recording_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return self.home / "stills" / f"{words}-{digest}".lstrip("-")


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings in force, and for each name where its value came from."""

    settings: AppSettings
    origins: Mapping[str, str]

    def values(self) -> dict[str, object]:
        """Every setting by name, the program's own first."""
        own = {name: getattr(self.settings, name) for name in _OWN}
        live = {LIVE_PREFIX + name: getattr(self.settings.live, name) for name in _LIVE}
        return own | dataclasses.asdict(self.settings.core) | live


def default_folders(environment: Mapping[str, str]) -> dict[str, Path]:
    """``home``, ``cache`` and ``config`` after the XDG rules; those that can be told."""
    folders = {}
    for name, variable, fallback, inside in (
        ("home", "XDG_DATA_HOME", ".local/share", "streamvid"),
        ("cache", "XDG_CACHE_HOME", ".cache", "streamvid"),
        ("config", "XDG_CONFIG_HOME", ".config", "streamvid/config.toml"),
    ):
        # The XDG rules say that a relative path is to be ignored.
        if Path(environment.get(variable, "")).is_absolute():
            folders[name] = Path(environment[variable]) / inside
        elif Path(environment.get("HOME", "")).is_absolute():
            folders[name] = Path(environment["HOME"]) / fallback / inside
    return folders


def read_file(path: Path, *, required: bool) -> dict[str, object]:
    """Values of a TOML file; none where it is missing and not ``required``."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        if required:
            raise SettingError(f"no settings file at {str(path)!r}; write one or drop it") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0].lower()
        raise SettingError(f"cannot read settings in {str(path)!r}: {reason}") from error


def resolve(
    *,
    folders: Mapping[str, Path],
    file: Mapping[str, object],
    file_name: str,
    environment: Mapping[str, str],
    flags: Mapping[str, str],
) -> Resolved:
    """Lay the four layers over each other. Raises ``SettingError`` that names the layer.

    ``file`` holds typed values, ``environment`` and ``flags`` texts; unknown names are refused in
    the file and the flags, and passed over in the environment, which is not ours alone.
    """
    values: dict[str, object] = {n: folders[n] for n in ("home", "cache") if n in folders}
    origins = dict.fromkeys(_TYPES, "default")
    for name, value in file.items():
        _need_known(name, file_name)
        values[name] = _typed(name, value, file_name)
        origins[name] = file_name
    for name in _TYPES:
        variable = VARIABLE_PREFIX + name.upper()
        if variable in environment:
            values[name] = _parsed(name, environment[variable], variable)
            origins[name] = variable
    for name, text in flags.items():
        _need_known(name, "flag")
        values[name] = _parsed(name, text, "flag")
        origins[name] = "flag"
    for name in ("home", "cache"):
        if name not in values:
            raise SettingError(f"no folder for {name}: HOME is not set; set it or {name} itself")
    own = {name: values.pop(name) for name in _OWN if name in values}
    live = {n: values.pop(LIVE_PREFIX + n) for n in _LIVE if LIVE_PREFIX + n in values}
    try:
        core = Settings(**values)  # type: ignore[arg-type]  # _typed checked each
        settings = AppSettings(core=core, live=LiveSettings(**live), **own)  # type: ignore[arg-type]
    except ValueError as error:
        # The value's own check names the setting first; its origin tells where to mend it.
        first = str(error).split()[0]
        name = LIVE_PREFIX + first if first in _LIVE else first
        words = str(error) if name == first else LIVE_PREFIX + str(error)
        raise SettingError(f"{words} (set by {origins.get(name, 'default')})") from error
    return Resolved(settings, origins)


def setting_text(value: object) -> str:
    """A value as ``--set`` takes it."""
    return ",".join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)


def allowed_text(name: str) -> str:
    """What the setting ``name`` may be, for a person: ``a whole number or none``."""
    kind, optional = _kind(name)
    return _wanted(kind) + (" or none" if optional else "")


_NUMBERS = tuple[float, ...]
_OWN: dict[str, typing.Any] = {
    "home": Path,
    "cache": Path,
    "model": str,
    "weights": Path | None,
    "precision": Precision,
    "quantize": Quantize,
    "device": Device,
    "geometry": Geometry,
}
_LIVE: dict[str, typing.Any] = {
    name: kind
    for name, kind in typing.get_type_hints(LiveSettings).items()
    if name not in OF_THE_MODEL
}
_TYPES: dict[str, typing.Any] = (
    _OWN
    | typing.get_type_hints(Settings)
    | {LIVE_PREFIX + name: kind for name, kind in _LIVE.items()}
)


def _need_known(name: str, origin: str) -> None:
    if name not in _TYPES:
        raise SettingError(f"no setting named {name!r} (set by {origin}); see --show-settings")


def _parsed(name: str, text: str, origin: str) -> object:
    """Turn a text of the environment or a flag into the setting's type."""
    kind, optional = _kind(name)
    if optional and text.lower() in ("", "none"):
        return None
    if kind is bool and text.lower() in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        return text.lower() in ("1", "true", "yes", "on")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    if kind == _NUMBERS:
        try:
            return tuple(float(part) for part in text.split(","))
        except ValueError:
            pass
    return _typed(name, text, origin)


def _typed(name: str, value: object, origin: str) -> object:
    """Check a typed value against the setting's type; whole numbers pass as decimal ones."""
    kind, optional = _kind(name)
    if value is None and optional:
        return None
    if kind is Path and isinstance(value, str) and value:
        return Path(value).expanduser().absolute()
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == _NUMBERS and isinstance(value, list):
        return tuple(float(_typed_number(name, part, origin)) for part in value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    if typing.get_origin(kind) is typing.Literal and value in typing.get_args(kind):
        return value
    raise SettingError(f"{name} is {value!r} (set by {origin}); pass {_wanted(kind)}")


def _typed_number(name: str, value: object, origin: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SettingError(f"{name} holds {value!r} (set by {origin}); pass numbers")
    return float(value)


def _kind(name: str) -> tuple[typing.Any, bool]:
    """The setting's type without ``None``, and whether it may be ``None``."""
    hint = _TYPES[name]
    if isinstance(hint, types.UnionType):
        (kind,) = (arg for arg in typing.get_args(hint) if arg is not type(None))
        return kind, True
    return hint, False


def _wanted(kind: typing.Any) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return " or ".join(typing.get_args(kind))
    if kind == _NUMBERS:
        return "numbers with commas between them"
    names = {int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
    return names.get(kind, "text")

"""Options that commands share, and the settings that come out of them."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from apps import logs
from apps.errors import SettingError, TimeTextError
from apps.models import model_loader
from apps.render import WaitingLine, settings_document, settings_lines
from apps.settings import AppSettings, Resolved, default_folders, read_file, resolve
from apps.times import parse_time
from streamvid.model.seam import VideoModel
from streamvid.session import Session

Command = Callable[..., None]
_FLAGS = "apps.cli.flags"


@dataclass(frozen=True, slots=True)
class Setup:
    """What every command is given: the settings in force, and whether a machine reads along."""

    settings: AppSettings
    as_json: bool


class TimeText(click.ParamType[float]):
    """A stream time on the command line: seconds, ``m:ss`` or ``h:mm:ss``."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds; a misuse where it is no time."""
        if isinstance(value, float):
            return value
        try:
            return parse_time(str(value))
        except TimeTextError as error:
            self.fail(str(error), param, ctx)


class Words(click.ParamType[str]):
    """Text meant for the model: bytes that are no UTF-8 become question marks.

    The system hands them over as lone surrogates, which no tokenizer and no database takes.
    """

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The text, fit to be encoded."""
        return str(value).encode("utf-8", "replace").decode("utf-8")


def setting_option(flag: str, name: str, **attributes: Any) -> Callable[[Command], Command]:
    """A flag that sets the setting ``name``, so that the layers and their origins stay true."""

    def remember(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.meta.setdefault(_FLAGS, {})[name] = value

    return click.option(flag, callback=remember, expose_value=False, **attributes)


def takes_settings(function: Command) -> Command:
    """Add the settings' flags and ``--json``; call ``function`` with a ``Setup`` in front."""

    @setting_option(
        "--home",
        "home",
        metavar="DIR",
        help="Folder of the memory and the stills. Default: ~/.local/share/streamvid.",
    )
    @setting_option(
        "--model",
        "model",
        metavar="NAME",
        help="nano, a LLaVA-Mini checkpoint's folder or owner/name on the hub, or module:function.",
    )
    @setting_option(
        "--quantize",
        "quantize",
        type=click.Choice(["none", "nf4"]),
        help="nf4: keep the decoder layers in 4 bits; less memory, less exact.",
    )
    @click.option(
        "--config",
        metavar="FILE",
        help="Settings file (TOML). Default: ~/.config/streamvid/config.toml.",
    )
    @click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set any setting that --show-settings shows; may be given more than once.",
    )
    @click.option("--show-settings", is_flag=True, help="Show what is in force, and from where.")
    @click.option("-v", "--verbose", is_flag=True, help="Log events to stderr.")
    @click.option(
        "--json", "as_json", is_flag=True, help="JSON, one document a line (docs/json.md)."
    )
    @functools.wraps(function)
    def command(
        config: str | None,
        assignments: tuple[str, ...],
        show_settings: bool,
        verbose: bool,
        as_json: bool,
        **rest: object,
    ) -> None:
        context = click.get_current_context()
        flags = dict(map(_assignment, assignments)) | context.meta.get(_FLAGS, {})
        resolved = _resolve(flags, config)
        if show_settings:
            _show(resolved, as_json=as_json)
            return
        for parameter in context.command.params:
            # They are not required to click, so that --show-settings needs none.
            if isinstance(parameter, Needed) and rest[parameter.name or ""] is None:
                raise click.MissingParameter(ctx=context, param=parameter)
        logs.configure(sys.stderr, verbose=verbose)
        function(Setup(resolved.settings, as_json), **rest)

    return command


class Needed(click.Argument):
    """An argument that every use but ``--show-settings`` needs."""

    def __init__(self, names: list[str], **attributes: Any) -> None:
        attributes.setdefault("metavar", names[0].upper())
        super().__init__(names, required=False, **attributes)


@contextmanager
def open_session(setup: Setup, *, quiet: bool = False) -> Iterator[Session]:
    """A session on the home in force; its model loads when first needed.

    ``quiet``: the screen is somebody else's, who shows that it loads.
    """
    settings = setup.settings
    waiting = WaitingLine(sys.stderr, "loading the model ...")
    load = model_loader(settings, note=waiting.note)

    def load_visibly() -> VideoModel:
        with nullcontext() if quiet else waiting:
            return load()

    with Session(settings.recordings, load_visibly, settings=settings.core) as session:
        yield session


def say(line: str) -> None:
    """One line to the person; stdout is for results alone."""
    click.echo(line, err=True)


def print_document(document: dict[str, Any]) -> None:
    """One JSON document on one line, in ASCII: safe in any terminal's encoding."""
    click.echo(json.dumps(document))


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise SettingError(f"--set {text!r} has no value; write --set NAME=VALUE")
    return name.strip(), value.strip()


def _resolve(flags: dict[str, str], config: str | None) -> Resolved:
    folders = default_folders(os.environ)
    path = Path(config) if config is not None else folders.get("config")
    file = read_file(path, required=config is not None) if path is not None else {}
    return resolve(
        folders=folders, file=file, file_name=str(path), environment=os.environ, flags=flags
    )


def _show(resolved: Resolved, *, as_json: bool) -> None:
    if as_json:
        print_document(settings_document(resolved))
        return
    for line in settings_lines(resolved):
        click.echo(line)

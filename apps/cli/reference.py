"""Writes the pages of docs that the program knows best: ``python -m apps.cli.reference FOLDER``.

cli.md is the program's own help, settings.md what stands beside each setting in the source.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from apps.cli.program import NAME, program
from apps.settings import (
    LIVE_PREFIX,
    OF_THE_MODEL,
    VARIABLE_PREFIX,
    allowed_text,
    setting_text,
)
from capture import LiveSettings
from streamvid.settings import Settings

WIDTH_COLUMNS = 90

_CLI_HEAD = """\
# Command line

`streamvid` and `python -m apps` are the same program. This page is written by `make docs` from
the program's own help.

Results go to stdout, everything else (progress, notes, errors) to stderr. A refusal is one line on
stderr and an exit code from the table below. Documents of `--json` are described in
[json.md](json.md), settings in [settings.md](settings.md).
"""

_SETTINGS_HEAD = f"""\
# Settings

Four layers, later ones win: defaults, the TOML file (`$XDG_CONFIG_HOME/streamvid/config.toml`, or
`--config FILE`), the environment (`{VARIABLE_PREFIX}` and the name in capitals), flags
(`--set NAME=VALUE`; some have a flag of their own). `--show-settings` prints what is in force and
where each value came from. This page is written by `make docs` from the source.

The file has one `name = value` a line:

```toml
home = "/srv/streamvid"
fusion = "full"
max_new_tokens = 96
```

## The program

| name | allowed | default | meaning |
|---|---|---|---|
| `home` | path | `$XDG_DATA_HOME/streamvid` | holds `recordings/` and `stills/` |
| `cache` | path | `$XDG_CACHE_HOME/streamvid` | holds converted weights |
| `model` | text | `nano` | `nano`, a LLaVA-Mini's folder or hub name, or `module:function` |
| `weights` | a path or none | `None` | trained weights in place of the packaged ones |
| `precision` | {allowed_text("precision")} | `auto` | `auto`: what pays on this machine, measured |
| `quantize` | {allowed_text("quantize")} | `none` | `nf4`: decoder layers in 4 bits |
| `device` | {allowed_text("device")} | `auto` | of a LLaVA-Mini; `auto`: CUDA if there is any |
| `geometry` | {allowed_text("geometry")} | `stretch` | of a LLaVA-Mini's frames |

## Watching, answering, the engine

`None` leaves the choice to the model.

| name | allowed | default | meaning |
|---|---|---|---|
"""


_LIVE_HEAD = """
## Live sources

What a recording may take of the disk is no setting but `--keep` of `watch` and `serve`: see
[watch.md](watch.md#what-is-kept), also for what it is where nobody says it.

| name | allowed | default | meaning |
|---|---|---|---|
"""


def cli_page() -> str:
    """docs/cli.md: the help of every command."""
    parts = [_CLI_HEAD, _section(NAME, _help(program, [NAME]))]
    for name, command in sorted(program.commands.items()):
        parts.append(_section(f"{NAME} {name}", _help(command, [NAME, name])))
    return "\n".join(parts)


def settings_page() -> str:
    """docs/settings.md: every setting with its type, its default and its meaning."""
    rows = _described(Settings, "", str)
    live = _described(LiveSettings, LIVE_PREFIX, setting_text, but=OF_THE_MODEL)
    return _SETTINGS_HEAD + "\n".join(rows) + "\n" + _LIVE_HEAD + "\n".join(live) + "\n"


def _described(
    kind: type, prefix: str, shown: Callable[[object], str], but: Sequence[str] = ()
) -> list[str]:
    """A row for each field of a settings value, from the text below it in the source."""
    (described,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(described, ast.ClassDef)
    rows = []
    for field, text in zip(described.body, described.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(text, ast.Expr):
            continue
        assert isinstance(field.target, ast.Name)
        assert isinstance(text.value, ast.Constant)
        if field.target.id in but:
            continue
        name, default = prefix + field.target.id, getattr(kind(), field.target.id)
        meaning = " ".join(str(text.value.value).split()).replace("``", "`")
        rows.append(f"| `{name}` | {allowed_text(name)} | `{shown(default)}` | {meaning} |")
    return rows


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{text}\n```\n"


def _help(command: click.Command, path: list[str]) -> str:
    # A fixed width, so that the page does not depend on the terminal that wrote it.
    context = click.Context(
        command,
        info_name=" ".join(path),
        terminal_width=WIDTH_COLUMNS,
        help_option_names=["-h", "--help"],
    )
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "cli.md").write_text(cli_page(), encoding="utf-8")
    (folder / "settings.md").write_text(settings_page(), encoding="utf-8")

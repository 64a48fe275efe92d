"""``streamvid doctor``: what works on this machine and what does not."""

from __future__ import annotations

import dataclasses

import click

from apps.cli.options import Setup, print_document, takes_settings
from apps.errors import AppError
from apps.examination import Finding, examine
from apps.render import plain

_EPILOG = """\b
Examples:
  streamvid doctor
  streamvid doctor --json
"""


@click.command(epilog=_EPILOG)
@takes_settings
def doctor(setup: Setup) -> None:
    """Check this machine: versions, decoders, devices, models, folders.

    Ends with exit code 1 where something that is needed does not work; each line says what to do.
    """
    findings: list[Finding] = []
    for finding in examine(setup.settings):
        findings.append(finding)
        if not setup.as_json:
            mark = "ok" if finding.works else ("BAD" if finding.needed else "no")
            remedy = "" if finding.works else f"; {finding.remedy}"
            click.echo(f"{mark:<4}{finding.name}: {plain(finding.found)}{remedy}")
    broken = [finding.name for finding in findings if finding.needed and not finding.works]
    if setup.as_json:
        checks = [dataclasses.asdict(finding) for finding in findings]
        print_document({"works": not broken, "checks": checks})
    if broken:
        raise AppError(f"not in order: {', '.join(broken)}; each line above says what to do")

"""A real Chromium, and what tests do with a page in it."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
expect.set_options(timeout=30_000)
SCREENSHOTS = Path(__file__).parent.parent.parent.parent / "out" / "screenshots"
WIDE = {"width": 1600, "height": 950}
PHONE = {"width": 360, "height": 740}
TIMEOUT_MS = 30_000
INSECURE = "insecure.test"
"""A name of this machine that a browser does not take for this machine."""
ARGUMENTS = (
    "--no-sandbox",  # a container's root has no other way
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1",
)


def chromium() -> str | None:
    """Where this system's own Chromium is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def save(page: Any, name: str) -> None:
    """Keep a screenshot, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SCREENSHOTS / f"{name}.png"))


def pixel(page: Any, selector: str, part: float, y: int) -> tuple[int, ...]:
    """The colour of an element's picture at ``part`` of its width, ``y`` pixels down."""
    png = page.locator(selector).screenshot()
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return tuple(int(value) for value in picture[y, int(part * picture.shape[1])])


def ask(page: Any, question: str) -> Any:
    """Ask about what the page shows; its turn, once that is over."""
    number = page.locator(".turn").count()
    page.fill("#question", question)
    page.keyboard.press("Enter")
    turn = page.locator(".turn").nth(number)
    expect(turn).to_have_attribute("data-state", "over")
    return turn

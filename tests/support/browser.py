"""Headless Chromium, where there is one: screenshots, and what a page says on its console."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """The browser's program, None where there is none. MEMORY_BUDGET_TEST_BROWSER names another one."""
    return os.environ.get("MEMORY_BUDGET_TEST_BROWSER") or next(
        (path for name in NAMES if (path := shutil.which(name))), None
    )


def run(program: str, profile: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it headless with a profile folder of its own; standard error holds the console of the page."""
    command = [
        program,
        "--headless=new",
        "--no-sandbox",  # tests run as root in containers
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",  # a page that wants the network shall fail
        f"--user-data-dir={profile}",
        "--enable-logging=stderr",
        "--v=0",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def screenshot(
    program: str, profile: Path, page: Path, target: Path, width: int, height: int, *, dark: bool = False
) -> None:
    """Write a PNG of the page. Raises RuntimeError where none came out."""
    # Headless Chromium makes no window narrower than 500 pixels: a frame of the wanted width stands in.
    source = page
    if width < 500:
        source = page.with_name(f"frame-{width}.html")
        source.write_text(
            f'<body style="margin:0"><iframe src="{page.name}" style="border:0;width:{width}px;height:{height}px"></iframe>'
        )
    extra = ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = run(
        program,
        profile,
        f"--window-size={max(width, 500)},{height}",
        f"--screenshot={target}",
        *extra,
        source.as_uri(),
    )
    if not target.exists():
        raise RuntimeError(done.stderr[-2000:])

"""Draw docs/{telegram,discord}{,-dark}.png."""

import asyncio
import re
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE
from itertools import product
from pathlib import Path

from tests.house.tree import ROOT
from tests.pictures import discord, telegram
from tests.pictures.scene import a_scene

WIDTH = 390
"""A phone's, in CSS pixels."""
SCALE = 2

_HEIGHT = re.compile(r'data-height="(\d+)"')
_PAGE = """<!doctype html><html class="{theme}"><meta charset="utf-8"><style>
* {{ box-sizing: border-box; }} body {{ margin: 0; width: {width}px }}
{css}</style><body>{body}<script>
document.documentElement.dataset.height = document.body.scrollHeight</script></body></html>"""


async def draw() -> None:
    """Draw both chats, light and dark."""
    browser, quantiser = _program("chromium"), _program("pngquant")
    scene = await a_scene()
    chats = {"telegram": telegram.chat(scene), "discord": discord.chat(scene)}
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        for name, theme in product(chats, ("light", "dark")):
            css = (Path(__file__).parent / f"{name}.css").read_text(encoding="utf-8")
            page.write_text(
                _PAGE.format(theme=theme, width=WIDTH, css=css, body=chats[name]), encoding="utf-8"
            )
            picture = ROOT / "docs" / f"{name}{'-dark' if theme == 'dark' else ''}.png"
            await _photograph(browser, page, picture)
            await _run(quantiser, "--force", "--ext", ".png", "--strip", "96", str(picture))


async def _photograph(browser: str, page: Path, picture: Path) -> None:
    """Ask the browser how high the page is, then draw it."""
    quietly = (browser, "--headless", "--no-sandbox", "--hide-scrollbars")
    found = _HEIGHT.search(await _run(*quietly, "--dump-dom", f"--window-size={WIDTH},800", page.as_uri()))
    if found is None:
        sys.exit("expected the page to tell its height, found nothing")
    size = (f"--window-size={WIDTH},{found[1]}", f"--force-device-scale-factor={SCALE}")
    await _run(*quietly, f"--screenshot={picture}", *size, page.as_uri())


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        sys.exit(f"expected {name} on the path, found none")
    return path


async def _run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    output, errors = await process.communicate()
    if process.returncode:
        sys.exit(f"expected {command[0]} to succeed, found {process.returncode}: {errors.decode()}")
    return output.decode()


if __name__ == "__main__":
    asyncio.run(draw())

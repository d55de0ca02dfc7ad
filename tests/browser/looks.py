"""Looking at a page as people see it: light and dark, within the screen, without barriers."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import SCREENSHOTS

_DRESS = """scheme => {
  document.documentElement.classList.toggle("dark", scheme === "dark");
  for (const moving of document.getAnimations()) if (moving.effect.getComputedTiming().iterations !== Infinity) moving.finish();
}"""
TOO_WIDE = """width => [...document.querySelectorAll("body *")].filter(each => each.getBoundingClientRect().right > width + 1)
  .map(each => each.outerHTML.slice(0, 120)).slice(-5)"""


def look(page: Page, name: str, *, within: str = "body") -> None:
    """Keep the page light and dark, for people to look at; it fits the screen, and nothing on it is a serious barrier."""
    page.wait_for_load_state()
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width, page.evaluate(TOO_WIDE, width))
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(_DRESS, scheme)
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True, animations="disabled")
        found = barriers(page, within)
        assert not found, (name, width, scheme, found)


def barriers(page: Page, within: str = "#content") -> dict[str, Any]:
    """What keeps people out, rule by rule with the places; the theme brings select2, which it draws anew for each choice."""
    found = Axe().run(page, context={"include": [[within]], "exclude": [[".select2"]]}).response["violations"]
    grave = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in grave}

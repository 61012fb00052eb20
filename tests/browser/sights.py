"""What can be wrong with a page that is open in a browser, whatever it is about."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from idp.core.settings import ROOT

PHONE, DESK = 375, 1280
CATALOGUE = ROOT / "idp" / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
# A permission, role or product as the files spell it, where a person expects words; not the end of a host name.
_FIRST = "accounting|capture|company|invoicing|operations|payroll|practice"
RAW = re.compile(rf"(?<![.\w])(?:{_FIRST})\.[a-z][a-z-]+\b(?!\.)")
# French: what stands before ; : ! ? and inside « » is a space at which no line breaks.
LOOSE = re.compile(r" [;:!?»]|« |[a-zà-ÿ][!?;](?!\w)|[a-zà-ÿ]: |\w'\w")
_PLACES = re.compile(r"%\(\w+\)s|%%")
LONG_ENOUGH = 14

# Text as it is seen: neither scripts nor what is hidden, one entry for each run of letters.
_TEXT = """() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const apart = "script, style, [lang]:not(html), pre, code, input, textarea, template";
  while (walk.nextNode()) {
    const text = walk.currentNode.data.replace(/[ \\n\\t]+/g, " ").trim();
    if (text && !walk.currentNode.parentElement.closest(apart)) found.push(text);
  }
  return found;
}"""
# Also what reaches out of the window although the window does not scroll for it.
_WIDE = """() => {
  const root = document.documentElement, across = root.clientWidth, found = [];
  const hidden = ".visually-hidden, .skip, details:not([open]) > :not(summary)";
  if (root.scrollWidth > across) found.push(`scrolls sideways: ${root.scrollWidth} px`);
  for (const each of document.querySelectorAll("main *, header *, footer *")) {
    const box = each.getBoundingClientRect();
    if (box.width > 1 && (box.right > across + 1 || box.left < -1) && !each.closest(hidden))
      found.push(`<${each.tagName} class="${each.className}">: ${Math.round(box.left)} to ${Math.round(box.right)} px`);
  }
  return found.slice(0, 3);
}"""
_AXE = "async (options) => (await axe.run(document, options)).violations"


def faults(page: Page, language: str, *, words: bool = True) -> Iterator[str]:
    """Width and headings; words, unless the page shows what was written in another language."""
    yield from sideways(page)
    headings = page.locator("h1").all_inner_texts()
    if len(headings) != 1 or not headings[0].strip():
        yield f"{len(headings)} main headings: {headings}"
    if headings and headings[0].strip() not in page.title().replace("\u00ad", ""):
        yield f"the title {page.title()!r} does not hold the heading {headings[0]!r}"
    if page.locator("html").get_attribute("lang") != language:
        yield "is in another language"
    if not words:
        return
    texts: list[str] = page.evaluate(_TEXT)
    whole = "\n".join(texts)
    yield from (f"a name from a file: {each}" for each in sorted(set(RAW.findall(whole))))
    yield from (f"in the other language: {each!r}" for each in foreign(texts, language))
    if language == "fr":
        yield from (f"spaces or apostrophes: {each!r}" for each in texts if LOOSE.search(each))


def across(page: Page) -> int:
    """How wide the page that is open, or on its way, is: more than its window when it scrolls sideways.

    A click answers as soon as the next page begins to come; of that one, nothing is there to be measured yet.
    """
    page.wait_for_load_state()
    found: int = page.evaluate("document.documentElement.scrollWidth")
    return found


def sideways(page: Page) -> list[str]:
    """What reaches out of the window."""
    page.wait_for_load_state()
    found: list[str] = page.evaluate(_WIDE)
    return found


def grave(page: Page, *, only: str = "") -> list[str]:
    """What axe calls serious or critical."""
    page.wait_for_load_state()
    page.evaluate(_axe())
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if only:
        options["runOnly"] = [only]
    return [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']][:4]}"
        for each in page.evaluate(_AXE, options)
        if each["impact"] in ("serious", "critical")
    ]


@cache
def _axe() -> str:
    return f"() => {{ {Axe().axe_script} }}"


def foreign(texts: list[str], language: str) -> list[str]:
    """Pieces of the catalogue of the other language."""
    whole, short = "\n".join(texts), set(texts)
    pieces = _pieces()[language]
    return [each for each in pieces if (each in whole if len(each) >= LONG_ENOUGH else each in short)][:5]


@cache
def _pieces() -> dict[str, list[str]]:
    """By language, what must not stand in its pages: the texts of the other one, without what is put into them."""
    with CATALOGUE.open("rb") as file:
        entries = [entry for entry in read_po(file, locale="fr") if entry.id]
    english, french = set(), set()
    for entry in entries:
        sources = entry.id if isinstance(entry.id, tuple) else (entry.id,)
        strings = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        english |= {piece for text in sources for piece in _cut(text)}
        french |= {piece for text in strings for piece in _cut(text)}
    return {"fr": sorted(english - french), "en": sorted(french - english)}


def _cut(text: str) -> Iterator[str]:
    whole = _PLACES.split(text)
    for piece in whole:
        cleaned = re.sub(r"[ \n\t]+", " ", piece).strip()
        if len(cleaned) >= LONG_ENOUGH or (len(whole) == 1 and len(cleaned) > 3):
            yield cleaned

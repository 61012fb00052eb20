"""Without a mouse: a role is changed and a request is answered by keys alone, and one always sees where one is."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.guide import Guide
from tests.browser.tour import LUMEN, STUDIO

_HELD = """() => {
  const held = document.activeElement, style = getComputedStyle(held);
  const label = held.labels && held.labels.length ? held.labels[0].innerText : held.innerText || "";
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 1;
  return [label.replace(/\\s+/g, " ").trim(), held.id, seen];
}"""


def opened(guide: Guide, chromium: Browser, name: str, path: str) -> Page:
    """A page of somebody who is signed in, on a phone, in French."""
    context = chromium.new_context(viewport={"width": 375, "height": 812}, locale="fr-FR", reduced_motion="reduce")
    context.set_default_timeout(20_000)
    address = guide.stage.settings.issuer
    kept = {**guide.cookies(name), "sesame_lang": "fr"}
    context.add_cookies([{"name": key, "value": value, "url": address} for key, value in kept.items()])
    page = context.new_page()
    page.goto(address + path)
    return page


def go_to(page: Page, wanted: str) -> None:
    """Press Tab until the thing of this name, or with this id, has the focus; each on the way shows that it has it."""
    seen = []
    for _ in range(90):
        page.keyboard.press("Tab")
        label, key, visible = page.evaluate(_HELD)
        seen.append(label)
        assert visible or label == "", f"nobody sees that {label or key!r} has the focus"
        if wanted == key or label.startswith(wanted):
            return
    raise AssertionError(f"{wanted!r} is not reached: {seen}")


def press(page: Page, wanted: str) -> None:
    """Go to a link or a button, and press Enter."""
    go_to(page, wanted)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(text)


def test_a_role_is_changed_with_the_keyboard_alone(guide: Guide, chromium: Browser) -> None:
    page = opened(guide, chromium, "thomas.lefevre", f"/companies/{guide.stage.company(LUMEN)}/people")
    go_to(page, "Aller au contenu")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    press(page, "Inès Moreau")
    press(page, "Modifier (Comptabilité)")
    heading(page, "Quel rôle pour Inès Moreau dans Comptabilité")
    go_to(page, "Teneur de livres")
    for _ in "ab":
        page.keyboard.press("ArrowDown")
    press(page, "Continuer avec ce rôle")
    heading(page, "Assistant achats dans Comptabilité pour Inès Moreau")
    press(page, "Voir ce qui change")
    heading(page, "Ce qui change pour Inès Moreau")
    press(page, "Enregistrer ces droits")
    expect(page.get_by_role("main")).to_contain_text("Les droits sont enregistrés")
    expect(page.get_by_role("main")).to_contain_text("Assistant achats")
    page.context.close()


def test_a_mandate_is_confirmed_with_the_keyboard_alone(guide: Guide, chromium: Browser) -> None:
    page = opened(guide, chromium, "chloe.fontaine", f"/companies/{guide.stage.company(STUDIO)}/accountants")
    press(page, "Cabinet Deltour & Associés")
    press(page, "Répondre à la demande")
    press(page, "Donner l’accès")
    # What is wrong has the focus, and leads to its field.
    expect(page.locator(".summary")).to_be_focused()
    expect(page).to_have_title(re.compile("^Erreur"))
    expect(page.get_by_label("Révision (lecture seule)")).to_be_checked()  # as the firm has asked
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Adresse e-mail de votre comptable")).to_be_focused()
    page.keyboard.type("nathalie@cabinet-deltour.example.net")
    press(page, "Donner l’accès")
    expect(page.locator(".lead")).to_have_text("Actif")
    expect(page.get_by_role("main")).to_contain_text("Révision (lecture seule)")
    page.context.close()

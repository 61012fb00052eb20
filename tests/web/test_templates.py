"""Every page and mail template, rendered in both languages with a sample of the context that its first line asks for."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, render_template
from flask_babel import Babel, force_locale
from flask_wtf import CSRFProtect
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

IDP = Path(__file__).parents[2] / "idp"
PAGES = IDP / "web" / "templates"
MAILS = IDP / "outbox" / "templates"
LOCALES = ["fr", "en"]

BOOKS = {"name": "Comptabilité", "accent": "green", "mark": "Co"}
CAPTURE = {"name": "Saisie de documents", "accent": "amber", "mark": "Do"}
INES = {"display_name": "Inès Moreau", "email": "ines.moreau@atelier-lumen.example"}
MAIL = {
    "subject": "Activez votre compte", "sender": "no-reply@localhost", "recipient": "lea@atelier.example",
    "sent": "aujourd’hui à 09:12", "url": "/dev/mailbox/1", "text": "Bonjour,\n\nhttp://localhost:8000/activate/abc",
    "links": ["http://localhost:8000/activate/abc"],
}
PAGER = {"first": 1, "last": 20, "total": 41, "previous_url": None, "next_url": "?page=2"}
WAYS = [{"label": "Revenir à mes produits", "url": "/"}, {"label": "Aide", "url": "/help"}]
SUBJECT = {"email": "ines.moreau@atelier-lumen.example"}
# A QR code as segno writes it inline: one path, no style.
QR = Markup('<svg viewBox="0 0 29 29"><path stroke="#000" d="M4 4.500h7m1 0h2m3 0h8m-21 1h1m5 0h1m2 0h3"/></svg>')
GROUP = [
    {"label": None, "companies": [{"id": "1", "name": "Atelier Lumen", "detail": "Lille", "last": True}]},
    {"label": "Cabinet Deltour", "companies": [
        {"id": "2", "name": "Boulangerie Lemaire", "detail": "Namur", "last": False},
        {"id": "3", "name": "Studio Mirabelle", "detail": None, "last": False},
    ]},
]
TILES = [
    {"product": BOOKS, "url": "http://localhost:8001/", "role": "Comptable", "note": None},
    {"product": CAPTURE, "url": None, "role": "Titulaire", "note": "abonnement terminé"},
]

SAMPLES: dict[str, list[dict[str, Any]]] = {
    "sign_in/identifier_password.html": [
        {"product": BOOKS, "forgotten_url": "/reset", "help_url": "/help"},
        {"forgotten_url": "/reset", "note": "Ce lien a déjà servi. Connectez-vous.", "form": {"email": "ines@"},
         "problems": {"form": "Adresse ou mot de passe incorrect."}},
    ],
    "sign_in/totp.html": [
        {**SUBJECT, "product": BOOKS, "other_ways_url": "/other", "trust_days": 30},
        {**SUBJECT, "other_ways_url": "/other", "trust_days": None, "problems": {"code": "Ce code n’est pas le bon."}},
    ],
    "sign_in/other_ways.html": [
        {**SUBJECT, "product": BOOKS, "recovery_code_url": "/code", "back_url": "/totp", "support": None},
        {**SUBJECT, "recovery_code_url": None, "back_url": "/totp", "support": "Appelez le 03 20 00 00 00."},
    ],
    "sign_in/recovery_code.html": [
        {**SUBJECT, "product": BOOKS, "other_ways_url": "/other", "problems": {"code": "Ce code a déjà servi."}},
    ],
    "sign_in/erasure_pending.html": [{**SUBJECT, "erased_on": "6 décembre 2026"}],
    "sign_in/expired.html": [{"product": BOOKS, "restart_url": "/"}, {"restart_url": "/sign-in"}],
    "company/choose.html": [
        {"product": BOOKS, "groups": GROUP, "search": "", "total": 41, "found": 41, "pages": PAGER},
        {"groups": GROUP[:1], "search": None, "total": 1, "found": 1, "pages": None},
        {"groups": [], "search": "zz", "total": 41, "found": 0, "pages": None},
    ],
    "consent/consent.html": [
        {"account": INES, "client_name": "Banque Exemple", "company": "Atelier Lumen", "client_url": "https://b.example",
         "scopes": ["lire votre nom et votre adresse e-mail", "consulter les factures de l’entreprise"]},
        {"client_name": "Banque Exemple", "company": None, "client_url": None, "scopes": ["lire votre nom"]},
    ],
    "activation/start.html": [
        {**SUBJECT, "company": "Atelier Lumen", "inviter": "Amélie Dubois", "expires": "29 novembre 2026"},
        {**SUBJECT, "company": None, "inviter": None, "expires": "29 novembre 2026"},
        {**SUBJECT, "company": "Atelier Lumen", "inviter": None, "expires": "29 novembre 2026"},
    ],
    "activation/details.html": [
        {**SUBJECT, "min_length": 12},
        {**SUBJECT, "min_length": 12, "form": {"given_name": "Inès", "personal": "yes"},
         "problems": {"family_name": "Indiquez votre nom.", "password": "Ce mot de passe figure dans une liste connue.",
                      "password_again": "Saisissez deux fois le même.", "personal": "Cochez pour continuer."}},
    ],
    "activation/authenticator.html": [
        {**SUBJECT, "qr_svg": QR, "secret_groups": ["JBSW", "Y3DP", "EHPK", "3PXP"], "activating": True},
        {**SUBJECT, "product": BOOKS, "qr_svg": QR, "secret_groups": ["JBSW"], "activating": False,
         "problems": {"code": "Ce code n’est pas le bon. Vérifiez l’heure de votre téléphone."}},
    ],
    "activation/done.html": [
        {"given_name": "Inès", "continue_url": "/"}, {"product": BOOKS, "given_name": "Inès", "continue_url": "/"},
    ],
    "launcher.html": [
        {"account": INES, "companies": [{"name": "Atelier Lumen", "detail": "Lille", "tiles": TILES},
                                        {"name": "Studio Mirabelle", "detail": None, "tiles": TILES[:1]}]},
        {"account": INES, "companies": []},
    ],
    "account/overview.html": [
        {"account": INES, "name": "Inès Moreau", "email": INES["email"], "language": "français", "sessions": 2,
         "second_factor_since": "3 mars 2026"},
        {"account": INES, "name": "Inès Moreau", "email": INES["email"], "language": "français", "sessions": 1,
         "second_factor_since": None},
    ],
    "reset/request.html": [
        {"back_url": "/sign-in"},
        {"product": BOOKS, "back_url": "/sign-in", "form": {"email": "ines"},
         "problems": {"email": "Il manque le « @ »."}},
    ],
    "reset/sent.html": [{**SUBJECT, "minutes": 60, "back_url": "/sign-in", "again_url": "/reset"}],
    "reset/new_password.html": [{**SUBJECT, "min_length": 12, "problems": {"password": "Trop court."}}],
    "logout/confirm.html": [
        {"account": INES, "products": ["Comptabilité", "Saisie de documents"], "stay_url": "/"},
        {"products": [], "stay_url": "/"},
    ],
    "logout/done.html": [
        {"sign_in_url": "/sign-in", "return_url": "http://localhost:8001/", "return_name": "Comptabilité"},
        {"sign_in_url": "/sign-in", "return_url": None, "return_name": None},
    ],
    "errors/page.html": [
        {"title": "Un incident est survenu", "explanation": "La page n’a pas pu être préparée.", "ways": WAYS,
         "reference": "7F3K-92QD"},
        {"title": "Cette page n’existe pas", "explanation": "L’adresse est incomplète.", "ways": [], "reference": None},
    ],
    "errors/oauth.html": [
        {"error": "invalid_request", "description": "redirect_uri is not registered for this client.",
         "client_name": "Banque Exemple", "facts": [("client_id", "bank"), ("redirect_uri", "https://x.example/cb")],
         "reference": "7F3K-92QD"},
        {"error": "invalid_client", "description": "Unknown client.", "client_name": None, "facts": [], "reference": None},
    ],
    "access/refused.html": [
        {"reason": reason, "product_name": "Comptabilité", "company": company, "date": "8 mars 2026",
         "administrators": [{"name": "Amélie Dubois", "email": "amelie.dubois@atelier-lumen.example"}], "ways": WAYS}
        for reason in ("no_access", "subscription_ended", "subscription_suspended", "not_a_member",
                       "needs_practice_role", "mandate_ended")
        for company in ("Atelier Lumen", None)
    ],
    "dev/mailbox.html": [{"mails": [MAIL, MAIL], "pages": PAGER}, {"mails": [], "pages": None}],
    "dev/mail.html": [{"mail": MAIL, "html_url": "/dev/mailbox/1/html", "back_url": "/dev/mailbox"}],
}  # fmt: skip

LINK = "http://localhost:8000/activate/abc"
SEEN = {"link": LINK, "name": "Inès", "when": "22 novembre 2026 à 09:12", "device": "Firefox sur Windows", "place": "Lille"}
MAIL_SAMPLES: dict[str, list[dict[str, Any]]] = {
    "activation": [
        {"link": LINK, "expires": "29 novembre 2026", "company": "Atelier <Lumen>", "inviter": "Amélie Dubois"},
        {"link": LINK, "expires": "29 novembre 2026", "name": "Inès"},
    ],
    "account_blocked": [{"link": LINK, "expires": "22 novembre 2026 à 10:12", "name": "Pascal"}],
    "password_reset": [{"link": LINK, "expires": "22 novembre 2026 à 10:12"}],
    "password_changed": [SEEN],
    "new_sign_in": [SEEN, {"link": LINK, "when": "hier", "device": "Safari sur iPhone"}],
    "second_factor_added": [SEEN],
}

FRAMES = {"base.html", "macros.html"}
VOID = {"meta", "link", "input", "br", "path", "rect"}


class Reading(HTMLParser):
    """What a browser would find in a page: tags with their attributes, text, and whether tags are well nested."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.title = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"attribute twice in <{tag}>"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title":
            self.title += data

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogues, compiled as an installation would."""
    root = tmp_path_factory.mktemp("translations")
    for locale in LOCALES:
        target = root / locale / "LC_MESSAGES"
        target.mkdir(parents=True)
        with (target / "messages.mo").open("wb") as file:
            write_mo(file, catalogue(locale))
    return root


def catalogue(locale: str) -> Any:
    with (IDP / "translations" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


@pytest.fixture(scope="module")
def site(catalogues: Path) -> Flask:
    app = Flask(__name__, template_folder=str(PAGES))
    app.config.update(SECRET_KEY="only for rendering", BABEL_TRANSLATION_DIRECTORIES=str(catalogues))
    app.jinja_env.undefined = StrictUndefined
    CSRFProtect(app)
    Babel(app)
    return app


def render(site: Flask, name: str, locale: str, context: dict[str, Any]) -> str:
    everywhere = {
        "locale": locale, "locales": [{"code": "fr", "name": "Français"}, {"code": "en", "name": "English"}],
        "problems": {}, "form": {}, "product": None, "account": None, "static": lambda file: f"/static/{file}?v=1",
    }  # fmt: skip
    with site.test_request_context("/page?q=a%26b&ui_locales=de"), force_locale(locale):
        return render_template(name, **(everywhere | context))


def cases() -> list[Any]:
    return [
        pytest.param(name, context, id=f"{name}-{number}")
        for name, contexts in SAMPLES.items()
        for number, context in enumerate(contexts)
    ]


def test_every_template_has_a_sample() -> None:
    pages = {str(path.relative_to(PAGES)) for path in PAGES.rglob("*.html")} - FRAMES
    mails = {path.stem for path in MAILS.iterdir()} - {"layout"}
    assert pages == set(SAMPLES)
    assert mails == set(MAIL_SAMPLES)
    assert all((MAILS / f"{name}.{part}").exists() for name in mails for part in ("html", "txt"))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("name", "context"), cases())
def test_a_page_is_complete_and_has_nothing_inline(site: Flask, name: str, context: dict[str, Any], locale: str) -> None:
    page = Reading(render(site, name, locale, context))

    assert page.all("html")[0]["lang"] == locale
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1
    assert page.all("style") == []
    assert all("src" in script for script in page.all("script"))
    for tag, attributes in page.tags:
        assert not [key for key in attributes if key == "style" or key.startswith("on")], tag
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in (attributes for _, attributes in page.tags):
        for key in ("for", "aria-describedby", "aria-labelledby", "aria-controls", "form", "data-reveal"):
            assert set((attributes.get(key) or "").split()) <= set(ids), (key, attributes)
    labelled = {label["for"] for label in page.all("label")}
    assert all(control["id"] in labelled for control in page.all("input", "select") if control.get("type") != "hidden")
    assert page.title.startswith(("Erreur\u00a0:", "Error:")) == bool(context.get("problems"))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("name", "context"), [case for case in cases() if case.values[1].get("problems")])
def test_the_error_summary_leads_to_fields_that_say_what_is_wrong(
    site: Flask, name: str, context: dict[str, Any], locale: str
) -> None:
    html = render(site, name, locale, context)
    page = Reading(html)

    summary = next(attributes for _, attributes in page.tags if attributes.get("class") == "summary")
    assert summary["tabindex"] == "-1"
    assert "autofocus" in summary
    controls = {control["id"]: control for control in page.all("input") if "id" in control}
    for field, text in context["problems"].items():
        if field != "form":
            assert f'href="#{field}"' in html
            assert controls[field]["aria-invalid"] == "true"
            assert html.count(text) == 2
    assert all(control.get("value", "") == "" for control in controls.values() if control["type"] == "password")


def test_the_language_switch_posts_a_form_and_otherwise_keeps_the_query(site: Flask) -> None:
    form = Reading(render(site, "reset/request.html", "fr", SAMPLES["reset/request.html"][1]))
    switch = next(button for button in form.all("button") if button.get("name") == "set_locale")
    assert switch["form"] == "main-form"
    assert switch["value"] == "en"
    assert "formnovalidate" in switch
    assert next(field for field in form.all("input") if field.get("id") == "email")["value"] == "ines"

    plain = Reading(render(site, "reset/sent.html", "fr", SAMPLES["reset/sent.html"][0]))
    assert "?q=a%26b&ui_locales=en" in [link["href"] for link in plain.all("a")]


def test_what_a_client_calls_itself_is_encoded(site: Flask) -> None:
    name = '<img src=x onerror="alert(1)">'
    context = SAMPLES["consent/consent.html"][0] | {"client_name": name, "scopes": [name]}
    assert Reading(render(site, "consent/consent.html", "en", context)).all("img") == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", MAIL_SAMPLES)
def test_a_mail_has_a_subject_one_button_and_its_address_in_clear(catalogues: Path, name: str, locale: str) -> None:
    environment = Environment(
        loader=FileSystemLoader(MAILS), undefined=StrictUndefined, extensions=["jinja2.ext.i18n"],
        autoescape=select_autoescape(["html"]),
    )  # fmt: skip
    environment.install_gettext_translations(Translations.load(catalogues, [locale]), newstyle=True)  # type: ignore[attr-defined]
    for context in MAIL_SAMPLES[name]:
        html = environment.get_template(f"{name}.html").render(locale=locale, **context)
        text = environment.get_template(f"{name}.txt").render(locale=locale, **context)

        mail = Reading(html)
        assert [link["href"] for link in mail.all("a")] == [LINK, LINK]
        assert f">{LINK}</a>" in html
        assert mail.all("script", "img") == []
        subject, empty, body = text.split("\n", 2)
        assert subject == subject.strip() != ""
        assert empty == ""
        assert body.count(LINK) == 1
        assert "\n\n\n" not in body
        assert "&lt;" not in text


def test_no_text_of_a_template_lacks_its_translation() -> None:
    catalogs = {locale: catalogue(locale) for locale in LOCALES}
    options = {"newstyle_gettext": "true", "extensions": "jinja2.ext.i18n"}
    texts = {
        message[1]
        for folder in (PAGES, MAILS)
        for path in folder.rglob("*.*")
        for message in extract_from_file("jinja2.ext:babel_extract", str(path), options=options)
    }
    assert len(texts) > 100
    for locale, catalog in catalogs.items():
        for text in texts:
            message = catalog.get(text)
            assert message is not None, (locale, text)
            strings = [message.string] if isinstance(message.string, str) else message.string
            assert all(strings), (locale, text)
            assert list(message.check(catalog)) == [], (locale, text)


def test_french_is_set_with_its_own_spaces_and_apostrophes() -> None:
    for message in catalogue("fr"):
        strings = [message.string] if isinstance(message.string, str) else message.string
        for string in strings if message.id else ():
            assert not re.search(r" [?!;:»]|« |\w'\w|\w[?!;]", re.sub(r"%\(\w+\)s", "x", string)), string


def properties(dark: bool) -> dict[str, str]:
    css = (IDP / "web" / "static" / "style.css").read_text()
    light, later = css.split("@media (prefers-color-scheme: dark)", 1)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", later)) if dark else {})


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two colours written #rrggbb."""

    def luminance(colour: str) -> float:
        channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


ACCENTS = ["accent", "green", "violet", "amber", "blue", "rose", "slate"]
TEXT = [
    *((ink, ground) for ink in ["ink", "soft", "danger", *ACCENTS] for ground in ("paper", "shade")),
    *(("on-accent", accent) for accent in ACCENTS),
    *((ink, f"{state}-wash") for state in ("danger", "warn", "ok") for ink in (state, "ink")),
    ("on-danger", "danger"),
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours_can_be_read(dark: bool) -> None:
    colours = properties(dark)
    weak = [(ink, ground) for ink, ground in TEXT if contrast(colours[ink], colours[ground]) < 4.5]
    assert weak == []
    assert contrast(colours["edge"], colours["paper"]) >= 3  # borders of controls, WCAG 2.2 §1.4.11


def test_each_accent_a_product_may_name_has_its_class_and_its_dark_twin() -> None:
    css = (IDP / "web" / "static" / "style.css").read_text()
    light, dark = properties(dark=False), properties(dark=True)
    for accent in ACCENTS[1:]:
        assert f".accent-{accent} {{ --accent: var(--{accent}); }}" in css
        assert light[accent] != dark[accent]

"""A page as somebody reads it who looks for every form and every link."""

from html.parser import HTMLParser

from tests.security.calling import Control, PageForm

LANGUAGE = {"set_locale"}


class Page(HTMLParser):
    """Every form with its fields and buttons, and every link, of one page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.links: list[str] = []
        self._form: PageForm | None = None
        self._select: Control | None = None
        self._by_id: dict[str, PageForm] = {}
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and values.get("href", "").startswith("/"):
            self.links.append(values["href"])
        elif tag == "form":
            self._form = PageForm(values.get("method", "get").upper(), values.get("action", ""))
            self.forms.append(self._form)
            if "id" in values:
                self._by_id[values["id"]] = self._form
        form = self._by_id.get(values["form"]) if "form" in values else self._form
        if form is None or "disabled" in values:
            return
        if tag == "option" and self._select is not None:
            self._select.values.append(values.get("value", ""))
        elif tag == "button" and values.get("type", "submit") == "submit":
            if values.get("name") not in LANGUAGE:  # another language changes nothing else
                form.buttons.append((values.get("name", ""), values.get("value", "")))
        elif tag in ("input", "select", "textarea") and values.get("name"):
            self._field(form, tag, values)

    def _field(self, form: PageForm, tag: str, values: dict[str, str]) -> None:
        kind = tag if tag != "input" else values.get("type", "text")
        control = form.controls.setdefault(values["name"], Control(values["name"], kind, []))
        if tag == "select":
            self._select = control
        elif kind == "checkbox":
            control.values.append(values.get("value", "on"))
        elif "value" in values:
            control.values.append(values["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None

"""Accounting: ledger, bank, VAT and closing of one company."""

from decimal import Decimal as Eur

from examples.accounting.ledger import LEDGER_AREAS
from examples.sample.product import Area, Product, Text, days_ago, month

_DATE = Text("Date", "Date")
_PARTY = Text("Tiers", "Customer or supplier")
_AMOUNT = Text("Montant", "Amount")
_STATE = Text("État", "State")
_PERIOD = Text("Période", "Period")

_OTHER_AREAS = (
    Area(
        id="tax",
        label=Text("TVA et déclarations", "VAT and returns"),
        intro=Text(
            "Les déclarations de TVA, de leur préparation à leur envoi.", "VAT returns, from preparation to filing."
        ),
        permissions=("accounting.tax.view",),
        columns=(_PERIOD, Text("TVA collectée", "Output VAT"), Text("TVA déductible", "Input VAT"), _STATE),
        rows=lambda: (
            (month(1), Eur("8412.60"), Eur("3127.45"), Text("À préparer", "To be prepared")),
            (month(2), Eur("7960.20"), Eur("2844.10"), Text("Transmise", "Filed")),
            (month(3), Eur("9105.00"), Eur("4012.85"), Text("Transmise", "Filed")),
        ),
        actions=(
            ("accounting.tax.prepare", Text("Préparer une déclaration", "Prepare a return")),
            ("accounting.tax.file", Text("Télétransmettre une déclaration", "File a return electronically")),
        ),
    ),
    Area(
        id="closing",
        label=Text("Clôtures", "Closing"),
        intro=Text("Les périodes closes et celle qui est ouverte.", "The closed periods and the open one."),
        permissions=("accounting.closing.view",),
        columns=(_PERIOD, _STATE, Text("Close le", "Closed on")),
        rows=lambda: (
            (month(0), Text("Ouverte", "Open"), "–"),
            (month(1), Text("Ouverte", "Open"), "–"),
            (month(2), Text("Close", "Closed"), days_ago(21)),
            (month(3), Text("Close", "Closed"), days_ago(52)),
        ),
        actions=(
            ("accounting.closing.close-period", Text("Clôturer une période", "Close a period")),
            ("accounting.closing.close-year", Text("Clôturer l’exercice", "Close the financial year")),
            ("accounting.closing.reopen", Text("Rouvrir une période", "Reopen a period")),
        ),
    ),
    Area(
        id="reports",
        label=Text("États et analyses", "Reports"),
        intro=Text(
            "Balance, compte de résultat et bilan provisoires.", "Provisional trial balance, income and balance sheet."
        ),
        permissions=("accounting.reports.view",),
        columns=(Text("État", "Report"), _PERIOD, Text("Total", "Total")),
        rows=lambda: (
            (Text("Balance générale", "Trial balance"), month(0), Eur("412908.77")),
            (Text("Compte de résultat", "Income statement"), month(0), Eur("38114.02")),
            (Text("Bilan provisoire", "Provisional balance sheet"), month(1), Eur("286540.90")),
        ),
        actions=(("accounting.reports.export", Text("Exporter les états", "Export reports")),),
    ),
    Area(
        id="audit-export",
        label=Text("Export pour contrôle fiscal", "Tax audit export"),
        intro=Text("Le fichier demandé par l’administration fiscale.", "The file the tax authority asks for."),
        permissions=("accounting.audit-export.run",),
        columns=(Text("Exercice", "Financial year"), Text("Écritures", "Entries"), Text("Produit le", "Produced on")),
        rows=lambda: ((str(days_ago(365).year), 4812, days_ago(140)), (str(days_ago(730).year), 4377, days_ago(502))),
        actions=(("accounting.audit-export.run", Text("Produire l’export", "Produce the export")),),
        fresh=300,
    ),
    Area(
        id="payments",
        label=Text("Virements et prélèvements", "Transfers and direct debits"),
        intro=Text(
            "Les ordres de paiement avant leur envoi à la banque.", "Payment orders before they go to the bank."
        ),
        permissions=("accounting.payments.view",),
        columns=(Text("Prévu le", "Planned for"), _PARTY, _AMOUNT, _STATE),
        rows=lambda: (
            (days_ago(-3), "Verrerie du Marais", Eur("2480.00"), Text("Préparé", "Prepared")),
            (days_ago(-3), "Énergie Ouest", Eur("614.37"), Text("Préparé", "Prepared")),
            (days_ago(9), "Transports Le Goff", Eur("356.40"), Text("Transmis", "Sent")),
        ),
        actions=(
            ("accounting.payments.prepare", Text("Préparer un ordre", "Prepare an order")),
            ("accounting.payments.send", Text("Transmettre à la banque", "Send to the bank")),
        ),
    ),
    Area(
        id="general-data",
        label=Text("Données générales", "General data"),
        intro=Text("L’identité comptable de l’entreprise.", "The company’s accounting identity."),
        permissions=("accounting.general-data.view",),
        columns=(Text("Rubrique", "Item"), Text("Valeur", "Value")),
        rows=lambda: (
            (Text("Début de l’exercice", "Financial year starts"), Text("1er janvier", "1 January")),
            (Text("Régime de TVA", "VAT scheme"), Text("Réel normal, mensuel", "Standard, monthly")),
            (Text("Devise", "Currency"), "EUR"),
        ),
        actions=(("accounting.general-data.edit", Text("Modifier les données", "Edit the data")),),
    ),
    Area(
        id="settings",
        label=Text("Paramètres comptables", "Accounting settings"),
        intro=Text("Journaux, numérotation et règles de saisie.", "Journals, numbering and entry rules."),
        permissions=("accounting.settings.view",),
        columns=(Text("Paramètre", "Setting"), Text("Valeur", "Value")),
        rows=lambda: (
            (Text("Numérotation des ventes", "Sales numbering"), "VT-{AAAA}-{00000}"),
            (Text("Écriture déséquilibrée", "Unbalanced entry"), Text("Refusée", "Refused")),
            (Text("Lettrage automatique", "Automatic matching"), Text("Activé", "On")),
        ),
        actions=(
            ("accounting.settings.edit", Text("Modifier les paramètres", "Edit settings")),
            ("accounting.settings.numbering", Text("Modifier la numérotation", "Edit numbering")),
        ),
    ),
    Area(
        id="api",
        label=Text("Accès par programme", "API access"),
        intro=Text("Les programmes reliés à cette comptabilité.", "The programs connected to these books."),
        permissions=("accounting.api.view",),
        columns=(Text("Programme", "Program"), Text("Dernier appel", "Last call")),
        rows=lambda: (
            (Text("Caisse du magasin", "Shop till"), days_ago(0)),
            (Text("Site de vente", "Web shop"), days_ago(1)),
        ),
        actions=(("accounting.api.manage", Text("Gérer les accès", "Manage access")),),
    ),
)

PRODUCT = Product(
    id="accounting",
    client_id="demo-accounting",
    port=8001,
    name=Text("Comptabilité", "Accounting"),
    promise=Text(
        "La comptabilité de votre entreprise, de la saisie à la clôture", "Your company’s books, from entry to closing"
    ),
    description=Text(
        "Écritures, banque, TVA et états dans un même endroit, ouverts à chacun selon son rôle.",
        "Entries, bank, VAT and reports in one place, open to each person according to their role.",
    ),
    areas=(*LEDGER_AREAS, *_OTHER_AREAS),
    other_name=Text("Capture de documents", "Document capture"),
    other_url="http://localhost:8002",
)

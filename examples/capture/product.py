"""Document capture: invoices, statements and expenses on their way to the books."""

from decimal import Decimal as Eur

from examples.capture.workspace import WORKSPACE_AREAS
from examples.sample.product import Area, Product, Row, Text, days_ago

_DATE = Text("Reçu le", "Received on")
_DOCUMENT = Text("Document", "Document")
_SUPPLIER = Text("Fournisseur", "Supplier")
_CUSTOMER = Text("Client", "Customer")
_AMOUNT = Text("Montant", "Amount")
_STATE = Text("État", "State")
_READ = Text("Lu, à vérifier", "Read, to be checked")
_PUBLISHED = Text("Publié en comptabilité", "Published to accounting")


def _acts(area: str) -> tuple[tuple[str, Text], ...]:
    """The four acts that every kind of document knows."""
    return (
        (f"capture.{area}.upload", Text("Déposer", "Upload")),
        (f"capture.{area}.edit", Text("Modifier", "Edit")),
        (f"capture.{area}.publish", Text("Publier en comptabilité", "Publish to accounting")),
        (f"capture.{area}.delete", Text("Supprimer", "Delete")),
    )


def _purchases() -> tuple[Row, ...]:
    return (
        (days_ago(0), "verrerie-2041.pdf", "Verrerie du Marais", Eur("2480.00"), _READ),
        (days_ago(1), "energie-10-2026.pdf", "Énergie Ouest", Eur("614.37"), _PUBLISHED),
        (days_ago(3), "legoff-7719.jpg", "Transports Le Goff", Eur("356.40"), _PUBLISHED),
    )


_DOCUMENT_AREAS = (
    Area(
        id="purchases",
        label=Text("Achats", "Purchases"),
        intro=Text(
            "Les factures d’achat déposées et ce qui y a été lu.", "Purchase invoices and what was read in them."
        ),
        permissions=("capture.purchases.view",),
        columns=(_DATE, _DOCUMENT, _SUPPLIER, _AMOUNT, _STATE),
        rows=_purchases,
        actions=_acts("purchases"),
    ),
    Area(
        id="supplier-statements",
        label=Text("Relevés fournisseurs", "Supplier statements"),
        intro=Text("Les relevés à comparer aux factures reçues.", "Statements to compare with the invoices received."),
        permissions=("capture.supplier-statements.view",),
        columns=(_DATE, _DOCUMENT, _SUPPLIER, Text("Factures manquantes", "Missing invoices")),
        rows=lambda: (
            (days_ago(4), "releve-verrerie.pdf", "Verrerie du Marais", 0),
            (days_ago(8), "legoff-q3.pdf", "Transports Le Goff", 2),
        ),
        actions=_acts("supplier-statements"),
    ),
    Area(
        id="sales",
        label=Text("Ventes", "Sales"),
        intro=Text("Les factures de vente à comptabiliser.", "Sales invoices on their way to the books."),
        permissions=("capture.sales.view",),
        columns=(_DATE, _DOCUMENT, _CUSTOMER, _AMOUNT, _STATE),
        rows=lambda: (
            (days_ago(1), "VT-00412.pdf", "Galerie Kervella", Eur("1860.00"), _READ),
            (days_ago(12), "VT-00405.pdf", "Atelier Sorel", Eur("3890.00"), _PUBLISHED),
        ),
        actions=_acts("sales"),
    ),
    Area(
        id="sales-summaries",
        label=Text("Récapitulatifs de ventes", "Sales summaries"),
        intro=Text("Les recettes de caisse, jour par jour.", "Till takings, day by day."),
        permissions=("capture.sales-summaries.view",),
        columns=(_DATE, Text("Caisse", "Till"), _AMOUNT, _STATE),
        rows=lambda: (
            (days_ago(1), Text("Boutique", "Shop"), Eur("742.50"), _READ),
            (days_ago(2), Text("Boutique", "Shop"), Eur("518.00"), _PUBLISHED),
        ),
        actions=_acts("sales-summaries"),
    ),
    Area(
        id="sales-vat",
        label=Text("Justificatifs de TVA sur ventes", "Sales VAT documents"),
        intro=Text("Les preuves d’exportation et d’exonération.", "Proofs of export and exemption."),
        permissions=("capture.sales-vat.view",),
        columns=(_DATE, _DOCUMENT, _CUSTOMER, _STATE),
        rows=lambda: ((days_ago(6), "export-ch-118.pdf", "Lichthaus Basel", _READ),),
        actions=_acts("sales-vat"),
    ),
    Area(
        id="bank-statements",
        label=Text("Relevés bancaires", "Bank statements"),
        intro=Text("Les relevés et le nombre de lignes lues.", "Statements and how many lines were read."),
        permissions=("capture.bank-statements.view",),
        columns=(_DATE, _DOCUMENT, Text("Lignes", "Lines"), _STATE),
        rows=lambda: (
            (days_ago(2), "compte-courant-10.pdf", 64, _PUBLISHED),
            (days_ago(33), "compte-courant-09.pdf", 71, _PUBLISHED),
        ),
        actions=_acts("bank-statements"),
    ),
    Area(
        id="expenses",
        label=Text("Notes de frais", "Expenses"),
        intro=Text("Les frais déposés, soumis et approuvés.", "Expenses uploaded, submitted and approved."),
        # An approver sees what was submitted without having expenses of their own.
        permissions=("capture.expenses.view-own", "capture.expenses.view-submitted"),
        columns=(_DATE, Text("Objet", "What for"), _AMOUNT, _STATE),
        rows=lambda: (
            (days_ago(2), Text("Train Nantes–Paris", "Train Nantes–Paris"), Eur("87.00"), Text("Soumise", "Submitted")),
            (days_ago(2), Text("Déjeuner client", "Lunch with a customer"), Eur("46.20"), Text("Soumise", "Submitted")),
            (days_ago(16), Text("Parking du salon", "Trade fair parking"), Eur("18.00"), Text("Approuvée", "Approved")),
        ),
        actions=(
            ("capture.expenses.upload", Text("Déposer un justificatif", "Upload a receipt")),
            ("capture.expenses.submit", Text("Soumettre une note", "Submit a report")),
            ("capture.expenses.approve", Text("Approuver ou refuser", "Approve or reject")),
            ("capture.expenses.edit-before-approval", Text("Corriger avant approbation", "Correct before approval")),
            ("capture.expenses.categories", Text("Gérer les catégories", "Manage categories")),
            ("capture.expenses.permissions", Text("Gérer les droits", "Manage rights")),
        ),
    ),
)

PRODUCT = Product(
    id="capture",
    client_id="demo-capture",
    port=8002,
    name=Text("Capture de documents", "Document capture"),
    promise=Text("Vos pièces, lues et prêtes pour la comptabilité", "Your documents, read and ready for the books"),
    description=Text(
        "Déposez factures, relevés et notes de frais ; ils sont lus, vérifiés, puis publiés.",
        "Upload invoices, statements and expenses; they are read, checked, then published.",
    ),
    areas=(*_DOCUMENT_AREAS, *WORKSPACE_AREAS),
    other_name=Text("Comptabilité", "Accounting"),
    other_url="http://localhost:8001",
    program=Text("Capture mobile", "Mobile capture"),
)

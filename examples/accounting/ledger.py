"""The daily work of Accounting: entries, bank, sales and purchases."""

from decimal import Decimal as Eur

from examples.sample.product import Area, Text, days_ago

_DATE = Text("Date", "Date")
_ENTRY = Text("Pièce", "Document")
_LABEL = Text("Libellé", "Description")
_ACCOUNT = Text("Compte", "Account")
_PARTY = Text("Tiers", "Customer or supplier")
_DEBIT = Text("Débit", "Debit")
_CREDIT = Text("Crédit", "Credit")
_AMOUNT = Text("Montant", "Amount")
_STATE = Text("État", "State")
_PAID = Text("Réglée", "Paid")
_DUE = Text("À régler", "Due")

LEDGER_AREAS = (
    Area(
        id="dashboard",
        label=Text("Tableau de bord", "Dashboard"),
        intro=Text("Les chiffres du mois en un coup d’œil.", "The month’s figures at a glance."),
        permissions=("accounting.dashboard.view",),
        columns=(Text("Indicateur", "Figure"), Text("Ce mois", "This month")),
        rows=lambda: (
            (Text("Chiffre d’affaires", "Turnover"), Eur("42063.00")),
            (Text("Charges", "Costs"), Eur("27390.18")),
            (Text("Trésorerie", "Cash"), Eur("61277.54")),
            (Text("Factures clients échues", "Overdue customer invoices"), Eur("3890.00")),
        ),
    ),
    Area(
        id="chart-of-accounts",
        label=Text("Plan comptable", "Chart of accounts"),
        intro=Text("Les comptes utilisés par l’entreprise.", "The accounts the company uses."),
        permissions=("accounting.chart-of-accounts.view",),
        columns=(_ACCOUNT, _LABEL, Text("Solde", "Balance")),
        rows=lambda: (
            ("401000", Text("Fournisseurs", "Suppliers"), Eur("-8204.77")),
            ("411000", Text("Clients", "Customers"), Eur("15460.00")),
            ("512000", Text("Banque", "Bank"), Eur("61277.54")),
            ("607000", Text("Achats de marchandises", "Goods purchased"), Eur("18844.10")),
            ("707000", Text("Ventes de marchandises", "Goods sold"), Eur("-42063.00")),
        ),
        actions=(
            ("accounting.chart-of-accounts.edit", Text("Modifier le plan comptable", "Edit the chart")),
            (
                "accounting.chart-of-accounts.import-standard",
                Text("Importer le plan standard", "Import the standard chart"),
            ),
            ("accounting.chart-of-accounts.delete", Text("Supprimer un compte", "Delete an account")),
        ),
    ),
    Area(
        id="sessions",
        label=Text("Sessions de saisie", "Entry sessions"),
        intro=Text("Les lots d’écritures en cours de saisie.", "Batches of entries being typed."),
        permissions=("accounting.sessions.view",),
        columns=(Text("Session", "Session"), Text("Ouverte le", "Opened on"), Text("Lignes", "Lines"), _STATE),
        rows=lambda: (
            ("S-118", days_ago(0), 14, Text("En cours", "In progress")),
            ("S-117", days_ago(2), 46, Text("Équilibrée", "Balanced")),
            ("S-116", days_ago(5), 31, Text("Validée", "Posted")),
        ),
        actions=(
            ("accounting.sessions.create", Text("Ouvrir une session", "Open a session")),
            ("accounting.sessions.edit", Text("Modifier une session", "Edit a session")),
            ("accounting.sessions.delete", Text("Supprimer une session", "Delete a session")),
        ),
    ),
    Area(
        id="journals",
        label=Text("Écritures et journaux", "Journal entries"),
        intro=Text("Les dernières écritures, tous journaux confondus.", "The latest entries of every journal."),
        permissions=("accounting.journals.view",),
        columns=(_DATE, _ENTRY, _ACCOUNT, _LABEL, _DEBIT, _CREDIT),
        rows=lambda: (
            (days_ago(1), "VT-00412", "411000", "Galerie Kervella", Eur("1860.00"), Eur("0.00")),
            (
                days_ago(1),
                "VT-00412",
                "707000",
                Text("Lampes sur mesure", "Made-to-measure lamps"),
                Eur("0.00"),
                Eur("1550.00"),
            ),
            (
                days_ago(1),
                "VT-00412",
                "445710",
                Text("TVA collectée 20 %", "Output VAT 20%"),
                Eur("0.00"),
                Eur("310.00"),
            ),
            (days_ago(2), "AC-00287", "607000", Text("Verre soufflé", "Blown glass"), Eur("2066.67"), Eur("0.00")),
            (days_ago(2), "AC-00287", "401000", "Verrerie du Marais", Eur("0.00"), Eur("2480.00")),
        ),
        actions=(
            ("accounting.journals.create", Text("Saisir une écriture", "Create an entry")),
            ("accounting.journals.edit", Text("Modifier une écriture", "Edit an entry")),
            ("accounting.journals.reverse", Text("Extourner une écriture", "Reverse an entry")),
            ("accounting.journals.renumber", Text("Renuméroter les pièces", "Renumber entries")),
            ("accounting.journals.transfer", Text("Transférer entre comptes", "Transfer between accounts")),
            ("accounting.journals.validate", Text("Valider définitivement", "Lock entries permanently")),
        ),
    ),
    Area(
        id="matching",
        label=Text("Lettrage", "Matching"),
        intro=Text("Factures et règlements qui se répondent.", "Invoices and the payments that answer them."),
        permissions=("accounting.matching.view",),
        columns=(Text("Lettre", "Letter"), _PARTY, Text("Facture", "Invoice"), _AMOUNT),
        rows=lambda: (
            ("AB", "Hôtel de l’Estuaire", "VT-00398", Eur("4120.00")),
            ("AC", "Galerie Kervella", "VT-00401", Eur("960.00")),
            ("–", "Atelier Sorel", "VT-00405", Eur("3890.00")),
        ),
        actions=(("accounting.matching.edit", Text("Lettrer et délettrer", "Match and unmatch")),),
    ),
    Area(
        id="bank",
        label=Text("Banque et rapprochement", "Bank and reconciliation"),
        intro=Text(
            "Les opérations du compte courant et leur écriture.", "The current account’s lines and their entries."
        ),
        permissions=("accounting.bank.view",),
        columns=(_DATE, _LABEL, _AMOUNT, Text("Rapproché avec", "Reconciled with")),
        rows=lambda: (
            (
                days_ago(0),
                Text("Virement Hôtel de l’Estuaire", "Transfer Hôtel de l’Estuaire"),
                Eur("4120.00"),
                "VT-00398",
            ),
            (days_ago(1), Text("Prélèvement Énergie Ouest", "Direct debit Énergie Ouest"), Eur("-614.37"), "AC-00281"),
            (days_ago(3), Text("Carte, quincaillerie", "Card, hardware shop"), Eur("-86.90"), "–"),
            (days_ago(4), Text("Loyer de l’atelier", "Workshop rent"), Eur("-1450.00"), "OD-00061"),
        ),
        actions=(
            ("accounting.bank.reconcile", Text("Rapprocher les relevés", "Reconcile statements")),
            ("accounting.bank.connect", Text("Relier un compte bancaire", "Connect a bank account")),
        ),
    ),
    Area(
        id="sales",
        label=Text("Pièces de vente", "Sales documents"),
        intro=Text("Les factures émises et leur règlement.", "Invoices issued and their payment."),
        permissions=("accounting.sales.view",),
        columns=(_DATE, _ENTRY, _PARTY, _AMOUNT, _STATE),
        rows=lambda: (
            (days_ago(1), "VT-00412", "Galerie Kervella", Eur("1860.00"), _DUE),
            (days_ago(12), "VT-00405", "Atelier Sorel", Eur("3890.00"), Text("Échue", "Overdue")),
            (days_ago(20), "VT-00398", "Hôtel de l’Estuaire", Eur("4120.00"), _PAID),
        ),
        actions=(
            ("accounting.sales.create", Text("Créer une pièce de vente", "Create a sales document")),
            ("accounting.sales.edit", Text("Modifier une pièce", "Edit a document")),
            ("accounting.sales.delete", Text("Supprimer une pièce", "Delete a document")),
        ),
    ),
    Area(
        id="purchases",
        label=Text("Pièces d’achat", "Purchase documents"),
        intro=Text("Les factures reçues et leur échéance.", "Invoices received and when they are due."),
        permissions=("accounting.purchases.view",),
        columns=(_DATE, _ENTRY, _PARTY, _AMOUNT, _STATE),
        rows=lambda: (
            (days_ago(2), "AC-00287", "Verrerie du Marais", Eur("2480.00"), _DUE),
            (days_ago(6), "AC-00281", "Énergie Ouest", Eur("614.37"), _PAID),
            (days_ago(9), "AC-00279", "Transports Le Goff", Eur("356.40"), _PAID),
        ),
        actions=(
            ("accounting.purchases.create", Text("Créer une pièce d’achat", "Create a purchase document")),
            ("accounting.purchases.edit", Text("Modifier une pièce", "Edit a document")),
            ("accounting.purchases.delete", Text("Supprimer une pièce", "Delete a document")),
        ),
    ),
    Area(
        id="third-parties",
        label=Text("Clients et fournisseurs", "Customers and suppliers"),
        intro=Text("Avec qui l’entreprise travaille.", "Those the company works with."),
        permissions=("accounting.third-parties.view",),
        columns=(Text("Nom", "Name"), Text("Rôle", "Kind"), Text("Ville", "Town"), Text("Solde", "Balance")),
        rows=lambda: (
            ("Atelier Sorel", Text("Client", "Customer"), "Rennes", Eur("3890.00")),
            ("Galerie Kervella", Text("Client", "Customer"), "Quimper", Eur("1860.00")),
            ("Verrerie du Marais", Text("Fournisseur", "Supplier"), "Saint-Nazaire", Eur("-2480.00")),
        ),
        actions=(
            ("accounting.third-parties.create", Text("Créer une fiche", "Create a record")),
            ("accounting.third-parties.edit", Text("Modifier une fiche", "Edit a record")),
            ("accounting.third-parties.delete", Text("Supprimer une fiche", "Delete a record")),
        ),
    ),
    Area(
        id="assets",
        label=Text("Immobilisations", "Fixed assets"),
        intro=Text("Les biens durables et leur amortissement.", "Lasting goods and their depreciation."),
        permissions=("accounting.assets.view",),
        columns=(
            Text("Bien", "Asset"),
            Text("Acquis le", "Acquired on"),
            Text("Valeur", "Cost"),
            Text("Net", "Net value"),
        ),
        rows=lambda: (
            (Text("Four de recuisson", "Annealing kiln"), days_ago(610), Eur("18400.00"), Eur("12270.00")),
            (Text("Camionnette", "Van"), days_ago(320), Eur("24900.00"), Eur("20540.00")),
        ),
        actions=(
            ("accounting.assets.create", Text("Créer une immobilisation", "Create an asset")),
            ("accounting.assets.edit", Text("Modifier une immobilisation", "Edit an asset")),
            ("accounting.assets.delete", Text("Supprimer une immobilisation", "Delete an asset")),
        ),
    ),
)

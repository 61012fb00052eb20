"""What surrounds the documents: folders, notes, lists, people and settings."""

from examples.sample.product import Area, Text, days_ago

_DATE = Text("Date", "Date")
_DOCUMENT = Text("Document", "Document")
_WHO = Text("Qui", "Who")

WORKSPACE_AREAS = (
    Area(
        id="files",
        label=Text("Documents libres", "File folders"),
        intro=Text(
            "Contrats, courriers et tout ce qui ne se comptabilise pas.",
            "Contracts, letters and all that is not booked.",
        ),
        permissions=("capture.files.view",),
        columns=(Text("Dossier", "Folder"), _DOCUMENT, _DATE),
        rows=lambda: (
            (Text("Baux", "Leases"), "bail-atelier.pdf", days_ago(410)),
            (Text("Assurances", "Insurance"), "attestation-2026.pdf", days_ago(96)),
        ),
        actions=(
            ("capture.files.upload", Text("Déposer", "Upload")),
            ("capture.files.edit", Text("Modifier", "Edit")),
            ("capture.files.move", Text("Ranger et déplacer", "Sort and move")),
            ("capture.files.delete", Text("Supprimer", "Delete")),
        ),
    ),
    Area(
        id="own-documents",
        label=Text("Mes documents", "My documents"),
        intro=Text("Ce que vous avez déposé vous-même.", "What you have uploaded yourself."),
        permissions=("capture.own-documents.view",),
        columns=(_DATE, _DOCUMENT),
        rows=lambda: ((days_ago(2), "billet-train.pdf"), (days_ago(16), "parking.jpg")),
        actions=(("capture.own-documents.edit", Text("Modifier mes documents", "Edit my documents")),),
    ),
    Area(
        id="notes",
        label=Text("Annotations", "Notes"),
        intro=Text("Les questions posées autour d’un document.", "Questions asked about a document."),
        permissions=("capture.notes.view",),
        columns=(_DATE, _DOCUMENT, Text("Annotation", "Note")),
        rows=lambda: (
            (days_ago(1), "verrerie-2041.pdf", Text("Quel chantier ?", "Which project?")),
            (days_ago(3), "legoff-7719.jpg", Text("Photo floue, à redemander", "Blurred picture, ask again")),
        ),
        actions=(
            ("capture.notes.create", Text("Annoter", "Write a note")),
            ("capture.notes.edit", Text("Modifier", "Edit")),
            ("capture.notes.delete", Text("Supprimer", "Delete")),
        ),
    ),
    Area(
        id="lists",
        label=Text("Listes et règles", "Lists and rules"),
        intro=Text("Ce qui guide la lecture automatique.", "What guides the automatic reading."),
        permissions=("capture.lists.view",),
        columns=(Text("Quand", "When"), Text("Alors", "Then")),
        rows=lambda: (
            (Text("Fournisseur Énergie Ouest", "Supplier Énergie Ouest"), Text("Compte 606100", "Account 606100")),
            (
                Text("Fournisseur Transports Le Goff", "Supplier Transports Le Goff"),
                Text("Compte 624100", "Account 624100"),
            ),
        ),
        actions=(("capture.lists.edit", Text("Modifier les règles", "Edit the rules")),),
    ),
    Area(
        id="activity",
        label=Text("Journal des documents", "Document activity"),
        intro=Text("Qui a fait quoi, document par document.", "Who did what, document by document."),
        permissions=("capture.activity.view",),
        columns=(_DATE, _WHO, Text("Action", "Action")),
        rows=lambda: (
            (days_ago(0), "Inès Moreau", Text("a déposé verrerie-2041.pdf", "uploaded verrerie-2041.pdf")),
            (days_ago(1), "Karim Benali", Text("a publié energie-10-2026.pdf", "published energie-10-2026.pdf")),
        ),
    ),
    Area(
        id="companies",
        label=Text("Dossiers", "Company files"),
        intro=Text("Le dossier de l’entreprise dans ce produit.", "The company’s file in this product."),
        permissions=("capture.companies.view",),
        columns=(Text("Dossier", "File"), Text("Documents ce mois", "Documents this month")),
        rows=lambda: (
            (Text("Dossier courant", "Current file"), 38),
            (Text("Dossier de l’an passé", "Last year’s file"), 0),
        ),
        actions=(("capture.companies.add", Text("Ajouter un dossier", "Add a company file")),),
    ),
    Area(
        id="people",
        label=Text("Personnes", "People"),
        intro=Text("Qui travaille sur ce dossier.", "Who works on this file."),
        permissions=("capture.people.view",),
        columns=(_WHO, Text("Dernière activité", "Last active")),
        rows=lambda: (("Inès Moreau", days_ago(0)), ("Thomas Lefèvre", days_ago(1))),
        actions=(("capture.people.manage", Text("Inviter et régler les droits", "Invite and set rights")),),
    ),
    Area(
        id="settings",
        label=Text("Paramètres du dossier", "Company settings"),
        intro=Text(
            "La liaison avec la comptabilité et les règles du dossier.", "The link to accounting and the file’s rules."
        ),
        permissions=("capture.settings.view",),
        columns=(Text("Paramètre", "Setting"), Text("Valeur", "Value")),
        rows=lambda: (
            (Text("Comptabilité reliée", "Connected accounting"), Text("Oui", "Yes")),
            (Text("Publication automatique", "Automatic publishing"), Text("Non", "No")),
        ),
        actions=(
            ("capture.settings.edit", Text("Modifier les paramètres", "Edit settings")),
            ("capture.settings.integration", Text("Relier à la comptabilité", "Connect to accounting")),
        ),
    ),
)

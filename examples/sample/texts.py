"""The samples' own words in French and English; the language is the browser's choice."""

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date, get_timezone
from babel.numbers import format_currency
from flask import request

from examples.sample.product import LANGUAGES, Cell, Text

_LOCALES = {"fr": "fr_FR", "en": "en_GB"}
_ZONE = get_timezone("Europe/Brussels")  # in which billing counts its days

TEXTS: dict[str, Text] = {
    "skip": Text("Aller au contenu", "Skip to content"),
    "sign_in": Text("Se connecter", "Sign in"),
    "sign_out": Text("Se déconnecter", "Sign out"),
    "signed_out_title": Text("Vous êtes déconnecté", "You are signed out"),
    "signed_out_text": Text(
        "Votre session est terminée ici, dans le service d’identité et dans vos autres produits.",
        "Your session has ended here, at the identity service and in your other products.",
    ),
    "sample_note": Text(
        "Produit d’exemple : les chiffres sont fictifs, la connexion est réelle.",
        "A sample product: the figures are fictitious, the sign-in is real.",
    ),
    "one_account": Text(
        "Un seul compte personnel pour tous vos produits. Vous vous identifiez auprès de Sésame ; ce produit "
        "ne voit jamais "
        "votre mot de passe.",
        "One personal account for all your products. You identify yourself to Sésame; this product never sees"
        " your password.",
    ),
    "menu": Text("Menu", "Menu"),
    "products": Text("Vos autres produits", "Your other products"),
    "switch_company": Text("Changer d’entreprise", "Switch company"),
    "told": Text("Ce qu’on m’a dit", "What I was told"),
    "hello": Text("Bonjour {name}", "Hello {name}"),
    "working_in": Text("Vous travaillez dans {company}.", "You are working in {company}."),
    "via_mandate": Text("Accès par mandat de votre cabinet.", "Access through your firm’s mandate."),
    "via_support": Text("Accès d’assistance.", "Support access."),
    # what is said on every page while a subscription is not simply running
    "subscription_trial": Text("Période d’essai jusqu’au {date}.", "Trial until {date}."),
    "subscription_notice": Text(
        "Abonnement résilié : tout reste ouvert jusqu’au {date}. Pensez à exporter vos données.",
        "Subscription cancelled: everything stays open until {date}. Remember to export your data.",
    ),
    "subscription_suspended": Text(
        "L’abonnement est suspendu : vous pouvez consulter, rien ne peut être ajouté ni modifié. Le titulaire de"
        " l’entreprise peut régulariser.",
        "The subscription is suspended: you can look, nothing can be added or changed. The owner of the company can"
        " put it right.",
    ),
    "your_areas": Text("Ce qui vous est ouvert", "What is open to you"),
    "no_areas": Text(
        "Aucun domaine ne vous est ouvert dans cette entreprise. Demandez un rôle à son administrateur, ou "
        "changez d’entreprise.",
        "No area is open to you in this company. Ask its administrator for a role, or switch company.",
    ),
    "you_may": Text("Vous pouvez ici :", "Here you can:"),
    "only_look": Text(
        "Vous consultez cette page sans pouvoir la modifier.", "You can look at this page, not change it."
    ),
    "companies_title": Text("Vos entreprises dans ce produit", "Your companies in this product"),
    "companies_intro": Text(
        "Changer d’entreprise ne demande pas de se connecter à nouveau.",
        "Switching company does not ask you to sign in again.",
    ),
    "work_in": Text("Travailler dans {company}", "Work in {company}"),
    "current_company": Text("Entreprise actuelle", "Present company"),
    "search_companies": Text("Chercher parmi toutes vos entreprises", "Search all your companies"),
    "your_companies": Text("Mes entreprises", "My companies"),
    "told_intro": Text(
        "Tout ce que le service d’identité a dit de vous à ce produit, et rien d’autre.",
        "Everything the identity service has told this product about you, and nothing else.",
    ),
    "id_token": Text("Jeton d’identité : qui vous êtes", "ID token: who you are"),
    "access_token": Text("Jeton d’accès : ce que vous pouvez faire", "Access token: what you may do"),
    "userinfo": Text("Réponse de userinfo, lue à l’instant", "Userinfo answer, read just now"),
    "permissions": Text("Permissions de l’ensemble {set}", "Permissions of the set {set}"),
    "header_part": Text("En-tête", "Header"),
    "claims_part": Text("Contenu", "Claims"),
    "home": Text("Accueil", "Home"),
    "back_home": Text("Revenir à l’accueil", "Back to the home page"),
    "try_again": Text("Recommencer la connexion", "Start signing in again"),
    "other_company": Text("Choisir une autre entreprise", "Choose another company"),
    "technical": Text("Pour l’assistance :", "For support:"),
    # notices: a title and an explanation each
    "not_permitted_title": Text("Cette page ne vous est pas ouverte", "This page is not open to you"),
    "not_permitted_text": Text(
        "Votre rôle dans cette entreprise ne comprend pas ce domaine. L’administrateur de l’entreprise peut "
        "vous le donner.",
        "Your role in this company does not include this area. The company’s administrator can give it to you.",
    ),
    "not_found_title": Text("Cette page n’existe pas", "There is no such page"),
    "not_found_text": Text("L’adresse est peut-être incomplète.", "The address may be incomplete."),
    "download_title": Text("Aucun programme à télécharger ici", "There is no program to download here"),
    "download_text": Text(
        "Dans un vrai produit, cette page propose l’application pour téléphone. La démonstration n’en a pas : elle"
        " montre seulement où mène le lien « Télécharger » de Sésame.",
        "In a real product, this page offers the application for telephones. The demonstration has none: it only shows"
        " where the “Download” link of Sésame leads.",
    ),
    "bad_request_title": Text("Cette demande n’a pas été comprise", "This request was not understood"),
    "bad_request_text": Text("Rien n’a été modifié.", "Nothing was changed."),
    "broken_title": Text("Quelque chose n’a pas fonctionné", "Something went wrong"),
    "broken_text": Text(
        "Rien n’a été modifié. Réessayez dans un instant.", "Nothing was changed. Try again in a moment."
    ),
    "unavailable_title": Text("Le service d’identité ne répond pas", "The identity service does not answer"),
    "unavailable_text": Text(
        "Nous ne pouvons pas vérifier vos accès pour l’instant. Réessayez dans une minute.",
        "We cannot check your access at the moment. Try again in a minute.",
    ),
    "answer_not_ours_title": Text("Cette réponse ne vient pas de Sésame", "This answer is not from Sésame"),
    "answer_not_ours_text": Text(
        "Par prudence, elle a été ignorée. Recommencez la connexion depuis ce produit.",
        "To be safe it was ignored. Start signing in again from this product.",
    ),
    "attempt_unknown_title": Text("Cette connexion a expiré ou a déjà servi", "This sign-in has expired or was used"),
    "attempt_unknown_text": Text(
        "Cela arrive après un long moment, ou avec le bouton Précédent. Recommencez, c’est sans risque.",
        "This happens after a long while, or with the Back button. Start again, it is safe.",
    ),
    "attempt_failed_title": Text("La connexion n’a pas abouti", "Signing in did not work"),
    "attempt_failed_text": Text(
        "Le service d’identité n’a pas confirmé la connexion. Recommencez.",
        "The identity service did not confirm the sign-in. Start again.",
    ),
    "session_ended_title": Text("Votre session vient d’être fermée", "Your session has just been closed"),
    "session_ended_text": Text(
        "Vous vous êtes déconnecté ailleurs. Connectez-vous à nouveau pour continuer.",
        "You have signed out elsewhere. Sign in again to go on.",
    ),
    "form_stale_title": Text("Cette page était trop ancienne", "This page was too old"),
    "form_stale_text": Text(
        "Rien n’a été modifié. Revenez à l’accueil.", "Nothing was changed. Go back to the home page."
    ),
    "signed_out_here_only_title": Text("Vous êtes déconnecté de ce produit", "You are signed out of this product"),
    "signed_out_here_only_text": Text(
        "Le service d’identité ne répond pas : votre session y est peut-être encore ouverte. Fermez le "
        "navigateur si l’appareil "
        "est partagé.",
        "The identity service does not answer: your session there may still be open. Close the browser if "
        "others use this device.",
    ),
    "access_changed_title": Text("Votre accès a changé", "Your access has changed"),
    "access_changed_text": Text(
        "Votre session a pris fin, ou vos droits dans cette entreprise ont été modifiés. Connectez-vous à "
        "nouveau pour continuer "
        "avec vos droits actuels.",
        "Your session has ended, or your rights in this company were changed. Sign in again to go on with "
        "your present rights.",
    ),
    "refused_title": Text("Cet accès vous est refusé", "You do not have this access"),
    "refused_text": Text(
        "Vous n’avez pas accès à ce produit dans cette entreprise. Choisissez-en une autre, ou adressez-vous à son "
        "administrateur.",
        "You have no access to this product in this company. Choose another one, or ask its administrator.",
    ),
    "subscription_ended_title": Text(
        "L’abonnement de cette entreprise a pris fin", "This company’s subscription has ended"
    ),
    "subscription_ended_text": Text(
        "Le titulaire de l’entreprise peut le reprendre. Vous pouvez choisir une autre entreprise.",
        "The company’s owner can take it up again. You can choose another company.",
    ),
    "account_blocked_title": Text("Votre compte est bloqué", "Your account is blocked"),
    "account_blocked_text": Text(
        "Vos données sont intactes. L’administrateur de votre entreprise peut vous aider.",
        "Your data is intact. Your company’s administrator can help you.",
    ),
    "interrupted_title": Text("Il reste une étape", "One step is left"),
    "interrupted_text": Text(
        "Le service d’identité a besoin de vous pour continuer. Recommencez la connexion.",
        "The identity service needs you to continue. Start signing in again.",
    ),
    "proof_needed_title": Text("Une seconde preuve est nécessaire", "A second proof is needed"),
    "proof_needed_text": Text(
        "Votre rôle demande une connexion plus sûre. Recommencez et ayez votre application d’authentification"
        " sous la main.",
        "Your role demands a stronger sign-in. Start again and have your authenticator app at hand.",
    ),
}

_BY_REASON = {
    "no_access": "refused",
    "subscription_ended": "subscription_ended",
    "account_blocked": "account_blocked",
}
_BY_ERROR = {
    "access_denied": "refused",
    "interaction_required": "interrupted",
    "login_required": "interrupted",
    "account_selection_required": "interrupted",
    "consent_required": "interrupted",
    "insufficient_user_authentication": "proof_needed",
    "unmet_authentication_requirements": "proof_needed",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
}


def refusal(error: str, reason: str) -> str:
    """The notice that explains an error answer of the authorization endpoint."""
    return _BY_REASON.get(reason) or _BY_ERROR.get(error, "attempt_failed")


def language() -> str:
    return request.accept_languages.best_match(LANGUAGES) or "en"


def say(key: str, **values: str) -> str:
    """A text in the language of this request."""
    text = TEXTS[key].in_language(language())
    return text.format(**values) if values else text


def in_language(text: Text) -> str:
    return text.in_language(language())


def day(seconds: object) -> str:
    """The date of an instant that a token tells, as the service's own pages write it; empty without one."""
    if not isinstance(seconds, int):
        return ""
    return str(format_date(datetime.fromtimestamp(seconds, _ZONE), "long", locale=_LOCALES[language()]))


def show(cell: Cell) -> str:
    """A value of a table as people write it; a Decimal is an amount in euros."""
    locale = _LOCALES[language()]
    if isinstance(cell, Text):
        return in_language(cell)
    if isinstance(cell, Decimal) and not cell:
        return ""  # a ledger leaves the other side empty
    if isinstance(cell, Decimal):
        return str(format_currency(cell, "EUR", locale=locale))
    if isinstance(cell, date):
        return str(format_date(cell, "medium", locale=locale))
    return str(cell)

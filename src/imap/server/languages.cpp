#include "imap/server/languages.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::array<std::string_view, 4> kTags = {"i-default", "en", "de", "fr"};
constexpr std::size_t kGerman = 2, kFrench = 3;

struct Saying {
  std::string_view english, german, french;
};

// What people see most: how commands end, why something is refused, farewells. By the English text.
constexpr Saying kSayings[] = {
    {"A mailbox cannot have this use here", "Ein Ordner kann hier nicht so verwendet werden",
     "Une boîte ne peut pas avoir cet usage ici"},
    {"Another mailbox has this use", "Ein anderer Ordner wird schon so verwendet", "Une autre boîte a déjà cet usage"},
    {"Good bye", "Auf Wiedersehen", "Au revoir"},
    {"It holds other mailboxes", "Er enthält andere Ordner", "Elle contient d’autres boîtes"},
    {"It is in use; try again", "Wird gerade verwendet; bitte noch einmal versuchen",
     "En cours d’utilisation ; veuillez réessayer"},
    {"It is not known whether it was done; look before trying again",
     "Es ist nicht bekannt, ob es geschehen ist; bitte nachsehen, bevor Sie es noch einmal versuchen",
     "On ignore si l’opération a abouti ; vérifiez avant de réessayer"},
    {"Moved", "Verschoben", "Déplacé"},
    {"No changes are taken at the moment; try again later",
     "Im Moment sind keine Änderungen möglich; bitte später noch einmal versuchen",
     "Aucune modification n’est acceptée pour le moment ; réessayez plus tard"},
    {"No storage space at the moment; try again later",
     "Im Moment ist kein Speicherplatz frei; bitte später noch einmal versuchen",
     "Plus d’espace de stockage pour le moment ; réessayez plus tard"},
    {"No such mailbox", "Diesen Ordner gibt es nicht", "Cette boîte n’existe pas"},
    {"No such mailbox; create it first", "Diesen Ordner gibt es nicht; er muss erst angelegt werden",
     "Cette boîte n’existe pas ; créez-la d’abord"},
    {"Not available now; try again later", "Zur Zeit nicht verfügbar; bitte später noch einmal versuchen",
     "Indisponible pour le moment ; réessayez plus tard"},
    {"Only the newest messages", "Nur die neuesten Nachrichten", "Seulement les messages les plus récents"},
    {"Other Users/", "Andere Benutzer/", "Autres utilisateurs/"},
    {"Select a mailbox first", "Erst muss ein Ordner geöffnet werden", "Ouvrez d’abord une boîte"},
    {"Shared/", "Gemeinsam/", "Partagé/"},
    {"Sign in first", "Bitte erst anmelden", "Identifiez-vous d’abord"},
    {"Some messages were removed meanwhile", "Einige Nachrichten wurden inzwischen entfernt",
     "Des messages ont été supprimés entre-temps"},
    {"Some of the messages are gone", "Einige der Nachrichten gibt es nicht mehr",
     "Certains des messages n’existent plus"},
    {"Something is broken here; tell the administrator",
     "Hier ist etwas nicht in Ordnung; bitte dem Verwalter mitteilen",
     "Une erreur s’est produite ici ; prévenez l’administrateur"},
    {"Still here", "Noch da", "Toujours là"},
    {"Still working", "Noch in Arbeit", "Opération en cours"},
    {"That cannot be done with this mailbox", "Das ist mit diesem Ordner nicht möglich", "Impossible avec cette boîte"},
    {"That is more than this server takes", "Das ist mehr, als dieser Server annimmt",
     "C’est plus que ce que ce serveur accepte"},
    {"That is not possible", "Das ist nicht möglich", "Ce n’est pas possible"},
    {"That is not supported here", "Das wird hier nicht unterstützt", "Ce n’est pas pris en charge ici"},
    {"The account is full", "Das Konto ist voll", "Le compte est plein"},
    {"The mailbox is closed", "Der Ordner ist geschlossen", "La boîte est fermée"},
    {"The mailbox is open for reading only", "Der Ordner ist nur zum Lesen geöffnet",
     "La boîte est ouverte en lecture seule"},
    {"The message is too large", "Die Nachricht ist zu groß", "Le message est trop grand"},
    {"The message was removed meanwhile", "Die Nachricht wurde inzwischen entfernt",
     "Le message a été supprimé entre-temps"},
    {"The name is too long", "Der Name ist zu lang", "Le nom est trop long"},
    {"The name or the password is wrong", "Name oder Passwort ist falsch", "Le nom ou le mot de passe est incorrect"},
    {"The password has expired: change it in the webmail first",
     "Das Passwort ist abgelaufen: bitte zuerst in der Webmail ändern",
     "Le mot de passe a expiré : changez-le d’abord dans la messagerie web"},
    {"The server is stopping; come again", "Der Server wird angehalten; bitte später wiederkommen",
     "Le serveur s’arrête ; revenez plus tard"},
    {"The server is stopping; try again later", "Der Server wird angehalten; bitte später noch einmal versuchen",
     "Le serveur s’arrête ; réessayez plus tard"},
    {"There is no message with this UID", "Eine Nachricht mit dieser UID gibt es nicht", "Aucun message n’a cet UID"},
    {"There is no message with this number", "Eine Nachricht mit dieser Nummer gibt es nicht",
     "Aucun message n’a ce numéro"},
    {"There is no such quota root", "Diese Quota-Wurzel gibt es nicht", "Cette racine de quota n’existe pas"},
    {"There is one of this name already", "Es gibt schon einen mit diesem Namen", "Ce nom est déjà utilisé"},
    {"These are kept", "Diese werden behalten", "Ceux-ci sont conservés"},
    {"This account may not sign in here", "Dieses Konto darf sich hier nicht anmelden",
     "Ce compte ne peut pas s’identifier ici"},
    {"This mailbox holds no messages", "Dieser Ordner enthält keine Nachrichten",
     "Cette boîte ne contient pas de messages"},
    {"This mechanism is not available here", "Dieses Verfahren ist hier nicht verfügbar",
     "Ce mécanisme n’est pas disponible ici"},
    {"Too many bad commands", "Zu viele fehlerhafte Befehle", "Trop de commandes erronées"},
    {"Too many messages at once", "Zu viele Nachrichten auf einmal", "Trop de messages à la fois"},
    {"Too many sign-ins; try again later", "Zu viele Anmeldungen; bitte später noch einmal versuchen",
     "Trop d’identifications ; réessayez plus tard"},
    {"Unknown command", "Unbekannter Befehl", "Commande inconnue"},
    {"Waited too long", "Zu lange gewartet", "Attente trop longue"},
    {"What is stored is damaged; tell the administrator",
     "Was gespeichert ist, ist beschädigt; bitte dem Verwalter mitteilen",
     "Les données stockées sont endommagées ; prévenez l’administrateur"},
    {"You are signed in already", "Sie sind schon angemeldet", "Vous êtes déjà identifié"},
    {"You have no right to do that here", "Das dürfen Sie hier nicht", "Vous n’en avez pas le droit ici"},
    {"You may not read this mailbox any more", "Sie dürfen diesen Ordner nicht mehr lesen",
     "Vous ne pouvez plus lire cette boîte"},
    {"Your account was changed; sign in again", "Ihr Konto wurde geändert; bitte melden Sie sich neu an",
     "Votre compte a été modifié ; identifiez-vous à nouveau"},
    {"completed", "ausgeführt", "terminé"},
};
static_assert(std::ranges::is_sorted(kSayings, {}, &Saying::english));

}  // namespace

std::span<const std::string_view> language_tags() { return kTags; }

// RFC 4647 3.4: what stands behind the last hyphen goes, together with a single letter before it.
std::optional<std::size_t> find_language(std::string_view range) {
  if (ascii::iequals(range, "default")) return 0;  // RFC 5255 3.2
  while (!range.empty()) {
    const auto same = [&](std::string_view tag) { return ascii::iequals(tag, range); };
    const auto found = std::ranges::find_if(kTags, same);
    if (found != kTags.end()) return static_cast<std::size_t>(found - kTags.begin());
    const std::size_t hyphen = range.rfind('-');
    if (hyphen == std::string_view::npos) break;
    range = range.substr(0, hyphen);
    if (range.size() >= 2 && range[range.size() - 2] == '-') range.remove_suffix(2);
  }
  return std::nullopt;
}

std::string_view translated(std::string_view text, std::size_t language) {
  if (language != kGerman && language != kFrench) return text;
  const auto found = std::ranges::lower_bound(kSayings, text, {}, &Saying::english);
  if (found == std::end(kSayings) || found->english != text) return text;
  return language == kGerman ? found->german : found->french;
}

}  // namespace gatepost::imap::server

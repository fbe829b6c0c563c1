#include <fmt/format.h>

#include "gate/probe/talk.hpp"

// RFC 4511; the root DSE of RFC 4512 5.1.
namespace gatepost::gate::probe {

namespace {

constexpr int kMaxMessages = 16;  // of one answer
constexpr std::uint32_t kBusy = 51, kUnavailable = 52;

struct Found {
  std::vector<LdapMessage> entries;
  LdapMessage last;
};

// A search's entries up to its result.
Result<Found> search(Talk& talk, std::uint32_t id, std::string_view base, bool subtree, std::uint32_t limit,
                     const std::vector<std::string_view>& attributes) {
  Found found;
  std::string request = ldap_search(id, base, subtree, limit, attributes);
  for (int i = 0; i < kMaxMessages; ++i) {
    GP_TRY(LdapMessage message, talk.ask<LdapMessage>(request, take_ldap_message));
    request.clear();
    if (message.id == 0) return fail(Errc::closed, "the server ended the connection: " + printable(message.diagnostic));
    if (message.id != id) return fail(Errc::invalid, "an answer to something that was not asked");
    if (message.operation == 5) {
      found.last = std::move(message);
      return found;
    }
    if (message.operation == 4) found.entries.push_back(std::move(message));
  }
  return fail(Errc::too_large, "more entries than were asked for");
}

std::string joined(const std::vector<std::string>* values) {
  std::string out;
  if (values == nullptr) return "none";
  for (const std::string& value : *values) out += (out.empty() ? "" : ", ") + printable(value, 40);
  return out.substr(0, 160);
}

// none: the conversation is over.
std::optional<LdapMessage> root(Talk& talk, Stage stage) {
  auto found =
      search(talk, 1, "", false, 1,
             {"supportedLDAPVersion", "supportedExtension", "supportedSASLMechanisms", "namingContexts", "vendorName"});
  if (!found) {
    talk.add_broken(stage, found.error());
    return std::nullopt;
  }
  if (found->last.result == kBusy || found->last.result == kUnavailable) {
    talk.add(stage, Outcome::unknown, "the server limited the tester: " + printable(found->last.diagnostic),
             "try again later");
    return std::nullopt;
  }
  if (found->entries.empty()) {
    talk.add(stage, Outcome::ok,
             fmt::format("the root DSE is not shown to strangers (result {})", found->last.result.value_or(0)));
    return LdapMessage{};
  }
  LdapMessage& entry = found->entries.front();
  talk.add(stage, Outcome::ok,
           fmt::format("LDAP {}; mechanisms {}; contexts {}", joined(entry.attribute("supportedLDAPVersion")),
                       joined(entry.attribute("supportedSASLMechanisms")), joined(entry.attribute("namingContexts"))));
  return std::move(entry);
}

// Who is there is asked without a name; two entries are enough to know.
void judge_anonymous(Talk& talk, const LdapMessage& dse) {
  const auto* const contexts = dse.attribute("namingContexts");
  if (contexts == nullptr || contexts->empty()) return;
  const auto found = search(talk, 2, contexts->front(), true, 2, {"1.1"});
  if (!found) return talk.add_broken(Stage::action, found.error());
  // The context itself says no more than the root DSE did.
  std::string shown;
  for (const LdapMessage& entry : found->entries) {
    if (entry.name != contexts->front()) shown = entry.name;
  }
  if (shown.empty()) return talk.add(Stage::action, Outcome::ok, "strangers are shown no entries");
  talk.add(Stage::action, Outcome::warn, fmt::format("strangers may read the directory: {}", printable(shown)),
           "let anonymous users read the root DSE only");
}

bool ask_ldap_for_tls(Talk& talk, std::optional<LdapMessage>& answer) {
  auto asked = talk.ask<LdapMessage>(ldap_extended(3, kLdapStartTls), take_ldap_message);
  if (!asked) return false;
  answer = *std::move(asked);
  return answer->operation == 24 && answer->result == 0U;
}

bool prepare_ldap_tls(Talk& talk) {
  std::optional<LdapMessage> answer;
  return ask_ldap_for_tls(talk, answer);
}

// false: without TLS it does not go on.
bool upgrade_ldap(Talk& talk, const LdapMessage& dse) {
  const auto* const extensions = dse.attribute("supportedExtension");
  const bool announced = extensions != nullptr && has(*extensions, kLdapStartTls);
  std::optional<LdapMessage> answer;
  if (!ask_ldap_for_tls(talk, answer)) {
    talk.add(Stage::starttls, Outcome::warn,
             announced ? fmt::format("offered, then refused: {}", printable(answer ? answer->diagnostic : "no answer"))
                       : "StartTLS is not offered",
             "give the server a certificate, or serve LDAPS (636) only");
    return false;
  }
  talk.add(Stage::starttls, Outcome::ok, "accepted");
  return talk.start_tls();
}

}  // namespace

void talk_ldap(Talk& talk) {
  const bool implicit = talk.connection->encrypted();
  auto dse = root(talk, implicit ? Stage::after_tls : Stage::capabilities);
  if (!dse) return;
  if (!implicit) {
    talk.add(Stage::sign_in, Outcome::ok, "not tried: LDAP does not say whether it takes passwords before TLS");
    if (talk.service.tls != Tls::starttls || !upgrade_ldap(talk, *dse)) return judge_anonymous(talk, *dse);
    dse = root(talk, Stage::after_tls);
    if (!dse) return;
  }
  judge_anonymous(talk, *dse);
  talk.try_old_tls(implicit ? nullptr : prepare_ldap_tls);
}

}  // namespace gatepost::gate::probe

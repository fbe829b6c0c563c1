#include "daemon/own_files.hpp"

#include <boost/json.hpp>

#include "jmap/capabilities.hpp"
#include "mailflow/scripts.hpp"

namespace gatepost::daemon {
namespace {

namespace json = boost::json;

// As a program of his own would be told.
json::object jmap_settings(jmap::Server& server, const directory::Principal& owner) {
  const std::string account = "a" + std::to_string(static_cast<std::uint64_t>(owner.id));
  json::array calls;
  for (const char* method : {"Identity/get", "VacationResponse/get", "Forwarding/get"}) {
    calls.push_back(json::array{method, json::object{{"accountId", account}, {"ids", nullptr}}, method});
  }
  const json::object request{
      {"using", json::array{jmap::kCore, jmap::kMail, jmap::kSubmission, jmap::kVacation, jmap::kForwarding}},
      {"methodCalls", std::move(calls)}};
  json::object out{{"address", owner.address}, {"name", owner.display_name}};
  boost::system::error_code ec;
  const json::value answer = json::parse(server.call(owner, json::serialize(request)).body, ec);
  const json::object* object = ec ? nullptr : answer.if_object();
  const json::value* responses = object != nullptr ? object->if_contains("methodResponses") : nullptr;
  if (responses == nullptr || !responses->is_array()) return out;
  for (const json::value& response : responses->get_array()) {
    const json::array& triple = response.as_array();
    const json::value* list = triple[1].as_object().if_contains("list");
    if (list != nullptr) out[triple[0].as_string().subview(0, triple[0].as_string().find('/'))] = *list;
  }
  return out;
}

std::string file_name(std::string name) {
  for (char& c : name) {
    if (std::string_view("/\\<>:\"|?*").contains(c)) c = '_';
  }
  if (name.starts_with('.')) name.front() = '_';
  return name;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> own_files(jmap::Server& server, mailflow::Reception& reception,
                                                                   account::Accounts& accounts,
                                                                   const directory::Principal& owner) {
  std::vector<std::pair<std::string, std::string>> out;
  out.emplace_back("settings.json", json::serialize(jmap_settings(server, owner)) + "\n");
  GP_TRY(const auto account, accounts.open(static_cast<account::AccountId>(owner.id)));
  mailflow::Scripts* const scripts = reception.scripts();
  if (scripts == nullptr) return out;
  GP_TRY(const auto list, scripts->list(*account));
  for (const mailflow::Script& script : list.scripts) {
    GP_TRY(std::string content, scripts->content(*account, script.id));
    out.emplace_back("filters/" + file_name(script.name) + (script.active ? " (active)" : "") + ".sieve",
                     std::move(content));
  }
  return out;
}

}  // namespace gatepost::daemon

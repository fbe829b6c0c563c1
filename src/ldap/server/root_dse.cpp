// The root DSE (RFC 4512 5.1): what the server says of itself, from what will serve it.

#include "ldap/protocol/oids.hpp"
#include "ldap/server/controls.hpp"
#include "ldap/server/operations.hpp"
#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {
namespace {

std::vector<std::string> strings(const std::vector<std::string_view>& views) { return {views.begin(), views.end()}; }

}  // namespace

std::string Session::root_dse() {
  std::string out;
  const auto add = [&out](std::string_view type, std::vector<std::string> values) {
    if (!values.empty()) pack_attribute(out, type, values);
  };
  add("objectClass", {"top"});
  shared_.tree.refresh();
  const std::vector<std::string> contexts = shared_.tree.contexts();
  add("namingContexts", contexts);
  if (!contexts.empty()) add("defaultNamingContext", {contexts.front()});
  add("subschemaSubentry", {std::string(kSubschemaDn)});
  add("supportedLDAPVersion", {"3"});
  std::vector<std::string> extensions = strings(known_extensions());
  if (!may_start_tls()) std::erase(extensions, oid::kStartTls);
  add("supportedExtension", std::move(extensions));
  add("supportedControl", strings(known_controls()));
  add("supportedFeatures", {std::string(oid::kAllOperationalAttributes), std::string(oid::kTrueFalseFilters)});
  std::vector<std::string> mechanisms;
  for (const sasl::Mechanism mechanism : shared_.services.door.mechanisms(door_context())) {
    if (mechanism != sasl::Mechanism::login) mechanisms.emplace_back(to_string(mechanism));
  }
  add("supportedSASLMechanisms", std::move(mechanisms));
  add("vendorName", {"Gatepost"});
  if (!settings_->version.empty()) add("vendorVersion", {settings_->version});
  if (!settings_->hostname.empty()) add("dnsHostName", {settings_->hostname});
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(shared_.services.clock.now().time_since_epoch());
  add("currentTime", {generalized_time(now.count())});
  return out;
}

}  // namespace gatepost::ldap::server

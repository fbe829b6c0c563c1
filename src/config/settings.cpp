#include "config/settings.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/keys.hpp"

namespace gatepost::config {
namespace {

class Lister {
 public:
  explicit Lister(const std::map<std::string, std::uint32_t>& lines) : lines_(lines) {}

  template <class O>
  void table(const std::vector<Key<O>>& keys, std::string_view section, const std::string& heading, O present, O preset,
             bool required_too = false) {
    for (const Key<O>& key : keys) {
      if (key.section != section) continue;
      const auto at = lines_.find(fmt::format("{} {}", heading, key.name));
      Setting one{.table = heading,
                  .name = std::string(key.name),
                  .value = {},
                  .preset = {},
                  .type = key.type,
                  .meaning = std::string(key.meaning),
                  .line = at == lines_.end() ? 0 : at->second};
      if (!key.required || required_too)
        one.preset = key.default_words.empty() ? key.show(preset) : std::string(key.default_words);
      // What follows from other values and was not said is told in words.
      one.value = one.line == 0 && !key.default_words.empty() ? one.preset : key.show(present);
      out.push_back(std::move(one));
    }
  }
  template <class O>
  void tables(const std::vector<Key<O>>& keys, std::string_view name, const std::vector<O>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) table(keys, name, fmt::format("[[{}]] {}", name, i + 1), all[i], O());
  }

  std::vector<Setting> out;

 private:
  const std::map<std::string, std::uint32_t>& lines_;
};

}  // namespace

std::vector<Setting> settings(const Config& config, const std::map<std::string, std::uint32_t>& lines) {
  Lister lister(lines);
  const auto usual = default_listeners();
  for (const Section& section : sections()) {
    if (section.name == "listener.NAME") {
      for (const Listener& listener : config.listeners) {
        const auto same = std::ranges::find(usual, listener.name, &Listener::name);
        lister.table(listener_keys(), section.name, fmt::format("[listener.{}]", listener.name), listener,
                     same == usual.end() ? Listener{} : *same, same != usual.end());
      }
    } else if (section.name == "tls.certificate") {
      lister.tables(certificate_keys(), section.name, config.tls.certificates);
    } else if (section.name == "acme.certificate") {
      lister.tables(acme_certificate_keys(), section.name, config.acme.certificates);
    } else if (section.name == "outside_directory") {
      lister.tables(outside_directory_keys(), section.name, config.outside_directories);
    } else if (section.name == "oauth.provider") {
      lister.tables(oauth_provider_keys(), section.name, config.oauth.providers);
    } else if (section.name == "kerberos.realm") {
      lister.tables(kerberos_realm_keys(), section.name, config.kerberos.realms);
    } else if (section.name == "imap.client") {
      lister.tables(imap_client_keys(), section.name, config.imap.clients);
    } else if (section.name == "networks.group") {
      lister.tables(network_group_keys(), section.name, config.networks.groups);
    } else if (section.name == "gate.exception") {
      lister.tables(exception_keys(), section.name, config.gate.exceptions);
    } else if (section.name == "mailflow.smart_host") {
      if (config.mailflow.smart_host) {
        lister.table(smart_host_keys(), section.name, std::string(section.heading), *config.mailflow.smart_host,
                     SmartHost());
      }
    } else {
      lister.table(config_keys(), section.name, fmt::format("[{}]", section.name), config, Config::defaults());
    }
  }
  return std::move(lister.out);
}

}  // namespace gatepost::config

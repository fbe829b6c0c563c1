#include "config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <tuple>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "config/check.hpp"
#include "config/keys.hpp"
#include "config/toml.hpp"
#include "config/units.hpp"

namespace gatepost::config {
namespace {

constexpr std::size_t kMaxProblems = 200;
constexpr std::size_t kMaxListeners = 256;
constexpr std::size_t kMaxCertificates = 1024;
constexpr std::size_t kMaxTables = 1000;    // of one kind
constexpr std::size_t kMaxNameOctets = 32;  // of a listener

std::uint32_t line_of(const toml::node& node) { return static_cast<std::uint32_t>(node.source().begin.line); }
std::uint32_t line_of(const toml::key& key) { return static_cast<std::uint32_t>(key.source().begin.line); }

Value to_value(const toml::node& node, bool inside_array = false) {
  if (const auto* b = node.as_boolean()) return {b->get()};
  if (const auto* n = node.as_integer()) return {n->get()};
  if (const auto* s = node.as_string()) return {s->get()};
  if (const auto* a = node.as_array(); a != nullptr && !inside_array) {
    std::vector<Value> elements;
    for (const toml::node& element : *a) elements.push_back(to_value(element, true));
    return {std::move(elements)};
  }
  return {};
}

// Walks the parsed file, fills the configuration and collects every problem.
class Loader {
 public:
  Loader(LoadOutcome& out, std::string_view filename)
      : out_(out), filename_(filename), folder_(std::filesystem::path(filename).parent_path()) {}

  void syntax(const toml::parse_error& error) {
    if (out_.problems.size() < kMaxProblems) out_.problems.push_back(not_toml(error, filename_));
  }

  void root(const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::string_view name = key.str();
      const std::uint32_t line = line_of(key);
      if (name == "listener") {
        listeners(line, node);
      } else if (name == "outside_directory") {
        tables(line, node, name, outside_directory_keys(), out_.config.outside_directories);
      } else if (has_section(name)) {
        if (const toml::table* inner = node.as_table()) {
          section(name, *inner);
        } else {
          problem(line, std::string(name), "must be a section", "",
                  fmt::format("Write [{}] on a line of its own, its keys below.", name));
        }
      } else {
        unknown_section(name, line, node);
      }
    }
    // Defaults that the file does not name come after its own, in their usual order.
    finish();
  }

 private:
  static bool has_section(std::string_view name) {
    const auto& all = sections();
    // [oauth] has no keys of its own, but [[oauth.provider]].
    return name == "oauth" || std::any_of(all.begin(), all.end(), [&](const Section& s) { return s.name == name; });
  }

  void problem(std::uint32_t line, std::string where, std::string what, std::string cause, std::string cure) {
    if (out_.problems.size() >= kMaxProblems) return;
    out_.problems.push_back(
        {Severity::error, filename_, line, std::move(where), std::move(what), std::move(cause), std::move(cure)});
  }

  void unknown_section(std::string_view name, std::uint32_t line, const toml::node& node) {
    const std::string shown = printable(name);
    if (!node.is_table() && !node.is_array_of_tables()) {
      const std::string home = home_of(name);
      problem(line, shown, "a key outside any section", "",
              home.empty() ? "Put it below a line such as [server]." : fmt::format("Put it into {}.", home));
      return;
    }
    std::vector<std::string_view> names = {"listener"};
    for (const Section& s : sections()) names.push_back(s.name);
    const std::string_view near = nearest(name, names);
    problem(line, fmt::format("[{}]", shown), "unknown section", "",
            near.empty() ? "Take it out; docs/configuration.md lists all sections."
                         : fmt::format("Did you mean [{}]?", near));
  }

  // "[limits]" when a key of that name lives there.
  static std::string home_of(std::string_view name) {
    for (const auto& key : config_keys()) {
      if (key.name == name) return fmt::format("[{}]", key.section);
    }
    return {};
  }

  void section(std::string_view name, const toml::table& table) {
    out_.lines.try_emplace(fmt::format("[{}]", name), line_of(table));
    for (const auto& [key, node] : table) {
      const std::string_view word = key.str();
      if (name == "tls" && word == "certificate") {
        certificates(line_of(key), node);
      } else if (name == "imap" && word == "client") {
        imap_clients(line_of(key), node);
      } else if (name == "acme" && word == "certificate") {
        tables(line_of(key), node, "acme.certificate", acme_certificate_keys(), out_.config.acme.certificates);
      } else if (name == "oauth" && word == "provider") {
        tables(line_of(key), node, "oauth.provider", oauth_provider_keys(), out_.config.oauth.providers);
      } else if (name == "kerberos" && word == "realm") {
        tables(line_of(key), node, "kerberos.realm", kerberos_realm_keys(), out_.config.kerberos.realms);
      } else if (name == "networks" && word == "group") {
        tables(line_of(key), node, "networks.group", network_group_keys(), out_.config.networks.groups);
      } else if (name == "gate" && word == "exception") {
        tables(line_of(key), node, "gate.exception", exception_keys(), out_.config.gate.exceptions);
      } else if (name == "mailflow" && word == "smart_host") {
        smart_host(line_of(key), node);
      } else {
        std::vector<std::string_view> extra;
        if (name == "tls" || name == "acme") extra.push_back("certificate");
        if (name == "imap") extra.push_back("client");
        if (name == "oauth") extra.push_back("provider");
        if (name == "kerberos") extra.push_back("realm");
        if (name == "networks") extra.push_back("group");
        if (name == "gate") extra.push_back("exception");
        if (name == "mailflow") extra.push_back("smart_host");
        one(config_keys(), name, fmt::format("[{}]", name), out_.config, key, node, extra);
      }
    }
  }

  template <class O>
  void one(const std::vector<Key<O>>& keys, std::string_view section_name, const std::string& heading, O& owner,
           const toml::key& key, const toml::node& node, const std::vector<std::string_view>& more_names = {}) {
    const std::string_view word = key.str();
    const std::uint32_t line = line_of(key);
    const std::string where = fmt::format("{} {}", heading, printable(word));
    for (const Key<O>& row : keys) {
      if (row.section != section_name || row.name != word) continue;
      out_.lines.try_emplace(where, line);
      if (auto complaint = row.set(owner, to_value(node), folder_)) {
        problem(line, where, std::move(complaint->what), std::move(complaint->cause), std::move(complaint->cure));
      }
      return;
    }
    std::vector<std::string_view> names = more_names;
    for (const Key<O>& row : keys) {
      if (row.section == section_name) names.push_back(row.name);
    }
    const std::string_view near = nearest(word, names);
    std::string cure;
    if (!near.empty()) {
      cure = fmt::format("Did you mean {}?", near);
    } else if (const std::string home = home_of(word); !home.empty()) {
      cure = fmt::format("It belongs into {}.", home);
    } else {
      cure = "Take it out; docs/configuration.md lists all keys.";
    }
    problem(line, where, "unknown key", "", std::move(cure));
  }

  template <class O>
  void whole_table(const std::vector<Key<O>>& keys, const std::string& heading, O& owner, const toml::table& table,
                   std::uint32_t line, bool needs_all) {
    out_.lines.try_emplace(heading, line);
    for (const auto& [key, node] : table) one(keys, keys.front().section, heading, owner, key, node);
    for (const Key<O>& row : keys) {
      if (needs_all && row.required && !table.contains(row.name)) missing(line, heading, row.name, row.type);
    }
  }

  void missing(std::uint32_t line, const std::string& heading, std::string_view name, std::string_view type) {
    problem(line, fmt::format("{} {}", heading, name), "missing", "There is no sensible default for it.",
            fmt::format("Write {} = ... ({}).", name, type));
  }

  void certificates(std::uint32_t line, const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr || !array->is_array_of_tables() || array->size() > kMaxCertificates) {
      problem(line, "[tls] certificate", "must be tables", "",
              "Write [[tls.certificate]] on a line of its own, cert and key below.");
      return;
    }
    for (const toml::node& element : *array) {
      Certificate certificate;
      const std::string heading = fmt::format("[[tls.certificate]] {}", out_.config.tls.certificates.size() + 1);
      whole_table(certificate_keys(), heading, certificate, *element.as_table(), line_of(element), true);
      out_.config.tls.certificates.push_back(std::move(certificate));
    }
  }

  void imap_clients(std::uint32_t line, const toml::node& node) {
    tables(line, node, "imap.client", imap_client_keys(), out_.config.imap.clients);
  }

  // [[NAME]], any number of times.
  template <class O>
  void tables(std::uint32_t line, const toml::node& node, std::string_view name, const std::vector<Key<O>>& keys,
              std::vector<O>& out) {
    const toml::array* array = node.as_array();
    if (array == nullptr || !array->is_array_of_tables() || array->size() > kMaxTables) {
      const std::size_t dot = name.find('.');
      problem(line,
              dot == std::string_view::npos ? fmt::format("[[{}]]", name)
                                            : fmt::format("[{}] {}", name.substr(0, dot), name.substr(dot + 1)),
              "must be tables", "",
              fmt::format("Write [[{}]] on a line of its own, {} below.", name, keys.front().name));
      return;
    }
    for (const toml::node& element : *array) {
      O one;
      const std::string heading = fmt::format("[[{}]] {}", name, out.size() + 1);
      whole_table(keys, heading, one, *element.as_table(), line_of(element), true);
      out.push_back(std::move(one));
    }
  }

  void smart_host(std::uint32_t line, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      problem(line, "[mailflow] smart_host", "must be a section", "",
              "Write [mailflow.smart_host] on a line of its own, host and port below.");
      return;
    }
    SmartHost host;
    whole_table(smart_host_keys(), "[mailflow.smart_host]", host, *table, line, true);
    out_.config.mailflow.smart_host = std::move(host);
  }

  static bool is_listener_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxNameOctets && std::all_of(name.begin(), name.end(), [](char c) {
      return ascii::is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
    });
  }

  void listeners(std::uint32_t line, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr || table->size() > kMaxListeners) {
      problem(line, "[listener]", "must hold one section for each listener", "",
              "Write [listener.NAME] on a line of its own, service and port below.");
      return;
    }
    for (const auto& [key, inner] : *table) {
      const std::string_view name = key.str();
      const std::string heading = fmt::format("[listener.{}]", printable(name));
      if (!is_listener_name(name)) {
        problem(line_of(key), heading, "not a name for a listener", "",
                "Take up to 32 small letters, digits and hyphens.");
      } else if (const toml::table* one_listener = inner.as_table()) {
        named_.emplace_back(name, one_listener, line_of(key));
      } else {
        problem(line_of(key), heading, "must be a section", "",
                fmt::format("Write [listener.{}] on a line of its own, service and port below.", name));
      }
    }
  }

  void one_listener(const std::string& name, const toml::table& table, std::uint32_t line) {
    auto& all = out_.config.listeners;
    auto at = std::find_if(all.begin(), all.end(), [&](const Listener& l) { return l.name == name; });
    const bool is_new = at == all.end();
    if (is_new) {
      Listener listener;
      listener.name = name;
      // The plainest safe choice of a service nobody should read from outside.
      if (table["service"].value<std::string_view>() == "metrics") {
        listener.tls = TlsMode::none;
        listener.audience = Audience::admin;
      }
      all.push_back(std::move(listener));
      at = std::prev(all.end());
    }
    whole_table(listener_keys(), fmt::format("[listener.{}]", name), *at, table, line, is_new);
  }

  // Listeners come last: whether the default ones are there depends on [server], wherever that stands in the file.
  void finish() {
    Config& c = out_.config;
    if (!c.server.default_listeners) c.listeners.clear();
    for (const auto& [name, table, line] : named_) one_listener(name, *table, line);
    for (const auto& row : config_keys()) {
      const std::string heading = fmt::format("[{}]", row.section);
      if (row.required && !out_.lines.contains(fmt::format("{} {}", heading, row.name))) {
        const auto at = out_.lines.find(heading);
        missing(at == out_.lines.end() ? 0 : at->second, heading, row.name, row.type);
      }
    }
    for (const Listener& listener : c.listeners) {
      if (listener.port + c.server.port_offset <= 65535) continue;
      const std::string heading = fmt::format("[listener.{}]", listener.name);
      const auto at = out_.lines.find(heading + " port");
      problem(at == out_.lines.end() ? out_.lines["[server] port_offset"] : at->second, heading + " port",
              fmt::format("{} and port_offset {} make more than 65535", listener.port, c.server.port_offset), "",
              "Make port_offset smaller.");
    }
  }

  struct Named {
    std::string name;
    const toml::table* table;
    std::uint32_t line;
    Named(std::string_view n, const toml::table* t, std::uint32_t l) : name(n), table(t), line(l) {}
  };

  LoadOutcome& out_;
  std::string filename_;
  std::filesystem::path folder_;
  std::vector<Named> named_;
};

LoadOutcome failed_file(std::string_view filename, std::string what, std::string cure) {
  LoadOutcome out;
  out.config = Config::defaults();
  out.problems.push_back({Severity::error, std::string(filename), 0, "", std::move(what), "", std::move(cure)});
  return out;
}

constexpr std::size_t kMaxGroupOctets = 8 << 20;

// Adds what the group's file names to its networks.
std::optional<Complaint> read_group_file(NetworkGroup& group, const std::filesystem::path& folder) {
  if (group.file.empty()) return std::nullopt;
  const std::filesystem::path path = folder / group.file;
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxGroupOctets + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in && !in.eof()) return Complaint{printable(path.string()) + " cannot be read", "", "Check the path."};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxGroupOctets) return Complaint{"its file is larger than 8 MiB", "", "Take a shorter list."};
  return read_networks(text, group.networks);
}

void sort_by_line(std::vector<Problem>& problems) {
  std::sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.where, a.what) < std::tie(b.line, b.where, b.what);
  });
}

}  // namespace

bool LoadOutcome::ok() const {
  return std::none_of(problems.begin(), problems.end(), [](const Problem& p) { return p.severity == Severity::error; });
}

LoadOutcome load_text(std::string_view text, std::string_view filename) {
  if (text.size() > kMaxFileOctets)
    return failed_file(filename, "larger than 1 MiB", "A configuration is smaller; check the path.");
  LoadOutcome out;
  out.config = Config::defaults();
  Loader loader(out, filename);
  const toml::parse_result parsed = toml::parse(text, filename);
  if (parsed) {
    loader.root(parsed.table());
  } else {
    loader.syntax(parsed.error());
  }
  sort_by_line(out.problems);
  if (out.ok()) out.config.complete();
  return out;
}

LoadOutcome load(const std::filesystem::path& file) {
  const std::string name = file.string();
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    return failed_file(name, fmt::format("cannot be read: {}", std::strerror(errno)),
                       "Check the path and the permissions.");
  }
  std::string text(kMaxFileOctets + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.fail() && !in.eof()))
    return failed_file(name, "cannot be read", "It has to be a file, not a directory.");
  text.resize(static_cast<std::size_t>(in.gcount()));
  LoadOutcome out = load_text(text, name);
  for (NetworkGroup& group : out.config.networks.groups) {
    if (auto wrong = read_group_file(group, std::filesystem::path(name).parent_path())) {
      out.problems.push_back({Severity::error, name, 0, "[[networks.group]] " + printable(group.name),
                              std::move(wrong->what), std::move(wrong->cause), std::move(wrong->cure)});
    }
  }
  return out;
}

LoadOutcome load_and_check(const std::filesystem::path& file) {
  LoadOutcome out = load(file);
  if (!out.ok()) return out;
  for (Problem& found : check(out.config)) {
    found.file = file.string();
    // The line of the key itself, or else of its section.
    auto at = out.lines.find(found.where);
    if (at == out.lines.end()) at = out.lines.find(found.where.substr(0, found.where.rfind(' ')));
    if (at != out.lines.end()) found.line = at->second;
    out.problems.push_back(std::move(found));
  }
  sort_by_line(out.problems);
  return out;
}

}  // namespace gatepost::config

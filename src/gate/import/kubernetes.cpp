#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/import/json_values.hpp"
#include "gate/import/readers.hpp"
#include "gate/ruleset/address_text.hpp"
#include "gate/ruleset/values.hpp"

// networking.k8s.io/v1 NetworkPolicy: what any of the policies of a pod allows is allowed.
namespace gatepost::gate::importing {
namespace {

namespace json = boost::json;
using json::value;
using reading::member;
using reading::number_in;
using reading::text_in;

constexpr std::size_t kMaxLines = 500'000, kMaxYamlDepth = 32;

// As much of YAML as `kubectl get -o yaml` writes: block mappings and sequences by indentation, plain and quoted
// scalars of one line, "[]", "{}", lists of scalars in brackets, comments, several documents. Anything else is refused.
class Yaml {
 public:
  Result<std::vector<value>> parse(std::string_view text) {
    GP_CHECK(split(text));
    std::vector<value> out;
    while (at_ < lines_.size()) {
      if (lines_[at_].text == "---" || lines_[at_].text == "...") {
        ++at_;
        continue;
      }
      GP_TRY(value document, block(lines_[at_].indent, 0));
      if (at_ < lines_.size() && lines_[at_].text != "---" && lines_[at_].text != "...")
        return wrong("a line that belongs nowhere");
      out.push_back(std::move(document));
    }
    return out;
  }

 private:
  struct Line {
    std::size_t number, indent;
    std::string_view text;
  };

  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(Errc::invalid, fmt::format("line {}: {}", at_ < lines_.size() ? lines_[at_].number : 0, what));
  }

  Result<> split(std::string_view text) {
    std::size_t number = 0;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      ++number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      const std::size_t indent = line.find_first_not_of(' ');
      if (indent == std::string_view::npos || line[indent] == '#') continue;
      if (line[indent] == '\t') return fail(Errc::invalid, fmt::format("line {}: a tab", number));
      if (number > kMaxLines) return fail(Errc::too_large, "too many lines");
      line = without_comment(line.substr(indent));
      if (!line.empty()) lines_.push_back({number, indent, line});
    }
    return {};
  }

  // " # ..." outside quotes.
  static std::string_view without_comment(std::string_view line) {
    char quote = 0;
    std::size_t end = line.size();
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '#' && (i == 0 || line[i - 1] == ' ')) {
        end = i;
        break;
      }
    }
    line = line.substr(0, end);
    while (line.ends_with(' ')) line.remove_suffix(1);
    return line;
  }

  // "key: value" or "key:"; npos: it is none. Where the colon is.
  static std::size_t colon_of(std::string_view text) {
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (i == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (c == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) {
        return i;
      }
    }
    return std::string_view::npos;
  }

  static bool is_item(std::string_view text) { return text == "-" || text.starts_with("- "); }

  Result<value> block(std::size_t indent, std::size_t depth) {
    if (depth > kMaxYamlDepth) return fail(Errc::too_large, "too deep");
    if (is_item(lines_[at_].text)) return sequence(indent, depth);
    if (colon_of(lines_[at_].text) != std::string_view::npos) return mapping(indent, depth);
    GP_TRY(value out, scalar(lines_[at_].text));
    ++at_;
    return out;
  }

  Result<value> sequence(std::size_t indent, std::size_t depth) {
    json::array out;
    while (at_ < lines_.size() && lines_[at_].indent == indent && is_item(lines_[at_].text)) {
      Line& line = lines_[at_];
      std::string_view rest = line.text.substr(1);
      const std::size_t blanks = rest.find_first_not_of(' ');
      if (blanks == std::string_view::npos) {
        ++at_;
        if (at_ < lines_.size() && lines_[at_].indent > indent) {
          GP_TRY(value item, block(lines_[at_].indent, depth + 1));
          out.push_back(std::move(item));
        } else {
          out.emplace_back(nullptr);
        }
        continue;
      }
      // What follows the dash is a block of its own, as far to the right as it stands.
      line.indent = indent + 1 + blanks;
      line.text = rest.substr(blanks);
      const std::size_t inner = line.indent;
      GP_TRY(value item, block(inner, depth + 1));
      out.push_back(std::move(item));
    }
    return value(std::move(out));
  }

  Result<value> mapping(std::size_t indent, std::size_t depth) {
    json::object out;
    while (at_ < lines_.size() && lines_[at_].indent == indent && !is_item(lines_[at_].text)) {
      const std::string_view text = lines_[at_].text;
      const std::size_t colon = colon_of(text);
      if (text == "---" || text == "...") break;
      if (colon == std::string_view::npos) return wrong("neither a key nor an item");
      GP_TRY(const value key, scalar(text.substr(0, colon)));
      std::string_view rest = text.substr(colon + 1);
      while (rest.starts_with(' ')) rest.remove_prefix(1);
      value item;
      if (!rest.empty()) {
        GP_TRY(item, scalar(rest));
        ++at_;
      } else {
        ++at_;
        // Items of a list may stand as far left as its key.
        const bool more = at_ < lines_.size() &&
                          (lines_[at_].indent > indent || (lines_[at_].indent == indent && is_item(lines_[at_].text)));
        if (more) {
          GP_TRY(item, block(lines_[at_].indent, depth + 1));
        }
      }
      out[key.is_string() ? key.get_string() : json::string(json::serialize(key))] = std::move(item);
    }
    return value(std::move(out));
  }

  Result<value> scalar(std::string_view text) const {
    if (text.empty() || text == "~" || text == "null") return value(nullptr);
    if (text == "{}") return value(json::object());
    if (text[0] == '[') {
      if (!text.ends_with(']')) return wrong("a list has no end");
      json::array out;
      std::string_view rest = text.substr(1, text.size() - 2);
      while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        std::string_view one = rest.substr(0, comma);
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (one.starts_with('[')) return wrong("a list within a list");
        if (one.empty()) continue;
        GP_TRY(value item, scalar(one));
        out.push_back(std::move(item));
      }
      return value(std::move(out));
    }
    if (text[0] == '"' || text[0] == '\'') {
      if (text.size() < 2 || text.back() != text[0]) return wrong("a quotation has no end");
      return value(json::string(text.substr(1, text.size() - 2)));
    }
    if (std::string_view("{&*!|>%@`").find(text[0]) != std::string_view::npos) return wrong("not understood");
    if (text == "true" || text == "false") return value(text == "true");
    if (const auto number = number_of_digits(text, UINT64_MAX)) return value(*number);
    return value(json::string(text));
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

std::optional<std::vector<PortSet>> ports_of(const value& rule, Material& into) {
  std::vector<PortSet> out;
  const auto& ports = array_in(member(rule, "ports"));
  if (ports.empty()) return std::vector{PortSet(0, 65535)};
  for (const value& p : ports) {
    const std::string_view protocol = text_in(member(p, "protocol"));
    if (!protocol.empty() && protocol != "TCP") continue;
    const value* port = member(p, "port");
    const auto first = number_in(port), last = number_in(member(p, "endPort"));
    if (port == nullptr || port->is_null()) {
      out.emplace_back(0, 65535);
    } else if (!first || *first > 65535 || (last && (*last < *first || *last > 65535))) {
      into.lose(
          fmt::format("the port {}: its number is in the pod, or it is none", printable(json::serialize(*port), 60)));
    } else {
      out.emplace_back(static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(last.value_or(*first)));
    }
  }
  if (out.empty()) return std::nullopt;
  return out;
}

void take_ingress(const value& rule, RuleList& list, Material& into) {
  const auto ports = ports_of(rule, into);
  if (!ports) return;
  std::optional<AddressSet> sources;
  const value* from = member(rule, "from");
  if (from != nullptr && !array_in(from).empty()) {
    sources.emplace();
    for (const value& peer : array_in(from)) {
      const value* block = member(peer, "ipBlock");
      if (block == nullptr) {
        into.lose("sources that are pods or namespaces: name their networks");
        continue;
      }
      std::vector<std::string> except;
      for (const value& e : array_in(member(*block, "except"))) except.emplace_back(text_in(&e));
      const AddressSet all = addresses_of({std::string(text_in(member(*block, "cidr")))}, into, "an ipBlock");
      sources = *sources | all.minus(addresses_of(except, into, "an exception of an ipBlock"));
    }
    if (sources->empty()) return;
  }
  for (const PortSet& set : *ports) list.add({.sources = sources, .ports = set});
}

}  // namespace

Result<Material> read_kubernetes(const std::vector<File>& files) {
  std::vector<value> documents;
  for (const File& file : files) {
    const std::size_t begin = file.text.find_first_not_of(" \t\r\n");
    if (begin != std::string::npos && file.text[begin] == '{') {
      boost::system::error_code error;
      json::parse_options options;
      options.max_depth = kMaxYamlDepth;
      documents.push_back(json::parse({file.text.data(), file.text.size()}, error, {}, options));
      if (error) return fail(Errc::invalid, "it is not JSON: " + error.message());
    } else {
      GP_TRY(std::vector<value> more, Yaml().parse(file.text));
      for (value& one : more) documents.push_back(std::move(one));
    }
  }
  Material out;
  RuleList list(out, true);
  bool found = false;
  const auto take = [&](const value& policy) {
    if (text_in(member(policy, "kind")) != "NetworkPolicy") return;
    const value* spec = member(policy, "spec");
    if (spec == nullptr) return;
    const auto& types = array_in(member(*spec, "policyTypes"));
    if (!types.empty() && std::ranges::none_of(types, [](const value& t) { return text_in(&t) == "Ingress"; })) return;
    found = true;
    for (const value& rule : array_in(member(*spec, "ingress"))) take_ingress(rule, list, out);
  };
  for (const value& document : documents) {
    take(document);
    for (const value& item : array_in(member(document, "items"))) take(item);
  }
  if (!found) return fail(Errc::invalid, "there is no NetworkPolicy about ingress in it");
  return out;
}

}  // namespace gatepost::gate::importing

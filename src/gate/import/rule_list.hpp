#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/policy/address_set.hpp"
#include "gate/ruleset/model.hpp"

// Rules of another firewall, in the evaluator's words.
namespace gatepost::gate::importing {

inline constexpr std::size_t kMaxFileOctets = 64 << 20;
inline constexpr std::size_t kMaxLosses = 200;

struct File {
  std::string name;  // without its folder
  std::string text;
};

// What a reader makes of files.
struct Material {
  Ruleset rules;
  bool v4 = true, v6 = true;        // the families they speak of
  std::vector<std::string> losses;  // what is in them and cannot be carried over, for people
  void lose(std::string text);      // printable, each once, at most kMaxLosses
};

// One rule of an ordered list: the first that fits decides.
struct ListedRule {
  enum class Action : std::uint8_t { allow, drop, reject };
  Action action = Action::allow;
  std::optional<AddressSet> sources = {}, destinations = {};  // nullopt: any
  std::optional<PortSet> ports = {};                          // nullopt: any
  std::uint32_t per_minute = 0, connections = 0;              // beyond these, it refuses
  std::string comment = {};
};

// A ruleset of one chain: listed rules about TCP, then `otherwise`.
class RuleList {
 public:
  explicit RuleList(Material& into, bool drops_otherwise);
  void add(const ListedRule& rule);

 private:
  void push(const ListedRule& rule, std::vector<Statement> last);
  Material& into_;
};

// Texts of addresses as addresses_in() takes them; those that are none are lost, with `where`.
AddressSet addresses_of(const std::vector<std::string>& texts, Material& into, std::string_view where);
std::string printable(std::string_view text, std::size_t most = 120);

}  // namespace gatepost::gate::importing

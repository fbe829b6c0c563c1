#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gate/ruleset/model.hpp"

namespace boost::json {
class value;
class object;
}  // namespace boost::json

// Reading of keys and values of rules: the inside of reader.cpp.
namespace gatepost::gate::reading {

// Interfaces' names and their numbers.
class Names {
 public:
  explicit Names(std::vector<std::string>& all) : all_(all) {
    for (std::size_t i = 0; i < all.size(); ++i) known_.emplace(all[i], i);
  }
  AddressNumber number(std::string_view name);

 private:
  std::vector<std::string>& all_;
  std::map<std::string, std::size_t, std::less<>> known_;
};

// The left side of a match: one key, or those of a concatenation. What is not understood has the field unknown.
std::vector<Key> keys_of(const boost::json::value& expression);

// What a key can be compared with; nullopt: not understood.
std::optional<Values> value_of(const Key& key, const boost::json::value& value, Names& names);
// The bits of flags that a list such as ["established", "related"] or one name stands for.
std::optional<std::uint64_t> bits_of(Field field, const boost::json::value& value);

// An element without its wrapping ({"elem": {"val": ...}}).
const boost::json::value& bare_element(const boost::json::value& element);
// The fields of one element; nullopt: not understood.
std::optional<std::vector<Values>> fields_of(const std::vector<Key>& keys, const boost::json::value& element,
                                             Names& names);
// Takes elements together that differ in their first field alone.
void group(std::vector<Elements::Group>& groups);

// What is limited, where one number says it: {"rate": 30, "per": "minute"}, a set's {"stmt": [{"limit": ...}]},
// {"val": 200} of "ct count".
Depends limit_of(std::string_view kind, const boost::json::value& body);

const boost::json::value* member(const boost::json::value& v, std::string_view name);
std::string_view text_in(const boost::json::value* v);  // empty: no text
std::optional<std::uint64_t> number_in(const boost::json::value* v);

}  // namespace gatepost::gate::reading

#include "mime/delimiters.hpp"

#include <functional>

#include "base/ascii.hpp"

namespace gatepost::mime {
namespace {

std::uint32_t hash(std::string_view text) { return static_cast<std::uint32_t>(std::hash<std::string_view>()(text)); }

}  // namespace

void Delimiters::open(std::size_t level, std::string boundary) {
  hashes_.push_back(hash(boundary));
  boundaries_.push_back({level, std::move(boundary)});
}

void Delimiters::close_from(std::size_t level) {
  while (!boundaries_.empty() && boundaries_.back().level >= level) {
    boundaries_.pop_back();
    hashes_.pop_back();
  }
}

std::optional<Delimiters::Match> Delimiters::find(std::string_view line) const {
  if (!line.starts_with("--")) return std::nullopt;
  const std::string_view text = line.substr(2, line.find_last_not_of(" \t") - 1);
  if (text.empty()) return std::nullopt;
  const bool dashes = text.size() > 2 && text.ends_with("--");
  const std::string_view inner = dashes ? text.substr(0, text.size() - 2) : text;
  const std::uint32_t text_hash = hash(text), inner_hash = dashes ? hash(inner) : text_hash;
  std::uint32_t hits = 0;  // a loop without branches, which the compiler makes wide
  for (const std::uint32_t h : hashes_)
    hits += static_cast<std::uint32_t>(h == text_hash) + static_cast<std::uint32_t>(h == inner_hash);
  if (hits == 0) return std::nullopt;
  for (std::size_t i = boundaries_.size(); i-- > 0;) {
    if (boundaries_[i].text == text) return Match{boundaries_[i].level, false};
    if (dashes && boundaries_[i].text == inner) return Match{boundaries_[i].level, true};
  }
  return std::nullopt;
}

}  // namespace gatepost::mime

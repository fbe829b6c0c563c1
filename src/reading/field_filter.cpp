#include "reading/field_filter.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace gatepost::reading {
namespace {

// Blanks may stand between a field's name and its colon (RFC 5322 4.5); a line with more of them has no name.
constexpr std::size_t kMaxBlanks = 1000;

}  // namespace

FieldFilter::FieldFilter(const std::vector<std::string>& names, bool except) : except_(except), keep_(except) {
  names_.reserve(names.size());
  for (const std::string& field : names) {
    names_.push_back(ascii::to_lower(field));
    longest_ = std::max(longest_, field.size());
  }
  std::ranges::sort(names_);
}

bool FieldFilter::names(std::string_view name) const {
  if (name.size() > longest_) return false;
  const auto less = [](std::string_view a, std::string_view b) {
    return std::ranges::lexicographical_compare(a, b, {}, ascii::lower, ascii::lower);
  };
  return std::ranges::binary_search(names_, name, less);
}

void FieldFilter::append(std::string_view piece, std::string& out) {
  while (!piece.empty() && at_ != At::done) {
    std::size_t taken = 0;
    switch (at_) {
      case At::line:
        taken = begin_line(piece, out);
        break;
      case At::name:
        taken = read_name(piece, out);
        break;
      case At::rest:
        taken = std::min(piece.find('\n'), piece.size() - 1) + 1;
        if (keep_) out += piece.substr(0, taken);
        if (piece[taken - 1] == '\n') at_ = At::line;
        break;
      case At::done:
        break;
    }
    piece.remove_prefix(taken);
  }
}

// A continuation, the empty line, or a field.
std::size_t FieldFilter::begin_line(std::string_view piece, std::string& out) {
  const char c = piece.front();
  if (c == '\n') {
    out.append(held_).push_back('\n');  // held: the CR before it
    held_.clear();
    at_ = At::done;
    return 1;
  }
  if (c == '\r' && held_.empty()) {
    held_ = "\r";
    return 1;
  }
  at_ = held_.empty() && ascii::is_blank(c) ? At::rest : At::name;
  return 0;
}

std::size_t FieldFilter::read_name(std::string_view piece, std::string& out) {
  const std::size_t end = std::min(piece.find_first_of(":\n"), piece.size());
  const std::size_t room = longest_ + kMaxBlanks - std::min(held_.size(), longest_ + kMaxBlanks);
  if (end > room) {
    held_ += piece.substr(0, room);
    decide(false, out);
    return room;
  }
  held_ += piece.substr(0, end);
  if (end == piece.size()) return end;
  decide(piece[end] == ':', out);
  return end;
}

void FieldFilter::decide(bool has_name, std::string& out) {
  std::string_view name = held_;
  while (!name.empty() && ascii::is_blank(name.back())) name.remove_suffix(1);
  keep_ = (has_name && names(name)) != except_;
  if (keep_) out += held_;
  held_.clear();
  at_ = At::rest;
}

void FieldFilter::finish(std::string& out) {
  if (!held_.empty()) decide(false, out);
  at_ = At::done;
}

}  // namespace gatepost::reading

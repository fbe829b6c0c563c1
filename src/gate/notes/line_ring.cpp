#include "gate/notes/line_ring.hpp"

#include <algorithm>
#include <set>

namespace gatepost::gate::notes {
namespace {

struct Found {
  LogLine line;
  std::size_t at;  // in what was searched
};

std::vector<Found> found_in(const std::vector<std::string>& from, const LineFilter& filter, std::size_t most) {
  std::vector<Found> all;
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto line = read_log_line(from[i]);
    if (!line) continue;
    if ((filter.since && line->time < *filter.since) || (filter.until && line->time > *filter.until)) continue;
    all.push_back({*std::move(line), i});
  }
  std::set<std::string, std::less<>> connections(filter.connections.begin(), filter.connections.end()), messages;
  std::vector<bool> wanted(all.size(), false);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const LogLine& line = all[i].line;
    const bool by_address = filter.address && line.remote() == filter.address;
    const bool by_text = !filter.text.empty() && std::ranges::any_of(line.fields, [&](const auto& field) {
      return std::string_view(field.second) == filter.text;
    });
    wanted[i] = by_address || by_text || connections.contains(line.field("conn"));
    if (!wanted[i]) continue;
    if (!line.field("conn").empty()) connections.emplace(line.field("conn"));
    if (!line.field("id").empty()) messages.emplace(line.field("id"));
  }
  std::vector<Found> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const LogLine& line = all[i].line;
    if (wanted[i] || connections.contains(line.field("conn")) || messages.contains(line.field("id")))
      out.push_back(std::move(all[i]));
  }
  if (out.size() > most) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(most));
  return out;
}

}  // namespace

void LineRing::add(std::string_view line) {
  const Lock lock(mutex_);
  lines_[added_++ % lines_.size()].assign(line.substr(0, kLineOctets));
}

std::vector<std::string> LineRing::all() const {
  std::vector<std::string> out;
  const Lock lock(mutex_);
  const std::uint64_t kept = std::min<std::uint64_t>(added_, lines_.size());
  out.reserve(kept);
  for (std::uint64_t i = added_ - kept; i < added_; ++i) out.push_back(lines_[i % lines_.size()]);
  return out;
}

std::vector<LogLine> select_lines(const std::vector<std::string>& from, const LineFilter& filter, std::size_t most) {
  std::vector<LogLine> out;
  for (Found& one : found_in(from, filter, most)) out.push_back(std::move(one.line));
  return out;
}

std::vector<std::string> texts_of(const std::vector<std::string>& from, const LineFilter& filter, std::size_t most) {
  std::vector<std::string> out;
  for (const Found& one : found_in(from, filter, most)) out.push_back(from[one.at]);
  return out;
}

}  // namespace gatepost::gate::notes

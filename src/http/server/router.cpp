#include "http/server/router.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/result.hpp"

namespace gatepost::http::server {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment[0] == '{' && segment.ends_with('}');
}

bool host_fits(std::string_view pattern, std::string_view host) {
  if (pattern.empty()) return true;
  if (pattern.ends_with('*')) return host.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == host;
}

// Smaller comes first.
int rank_of_host(std::string_view pattern) { return pattern.empty() ? 2 : pattern.ends_with('*') ? 1 : 0; }

bool takes(const Route& route, std::string_view method) {
  if (std::ranges::find(route.methods, method) != route.methods.end()) return true;
  return method == "HEAD" && std::ranges::find(route.methods, "GET") != route.methods.end();
}

std::string joined(std::vector<std::string> methods) {
  std::ranges::sort(methods);
  const auto [first, last] = std::ranges::unique(methods);
  methods.erase(first, last);
  std::string out;
  for (const std::string& method : methods) {
    if (!out.empty()) out += ", ";
    out += method;
  }
  return out;
}

}  // namespace

void Router::add(Route route) {
  GP_ASSERT(route.path.starts_with('/'));
  GP_ASSERT(!route.at_once || (route.access == Access::everybody && !route.tunnels));
  auto entry = std::make_unique<Entry>();
  for (const std::string_view part : ascii::split(std::string_view(route.path).substr(1), '/')) {
    entry->segments.emplace_back(part);
  }
  entry->rest = entry->segments.back() == "*";
  if (entry->rest) entry->segments.pop_back();
  entry->route = std::move(route);
  // Which of two that both fit comes first: the host, then segment by segment.
  const auto before = [](const std::unique_ptr<Entry>& a, const std::unique_ptr<Entry>& b) {
    const int host_a = rank_of_host(a->route.host), host_b = rank_of_host(b->route.host);
    if (host_a != host_b) return host_a < host_b;
    const std::size_t both = std::min(a->segments.size(), b->segments.size());
    for (std::size_t i = 0; i < both; ++i) {
      const bool open_a = is_parameter(a->segments[i]), open_b = is_parameter(b->segments[i]);
      if (open_a != open_b) return open_b;
    }
    if (a->segments.size() != b->segments.size()) return a->segments.size() > b->segments.size();
    return !a->rest && b->rest;
  };
  entries_.insert(std::ranges::upper_bound(entries_, entry, before), std::move(entry));
}

Router::Found Router::find(std::string_view host, const Target& target, std::string_view method) const {
  Found out;
  std::vector<std::string> allowed;
  const std::vector<std::string>& path = target.segments;
  for (const std::unique_ptr<Entry>& entry : entries_) {
    const std::vector<std::string>& pattern = entry->segments;
    const bool fits_in_size = entry->rest ? path.size() >= pattern.size() : path.size() == pattern.size();
    if (!fits_in_size || !host_fits(entry->route.host, host)) continue;
    bool fits = true;
    for (std::size_t i = 0; i < pattern.size() && fits; ++i) {
      fits = is_parameter(pattern[i]) ? !path[i].empty() : pattern[i] == path[i];
    }
    if (!fits) continue;
    if (!takes(entry->route, method)) {
      allowed.insert(allowed.end(), entry->route.methods.begin(), entry->route.methods.end());
      continue;
    }
    out.route = &entry->route;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (!is_parameter(pattern[i])) continue;
      const std::string_view name = std::string_view(pattern[i]).substr(1, pattern[i].size() - 2);
      out.parameters.emplace_back(name, path[i]);
    }
    if (entry->rest) {
      std::string rest;
      for (std::size_t i = pattern.size(); i < path.size(); ++i) rest += (i == pattern.size() ? "" : "/") + path[i];
      out.parameters.emplace_back("*", std::move(rest));
    }
    return out;
  }
  if (allowed.empty()) return out;
  if (std::ranges::find(allowed, "GET") != allowed.end()) allowed.emplace_back("HEAD");
  allowed.emplace_back("OPTIONS");
  out.allow = joined(std::move(allowed));
  out.status = method == "OPTIONS" ? 204 : 405;
  return out;
}

bool Router::has_tunnels() const {
  return std::ranges::any_of(entries_, [](const auto& entry) { return entry->route.tunnels; });
}

}  // namespace gatepost::http::server

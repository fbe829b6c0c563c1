#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "outside/connection.hpp"

namespace gatepost::outside {

// Servers in memory, for tests: entries by the filter that finds them, passwords by dn. Thread-safe.
class TestDirectory final : public Connector {
 public:
  struct Row {
    Entry entry;
    std::set<std::string> found_by;  // filters
  };
  std::deque<Row> rows;  // references to them stay good
  std::map<std::string, std::string> passwords;
  std::map<std::string, Proof::Kind> refused;  // by dn, with the right password
  std::map<std::string, Error> broken;         // by host: what connecting gives
  std::map<std::string, Error> failing;        // by host: what searches and binds give
  std::vector<std::string> log;                // "connect a", "bind dn", "search filter"
  std::map<std::string, int> open;             // connections by host, now

  Result<std::unique_ptr<Connection>> connect(const Server& server, const Access&) override;
  Entry& add(std::string dn, std::set<std::string> found_by, std::string password,
             std::map<std::string, std::vector<std::string>, ascii::ILess> attributes);
  std::size_t count(std::string_view line) const;
  void remove(std::string_view dn);

 private:
  class Session;
};

class TestDirectory::Session final : public Connection {
 public:
  Session(TestDirectory& of, std::string host) : of_(of), host_(std::move(host)) { ++of_.open[host_]; }
  ~Session() override { --of_.open[host_]; }
  Result<Proof> bind(const std::string& dn, const Secret& password) override {
    of_.log.push_back("bind " + dn);
    if (const auto at = of_.failing.find(host_); at != of_.failing.end()) return std::unexpected(at->second);
    const auto known = of_.passwords.find(dn);
    if (known == of_.passwords.end() || known->second != password.reveal()) return Proof{};
    const auto why = of_.refused.find(dn);
    return Proof{.kind = why == of_.refused.end() ? Proof::Kind::right : why->second};
  }
  Result<> search(const Search& search, const std::function<void(Entry&&)>& visit) override {
    of_.log.push_back("search " + search.filter);
    if (const auto at = of_.failing.find(host_); at != of_.failing.end()) return std::unexpected(at->second);
    std::size_t found = 0;
    for (const Row& row : of_.rows) {
      if (!row.found_by.contains(search.filter) && !changed_since(row, search.filter) && !named(row, search.filter))
        continue;
      if (++found > search.max_entries) return fail(Errc::too_large);
      visit(Entry(row.entry));
    }
    return {};
  }

 private:
  // "(&(p=*)(changed>=TIME))"
  static bool changed_since(const Row& row, std::string_view filter) {
    constexpr std::string_view kWord = "(changed>=";
    const auto at = filter.find(kWord);
    return at != std::string_view::npos &&
           row.entry.first("changed") >= filter.substr(at + kWord.size(), filter.size() - at - kWord.size() - 2);
  }

  // "(&(p=*)(|(entryUUID=ONE)(entryUUID=OTHER)))"
  static bool named(const Row& row, std::string_view filter) {
    const std::string_view id = row.entry.first("entryUUID");
    return filter.contains("(|(entryUUID=") && filter.contains("(entryUUID=" + std::string(id) + ")");
  }

  TestDirectory& of_;
  const std::string host_;
};

inline Result<std::unique_ptr<Connection>> TestDirectory::connect(const Server& server, const Access&) {
  log.push_back("connect " + server.host);
  if (const auto at = broken.find(server.host); at != broken.end()) return std::unexpected(at->second);
  return std::make_unique<Session>(*this, server.host);
}

inline Entry& TestDirectory::add(std::string dn, std::set<std::string> found_by, std::string password,
                                 std::map<std::string, std::vector<std::string>, ascii::ILess> attributes) {
  passwords[dn] = std::move(password);
  rows.push_back({{dn, std::move(attributes)}, std::move(found_by)});
  return rows.back().entry;
}

inline std::size_t TestDirectory::count(std::string_view line) const {
  return static_cast<std::size_t>(std::ranges::count(log, line));
}

inline void TestDirectory::remove(std::string_view dn) {
  std::erase_if(rows, [&](const Row& row) { return row.entry.dn == dn; });
}

}  // namespace gatepost::outside

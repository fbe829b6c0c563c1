#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "outside/settings.hpp"

namespace gatepost::outside {

struct Entry {
  std::string dn;
  std::map<std::string, std::vector<std::string>, ascii::ILess> attributes;

  std::string_view first(std::string_view attribute) const;  // empty: none
  const std::vector<std::string>& all(std::string_view attribute) const;
};

struct Search {
  std::string base;
  std::string filter;
  std::vector<std::string> attributes;
  bool base_only = false;  // else the whole tree below
  bool paged = false;      // by Access::page_size (RFC 2696)
  std::size_t max_entries = 0;
};

// What a server said to a name and a password.
struct Proof {
  enum class Kind : std::uint8_t {
    right,
    wrong,
    disabled,
    account_expired,
    password_expired,  // or has to be changed first
    locked,
    not_now,  // not at this hour, or not from here
  } kind = Kind::wrong;
  std::string detail;  // the server's own words, for the log
};
std::string_view to_string(Proof::Kind kind);

// A connection to a server. One thread at a time; each call blocks, for no longer than Access allows. Errors of all:
// Errc::timed_out, Errc::closed, Errc::unavailable: this server is of no use now, and neither is the connection.
// Errc::internal: it would not do this one thing.
class Connection {
 public:
  virtual ~Connection() = default;
  // A simple bind (RFC 4513 5.1.3). Never with an empty password, which would succeed for anybody (5.1.2):
  // Errc::invalid.
  virtual Result<Proof> bind(const std::string& dn, const Secret& password) = 0;
  // `visit` gets every entry; references to other servers are passed over. Errc::too_large: more than max_entries, or
  // more octets than Access allows. Errc::not_found: no such base. Errc::denied: not for whoever is bound.
  // Errc::invalid: the filter. After too_large the connection is over.
  virtual Result<> search(const Search&, const std::function<void(Entry&&)>& visit) = 0;
};

// Makes connections. Thread-safe.
class Connector {
 public:
  virtual ~Connector() = default;
  // Connected, with TLS where the server is to have it and its certificate checked; nobody is bound yet.
  virtual Result<std::unique_ptr<Connection>> connect(const Server&, const Access&) = 0;
  // All connections fail at once, and there are no more: nobody waits for a server any longer. For the end.
  virtual void abort() {}
};

// By libldap.
std::unique_ptr<Connector> make_ldap_connector();

}  // namespace gatepost::outside

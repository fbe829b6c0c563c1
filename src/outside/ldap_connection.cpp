#include <lber.h>
#include <ldap.h>
#include <openldap.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/mutex.hpp"
#include "base/utf8.hpp"
#include "outside/connection.hpp"
#include "outside/dial.hpp"
#include "outside/proof.hpp"
#include "outside/timed_io.hpp"

// The one file that knows libldap.
namespace gatepost::outside {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kOwnIo = 4;  // LDAP_PROTO_EXT of libldap's own header
constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";
constexpr std::size_t kMaxDiagnostic = 300;
// An answer in many messages may take longer than a message.
constexpr int kAnswerTimes = 12;
constexpr seconds kFarewell{1};

struct FreeMessage {
  void operator()(LDAPMessage* m) const { ldap_msgfree(m); }
};
using Message = std::unique_ptr<LDAPMessage, FreeMessage>;
struct FreeControl {
  void operator()(LDAPControl* c) const { ldap_control_free(c); }
};
using Control = std::unique_ptr<LDAPControl, FreeControl>;

timeval until(steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - steady_clock::now()).count();
  const auto positive = std::max<std::int64_t>(left, 0);
  return {.tv_sec = static_cast<time_t>(positive / 1'000'000),
          .tv_usec = static_cast<suseconds_t>(positive % 1'000'000)};
}

Errc code_of(int result) {
  switch (result) {
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INVALID_DN_SYNTAX:
      return Errc::not_found;
    case LDAP_INSUFFICIENT_ACCESS:
    case LDAP_STRONG_AUTH_REQUIRED:
    case LDAP_CONFIDENTIALITY_REQUIRED:
      return Errc::denied;
    case LDAP_SIZELIMIT_EXCEEDED:
    case LDAP_ADMINLIMIT_EXCEEDED:
      return Errc::too_large;
    case LDAP_FILTER_ERROR:
    case LDAP_INAPPROPRIATE_MATCHING:
      return Errc::invalid;
    case LDAP_TIMEOUT:
    case LDAP_TIMELIMIT_EXCEEDED:
      return Errc::timed_out;
    case LDAP_SERVER_DOWN:
    case LDAP_CONNECT_ERROR:
    case LDAP_DECODING_ERROR:
      return Errc::closed;
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
      return Errc::unavailable;
    default:
      return Errc::internal;  // says something of what was asked, and is no reason to leave the server alone
  }
}

// The sockets that are open, so that all can be ended from another thread. Thread-safe.
class OpenSockets {
 public:
  bool add(int fd) {
    const Lock lock(mutex_);
    if (!over_) fds_.insert(fd);
    return !over_;
  }
  void remove(int fd) {
    const Lock lock(mutex_);
    fds_.erase(fd);
  }
  void abort() {
    const Lock lock(mutex_);
    over_ = true;
    for (const int fd : fds_) ::shutdown(fd, SHUT_RDWR);
  }

 private:
  Mutex mutex_;
  std::set<int> fds_ GP_GUARDED_BY(mutex_);
  bool over_ GP_GUARDED_BY(mutex_) = false;
};

class LdapConnection final : public Connection {
 public:
  // Owns the first two. `sockets`, which has the one of `io`, outlives it.
  LdapConnection(LDAP* ld, std::unique_ptr<TimedIo> io, OpenSockets& sockets, const Server& server,
                 const Access& access)
      : sockets_(sockets), io_(std::move(io)), ld_(ld), at_(server.to_string()), access_(access) {}
  ~LdapConnection() override {
    sockets_.remove(io_->fd);  // before its number can be another's
    begin(steady_clock::now() + kFarewell);
    ldap_unbind_ext(ld_, nullptr, nullptr);
  }
  LdapConnection(const LdapConnection&) = delete;
  LdapConnection& operator=(const LdapConnection&) = delete;

  Result<> secure(const Server& server);
  Result<Proof> bind(const std::string& dn, const Secret& password) override;
  Result<> search(const Search&, const std::function<void(Entry&&)>& visit) override;

 private:
  struct Answer {
    int code = LDAP_SUCCESS;
    std::string diagnostic;
    std::optional<int> policy;
    std::string cookie;  // of the next page; empty: there is none
  };
  struct Spent {
    std::size_t entries = 0, octets = 0;
  };

  std::unexpected<Error> failed(int result, std::string_view what, std::string_view diagnostic = {}) const;
  Result<> set(int option, const void* value, std::string_view what);
  Result<Answer> read(LDAPMessage* message);
  Result<Answer> search_page(const Search& search, char** attributes, std::string cookie, Spent& spent,
                             const std::function<void(Entry&&)>& visit);
  Result<> take(LDAPMessage* message, const Search& search, Spent& spent, const std::function<void(Entry&&)>& visit);

  // From here on nothing waits for longer than until then.
  void begin(steady_clock::time_point deadline) { io_->deadline = deadline; }
  void begin() { begin(steady_clock::now() + access_.answer_timeout); }
  bool late() const { return steady_clock::now() >= io_->deadline; }

  OpenSockets& sockets_;
  const std::unique_ptr<TimedIo> io_;
  LDAP* const ld_;
  const std::string at_;
  const Access access_;
};

std::unexpected<Error> LdapConnection::failed(int result, std::string_view what, std::string_view diagnostic) const {
  std::string detail = fmt::format("{}: {}: {}", at_, what, ldap_err2string(result));
  if (!diagnostic.empty()) detail += fmt::format(" ({})", utf8::sanitize(diagnostic.substr(0, kMaxDiagnostic)));
  return fail(code_of(result), std::move(detail));
}

Result<> LdapConnection::set(int option, const void* value, std::string_view what) {
  if (ldap_set_option(ld_, option, value) == LDAP_OPT_SUCCESS) return {};
  return fail(Errc::unavailable, fmt::format("{}: {} is refused", at_, what));
}

// Everything is set on the handle, so that what the machine's ldap.conf says does not weaken it.
Result<> LdapConnection::secure(const Server& server) {
  const int version = LDAP_VERSION3;
  GP_CHECK(set(LDAP_OPT_PROTOCOL_VERSION, &version, "LDAP version 3"));
  GP_CHECK(set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF, "not following referrals"));
  const timeval connect{.tv_sec = static_cast<time_t>(access_.connect_timeout.count()), .tv_usec = 0};
  GP_CHECK(set(LDAP_OPT_NETWORK_TIMEOUT, &connect, "a time-out"));
  const timeval answer{.tv_sec = static_cast<time_t>(access_.answer_timeout.count()), .tv_usec = 0};
  GP_CHECK(set(LDAP_OPT_TIMEOUT, &answer, "a time-out"));
  Sockbuf* buffer = nullptr;
  ber_len_t most = access_.message_octets;
  if (ldap_get_option(ld_, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS || buffer == nullptr ||
      ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most) < 0) {
    return fail(Errc::unavailable, fmt::format("{}: no limit can be set to what it sends", at_));
  }
  if (server.tls == Tls::none) return {};
  const std::string authorities = access_.ca_file.empty() ? kSystemAuthorities : access_.ca_file.string();
  GP_CHECK(set(LDAP_OPT_X_TLS_CACERTFILE, authorities.c_str(), authorities));
  const int hard = LDAP_OPT_X_TLS_HARD;
  GP_CHECK(set(LDAP_OPT_X_TLS_REQUIRE_CERT, &hard, "checking certificates"));
  const int least = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;  // RFC 9325 3.1.1
  GP_CHECK(set(LDAP_OPT_X_TLS_PROTOCOL_MIN, &least, "TLS 1.2"));
  const int client = 0;
  GP_CHECK(set(LDAP_OPT_X_TLS_NEWCTX, &client, fmt::format("TLS with the authorities of {}", authorities)));
  begin();
  // RFC 4511 4.14. The name in the certificate is checked against the URL's host (RFC 4513 3.1.3).
  const int result = server.tls == Tls::starttls ? ldap_start_tls_s(ld_, nullptr, nullptr) : ldap_install_tls(ld_);
  if (result == LDAP_SUCCESS) return {};
  char* diagnostic = nullptr;
  ldap_get_option(ld_, LDAP_OPT_DIAGNOSTIC_MESSAGE, &diagnostic);
  const std::string why = diagnostic != nullptr ? diagnostic : "";
  ldap_memfree(diagnostic);
  const std::string_view what = server.tls == Tls::starttls ? "StartTLS" : "TLS";
  if (late()) return failed(LDAP_TIMEOUT, what);
  return failed(result, what,
                fmt::format("{}; unless it has no TLS, its certificate is not of an authority in {}, has expired, or "
                            "does not name {}",
                            why, authorities, server.host));
}

Result<LdapConnection::Answer> LdapConnection::read(LDAPMessage* message) {
  Answer out;
  char* diagnostic = nullptr;
  LDAPControl** controls = nullptr;
  const int parsed = ldap_parse_result(ld_, message, &out.code, nullptr, &diagnostic, nullptr, &controls, 0);
  if (diagnostic != nullptr) out.diagnostic = diagnostic;
  ldap_memfree(diagnostic);
  const std::unique_ptr<LDAPControl*, void (*)(LDAPControl**)> held(controls, &ldap_controls_free);
  if (parsed != LDAP_SUCCESS) return failed(LDAP_DECODING_ERROR, "its answer");
  if (LDAPControl* policy = ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE, controls, nullptr)) {
    ber_int_t expire = 0;
    ber_int_t grace = 0;
    LDAPPasswordPolicyError error = PP_noError;
    if (ldap_parse_passwordpolicy_control(ld_, policy, &expire, &grace, &error) == LDAP_SUCCESS && error != PP_noError)
      out.policy = static_cast<int>(error);
  }
  if (LDAPControl* page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nullptr)) {
    ber_int_t estimate = 0;
    berval cookie{};
    if (ldap_parse_pageresponse_control(ld_, page, &estimate, &cookie) == LDAP_SUCCESS) {
      if (cookie.bv_val != nullptr) out.cookie.assign(cookie.bv_val, cookie.bv_len);
      ber_memfree(cookie.bv_val);
    }
  }
  return out;
}

Result<Proof> LdapConnection::bind(const std::string& dn, const Secret& password) {
  if (password.empty()) return fail(Errc::invalid, "a bind without a password proves nothing");
  LDAPControl* asked = nullptr;
  if (ldap_create_passwordpolicy_control(ld_, &asked) != LDAP_SUCCESS) asked = nullptr;
  const Control policy(asked);
  std::array<LDAPControl*, 2> controls{policy.get(), nullptr};
  // libldap only reads it; its type does not say so.
  berval credentials{.bv_len = password.reveal().size(), .bv_val = const_cast<char*>(password.reveal().data())};
  int id = 0;
  begin();
  const int sent = ldap_sasl_bind(ld_, dn.c_str(), LDAP_SASL_SIMPLE, &credentials, controls.data(), nullptr, &id);
  if (sent != LDAP_SUCCESS) return failed(sent, "bind");
  timeval limit = until(io_->deadline);
  LDAPMessage* raw = nullptr;
  const int kind = ldap_result(ld_, id, LDAP_MSG_ALL, &limit, &raw);
  const Message message(raw);
  if (kind <= 0) return failed(kind == 0 || late() ? LDAP_TIMEOUT : LDAP_SERVER_DOWN, "bind");
  GP_TRY(const Answer answer, read(message.get()));
  if (auto proof = read_proof(answer.code, answer.diagnostic, answer.policy)) return *std::move(proof);
  return failed(answer.code, "bind", answer.diagnostic);
}

Result<> LdapConnection::take(LDAPMessage* message, const Search& search, Spent& spent,
                              const std::function<void(Entry&&)>& visit) {
  if (++spent.entries > search.max_entries) {
    return fail(Errc::too_large,
                fmt::format("{}: more than {} entries for {}", at_, search.max_entries, search.filter));
  }
  Entry entry;
  BerElement* raw = nullptr;
  berval dn{};
  if (ldap_get_dn_ber(ld_, message, &raw, &dn) != LDAP_SUCCESS) return failed(LDAP_DECODING_ERROR, "an entry");
  const auto free_ber = [](BerElement* b) { ber_free(b, 0); };
  const std::unique_ptr<BerElement, decltype(free_ber)> ber(raw, free_ber);
  entry.dn.assign(dn.bv_val, dn.bv_len);
  spent.octets += entry.dn.size();
  for (;;) {
    berval name{};
    BerVarray values = nullptr;
    const int result = ldap_get_attribute_ber(ld_, message, raw, &name, &values);
    const std::unique_ptr<berval, void (*)(void*)> held(values, &ber_memfree);
    if (result != LDAP_SUCCESS) return failed(LDAP_DECODING_ERROR, "an entry");
    if (name.bv_val == nullptr) break;
    auto& all = entry.attributes[std::string(name.bv_val, name.bv_len)];
    for (const berval* v = values; v != nullptr && v->bv_val != nullptr; ++v) {
      spent.octets += v->bv_len;
      all.emplace_back(v->bv_val, v->bv_len);
    }
  }
  if (spent.octets > access_.answer_octets) {
    return fail(Errc::too_large,
                fmt::format("{}: more than {} octets for {}", at_, access_.answer_octets, search.filter));
  }
  visit(std::move(entry));
  return {};
}

Result<LdapConnection::Answer> LdapConnection::search_page(const Search& search, char** attributes, std::string cookie,
                                                           Spent& spent, const std::function<void(Entry&&)>& visit) {
  Control page;
  if (search.paged) {
    berval at{.bv_len = cookie.size(), .bv_val = cookie.data()};
    LDAPControl* made = nullptr;
    const int result = ldap_create_page_control(ld_, static_cast<ber_int_t>(access_.page_size),
                                                cookie.empty() ? nullptr : &at, 1, &made);
    if (result != LDAP_SUCCESS) return failed(result, "search");
    page.reset(made);
  }
  std::array<LDAPControl*, 2> controls{page.get(), nullptr};
  // One more than is taken, so that too many are noticed.
  const int most = search.paged ? LDAP_NO_LIMIT : static_cast<int>(search.max_entries + 1);
  timeval limit{.tv_sec = static_cast<time_t>(access_.answer_timeout.count()), .tv_usec = 0};
  int id = 0;
  begin();
  const int sent = ldap_search_ext(ld_, search.base.c_str(), search.base_only ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE,
                                   search.filter.c_str(), attributes, 0, controls.data(), nullptr, &limit, most, &id);
  if (sent != LDAP_SUCCESS) return failed(sent, "search");
  const auto end = steady_clock::now() + access_.answer_timeout * kAnswerTimes;
  for (;;) {
    begin(std::min(end, steady_clock::now() + access_.answer_timeout));
    timeval left = until(io_->deadline);
    LDAPMessage* raw = nullptr;
    const int kind = ldap_result(ld_, id, LDAP_MSG_ONE, &left, &raw);
    const Message message(raw);
    if (kind <= 0) return failed(kind == 0 || late() ? LDAP_TIMEOUT : LDAP_SERVER_DOWN, "search");
    if (kind == LDAP_RES_SEARCH_ENTRY) {
      GP_CHECK(take(message.get(), search, spent, visit));
    } else if (kind == LDAP_RES_SEARCH_RESULT) {
      return read(message.get());
    }
    // A reference to another server (RFC 4511 4.5.3), as Active Directory adds them, is passed over, but counts.
    if (kind == LDAP_RES_SEARCH_REFERENCE && ++spent.entries > search.max_entries + 1000)
      return failed(LDAP_ADMINLIMIT_EXCEEDED, "references");
    if (steady_clock::now() >= end) return failed(LDAP_TIMEOUT, "search");
  }
}

Result<> LdapConnection::search(const Search& search, const std::function<void(Entry&&)>& visit) {
  std::vector<std::string> names = search.attributes;
  std::vector<char*> attributes;
  for (std::string& name : names) attributes.push_back(name.data());
  attributes.push_back(nullptr);
  Spent spent;
  std::string cookie;
  std::size_t pages = 0;
  do {
    // Pages may be short, even empty (RFC 2696 3), but not without end.
    if (++pages > search.max_entries + 100) return failed(LDAP_ADMINLIMIT_EXCEEDED, "pages");
    auto answer = search_page(search, attributes.data(), std::move(cookie), spent, visit);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->code != LDAP_SUCCESS && answer->code != LDAP_REFERRAL)
      return failed(answer->code, fmt::format("search in \"{}\" for {}", search.base, search.filter),
                    answer->diagnostic);
    cookie = std::move(answer->cookie);
  } while (search.paged && !cookie.empty());
  return {};
}

class LdapConnector final : public Connector {
 public:
  Result<std::unique_ptr<Connection>> connect(const Server& server, const Access& access) override {
    GP_TRY(const int fd, dial(server.host, server.port, access.connect_timeout));
    auto io = std::make_unique<TimedIo>(TimedIo{.fd = fd});
    // With TLS by ldap_install_tls(), the library must not begin it by itself.
    Server plain = server;
    plain.tls = Tls::none;
    LDAP* ld = nullptr;
    Sockbuf* buffer = nullptr;
    static Sockbuf_IO functions = TimedIo::functions();  // constant; the library's type does not say so
    if (ldap_init_fd(fd, kOwnIo, plain.to_string().c_str(), &ld) != LDAP_SUCCESS) {
      ::close(fd);
      return fail(Errc::unavailable, fmt::format("{}: no memory for a connection", server.to_string()));
    }
    if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS ||
        ber_sockbuf_add_io(buffer, &functions, LBER_SBIOD_LEVEL_PROVIDER, io.get()) != 0) {
      ldap_unbind_ext(ld, nullptr, nullptr);
      ::close(fd);
      return fail(Errc::unavailable, fmt::format("{}: no memory for a connection", server.to_string()));
    }
    auto out = std::make_unique<LdapConnection>(ld, std::move(io), sockets_, server, access);
    if (!sockets_.add(fd)) return fail(Errc::closed, "the server is stopping");
    GP_CHECK(out->secure(server));
    return out;
  }
  void abort() override { sockets_.abort(); }

 private:
  OpenSockets sockets_;
};

}  // namespace

std::unique_ptr<Connector> make_ldap_connector() { return std::make_unique<LdapConnector>(); }

}  // namespace gatepost::outside

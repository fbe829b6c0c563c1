#pragma once

// Tests and fuzzers only.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "directory/door.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/message.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/server.hpp"
#include "runtime/memory_stream.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/workers.hpp"
#include "store/memory_store.hpp"

namespace gatepost::ldap::server {

inline constexpr std::string_view kAnna = "anna@example.org", kPassword = "the password of anna";
inline constexpr std::string_view kAnnaDn = "uid=anna,ou=people,dc=example,dc=org";
inline constexpr std::string_view kStaffDn = "cn=staff,ou=groups,dc=example,dc=org";

// A server with all it needs, in memory, and some people: anna, the help desk's hilde, the administrator root, a
// disabled one, a room and a group with anna in it.
struct World {
  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  runtime::Workers workers{0};
  std::unique_ptr<store::Store> store = store::open_memory({.engine = "memory"}, clock);
  std::unique_ptr<directory::Directory> directory =
      *directory::Directory::open(store->keys(), {.argon2_memory_kib = 8, .argon2_iterations = 1}, clock, random);
  std::unique_ptr<sasl::Library> library = *sasl::Library::create("decoy");
  directory::Authenticator authenticator{*directory, {}, clock, log, metrics};
  directory::Door door{*library, authenticator, {}, log, metrics};
  Server server{services(), {.hostname = "mail.example.org", .version = "1.0"}};

  World() {
    (void)directory->add_domain("example.org");
    (void)directory->add_domain("example.net");
    add(kAnna, kPassword, "Anna Berg");
    add("hilde@example.org", kPassword, "Hilde", directory::Role::helpdesk);
    add("root@example.org", kPassword, "Root", directory::Role::admin);
    add("otto@example.net", kPassword, "Otto");
    auto gone = add("gone@example.org", kPassword, "Gone");
    gone.enabled = false;
    (void)directory->update_principal(gone);
    (void)directory->add_principal(directory::PrincipalKind::room, "aquarium@example.org", "The Aquarium");
    const auto staff = directory->add_principal(directory::PrincipalKind::group, "staff@example.org", "All staff");
    (void)directory->add_members(staff->id, {std::string(kAnna), "partner@example.com"});
    (void)directory->add_alias("a.berg@example.org", {std::string(kAnna)});
  }

  Services services() {
    Services out{door, workers, clock, random, log, metrics, "identity"};
    out.remove_account = [this](const directory::Principal& p) { return directory->remove_principal(p.id); };
    return out;
  }
  directory::Principal add(std::string_view address, std::string_view password, std::string_view name,
                           directory::Role role = directory::Role::none) {
    auto principal = *directory->add_principal(directory::PrincipalKind::person, address, name);
    principal.role = role;
    (void)directory->update_principal(principal);
    (void)directory->set_password(principal.id, Secret(password));
    return principal;
  }
};

// One answer, read.
struct Heard {
  int id = 0;
  unsigned operation = 0;  // the number of its tag
  ResultCode code{};
  std::string text, matched, dn, oid, value, sasl;
  std::map<std::string, std::vector<std::string>> attributes;
  std::map<std::string, std::string> controls;
};

inline std::map<std::string, std::vector<std::string>> read_attributes(ber::Reader list) {
  std::map<std::string, std::vector<std::string>> out;
  while (!list.at_end()) {
    ber::Reader one = list.inside(ber::kSequence);
    auto& values = out[std::string(one.octets())];
    ber::Reader set = one.inside(ber::kSet);
    while (!set.at_end()) values.emplace_back(set.octets());
    GP_ASSERT(one.ok() && one.at_end() && set.ok());
  }
  GP_ASSERT(list.ok());
  return out;
}

// Asserts that it is well formed.
inline Heard read_answer(std::string_view message) {
  Heard out;
  ber::Reader in = ber::Reader(message).inside(ber::kSequence);
  out.id = static_cast<int>(in.integer());
  const ber::Tag tag = in.peek();
  out.operation = tag & 0x1fU;
  ber::Reader body = in.inside(tag);
  if (out.operation == 4) {
    out.dn = body.octets();
    out.attributes = read_attributes(body.inside(ber::kSequence));
  } else if (out.operation == 25) {
    if (body.next_is(ber::context(0))) out.oid = body.octets(ber::context(0));
    if (body.next_is(ber::context(1))) out.value = body.octets(ber::context(1));
  } else {
    out.code = static_cast<ResultCode>(body.integer(ber::kEnumerated));
    out.matched = body.octets();
    out.text = body.octets();
    if (body.next_is(ber::context(7))) out.sasl = body.octets(ber::context(7));
    if (body.next_is(ber::context(10))) out.oid = body.octets(ber::context(10));
    if (body.next_is(ber::context(11))) out.value = body.octets(ber::context(11));
  }
  if (in.next_is(ber::context_constructed(0))) {
    for (const Control& control : *parse_controls(in.content(ber::context_constructed(0)))) {
      out.controls[control.oid] = control.value.value_or("");
    }
  }
  GP_ASSERT(body.ok() && body.at_end() && in.ok() && in.at_end());
  return out;
}

// One connection, driven as runtime::serve() does it, but step by step.
class Talk {
 public:
  explicit Talk(World& world, bool tls = true, std::size_t chunk = 0) : chunk_(chunk) {
    peer_.connection_id = "c1";
    peer_.witness = &witness_;
    peer_.remote = {*IpAddress::parse("192.0.2.7"), 40000};
    if (tls) peer_.tls = facts();
    session_ = world.server.session(peer_, output_, waker_);
    (void)finish(runtime::run_to_end(session_->opened()));
  }

  // What the server answers to these octets.
  std::string say(std::string_view octets) {
    std::string answer;
    while (!octets.empty() && !closed) {
      const std::size_t size = chunk_ == 0 ? octets.size() : std::min(chunk_, octets.size());
      input_ += octets.substr(0, size);
      octets.remove_prefix(size);
      answer += feed();
    }
    return answer;
  }
  static std::vector<Heard> read(std::string_view octets) {
    std::vector<Heard> out;
    while (!octets.empty()) {
      const ber::Extent end = ber::extent(octets, 1 << 24);
      GP_ASSERT(end.kind == ber::Extent::Kind::whole);
      out.push_back(read_answer(octets.substr(0, end.octets)));
      octets.remove_prefix(end.octets);
    }
    return out;
  }
  std::vector<Heard> ask(const Request& request, const std::vector<Control>& controls = {}) {
    std::string octets;
    write(octets, ++id_, request, controls);
    return read(say(octets));
  }
  ResultCode bind(std::string_view name = kAnna, std::string_view password = kPassword) {
    BindRequest request;
    request.name = name;
    request.authentication = BindRequest::Simple{Secret(password)};
    return ask(std::move(request)).front().code;
  }
  // The DNs that a search finds; the code last, unless it is success.
  std::vector<std::string> find(std::string_view filter, std::string_view base = "dc=example,dc=org",
                                Scope scope = Scope::subtree, const std::vector<Control>& controls = {}) {
    std::vector<std::string> out;
    last = ask(
        SearchRequest{
            .base = std::string(base), .scope = scope, .filter = *parse_filter_text(filter), .attributes = wanted},
        controls);
    for (const Heard& one : last) {
      if (one.operation == 4) out.push_back(one.dn);
    }
    if (last.back().code != ResultCode::success) {
      out.push_back("code " + std::to_string(static_cast<int>(last.back().code)));
    }
    return out;
  }
  std::vector<Heard> wake() {
    if (!std::exchange(waker_->woken, false)) return {};
    return read(finish(runtime::run_to_end(session_->woken())));
  }
  std::vector<Heard> stop() {
    session_->stopping();
    return read(output_.take());
  }
  runtime::Session& session() { return *session_; }

  std::vector<std::string> wanted;  // attributes of find()
  std::vector<Heard> last;
  bool closed = false, tls_wanted = false;
  std::vector<std::pair<runtime::Conduct, std::string>> conduct;

 private:
  struct Flag final : runtime::Waker {
    void wake() override { woken = true; }
    bool woken = false;
  };
  static runtime::TlsFacts facts() { return {.version = "TLSv1.3", .tls_exporter = std::string(32, 'x')}; }

  std::string feed() {
    std::string answer;
    while (!closed) {
      const runtime::Step step = runtime::run_to_end(session_->step(input_));
      GP_ASSERT(step.consumed <= input_.size());
      GP_ASSERT(step.consumed != 0 || step.next != runtime::Next::more || input_.size() < session_->max_buffered());
      input_.erase(0, step.consumed);
      answer += finish(step);
      if (step.consumed == 0 || input_.empty()) break;
    }
    return answer;
  }
  std::string finish(runtime::Step step) {
    if (step.next == runtime::Next::close) closed = true;
    if (step.next == runtime::Next::start_tls) {
      tls_wanted = true;
      input_.clear();
      peer_.tls = facts();
      session_->tls_started(*peer_.tls);
    }
    return output_.take();
  }

  std::size_t chunk_;
  runtime::Witness witness_ = [this](const runtime::Peer&, runtime::Conduct what, std::string_view detail) {
    conduct.emplace_back(what, detail);
  };
  int id_ = 0;
  runtime::Peer peer_;
  runtime::MemoryOutput output_;
  std::shared_ptr<Flag> waker_ = std::make_shared<Flag>();  // shared with the session's sign-in
  std::string input_;
  std::unique_ptr<runtime::Session> session_;
};

// RFC 4533 2.2
inline Control sync(bool persist, std::string_view cookie = {}) {
  std::string value;
  ber::Writer writer(value);
  const std::size_t mark = writer.begin(ber::kSequence);
  writer.integer(persist ? 3 : 1, ber::kEnumerated);
  if (!cookie.empty()) writer.octets(cookie);
  writer.end(mark);
  return {std::string(oid::kSyncRequest), true, std::move(value)};
}

}  // namespace gatepost::ldap::server

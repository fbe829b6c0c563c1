#include "pull/imap_client.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "imap/protocol/mailbox_name.hpp"

namespace gatepost::pull {
namespace {

constexpr std::uint64_t kMaxLiteral = 1 << 20;  // of anything but a body
constexpr std::size_t kMaxResponse = 4 << 20;
constexpr std::size_t kMaxFolders = 100'000;
constexpr std::size_t kMaxRows = 100'000;

std::unexpected<Error> nonsense(std::string_view what) { return fail(Errc::invalid, std::string(what)); }

// Of what a peer says, for people.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 200)) out.push_back(c >= ' ' && c < 0x7f ? c : '?');
  return out;
}

}  // namespace

Result<std::unique_ptr<ImapClient>> ImapClient::open(const Server& server, const SignIn& who, sasl::Library& library,
                                                     std::chrono::milliseconds& backoff) {
  GP_TRY(auto channel, Channel::open(server));
  std::unique_ptr<ImapClient> client(new ImapClient(std::move(channel)));
  Result<> done = client->greet(server);
  if (done) done = client->sign_in(who, library);
  backoff = client->backoff_;
  if (!done) return std::unexpected(std::move(done).error());
  return client;
}

Result<> ImapClient::greet(const Server& server) {
  GP_TRY(const std::string line, channel_->line());
  const auto greeting = line.starts_with("* ") ? parse_status(std::string_view(line).substr(2)) : std::nullopt;
  if (!greeting) return nonsense("that is no IMAP server");
  if (greeting->status == Status::bye) return refused(*greeting);
  if (greeting->status != Status::ok) return nonsense("somebody is signed in already");
  if (server.security != Security::starttls) return {};
  GP_CHECK(run_ok("STARTTLS"));
  return channel_->start_tls();
}

Result<> ImapClient::ask_capabilities() {
  capabilities_.clear();
  return run_ok("CAPABILITY", [this](std::string_view text) {
    if (ascii::istarts_with(text, "CAPABILITY ")) capabilities_ = parse_capabilities(text);
  });
}

bool ImapClient::can(std::string_view capability) const {
  return std::ranges::find(capabilities_, capability) != capabilities_.end();
}

Result<> ImapClient::sign_in(const SignIn& who, sasl::Library& library) {
  GP_CHECK(ask_capabilities());
  std::vector<std::string> offered;
  for (const std::string& word : capabilities_) {
    if (word.starts_with("AUTH=")) offered.push_back(word.substr(5));
  }
  auto exchange = library.client(offered, true, who.user, who.password);
  if (exchange) {
    GP_CHECK(authenticate(**exchange));
  } else {
    if (can("LOGINDISABLED")) return fail(Errc::denied, "the server takes no password here");
    GP_CHECK(login(who));
  }
  GP_CHECK(ask_capabilities());
  if (can("ENABLE") && (can("UTF8=ACCEPT") || can("UTF8=ONLY"))) {
    GP_TRY(const StatusLine done, run("ENABLE UTF8=ACCEPT", {}));
    utf8_ = done.status == Status::ok;
  }
  return {};
}

Result<> ImapClient::login(const SignIn& who) {
  GP_TRY(const StatusLine done, run(fmt::format("LOGIN {} {}", quoted(who.user), quoted(who.password.reveal())), {}));
  if (done.status == Status::ok) return {};
  if (is_temporary(done)) return refused(done);
  return fail(Errc::unauthenticated, "the server refuses name and password: " + shown(done.text));
}

Result<> ImapClient::authenticate(sasl::ClientExchange& exchange) {
  const std::string tag = next_tag();
  GP_TRY(auto initial, exchange.initial());
  std::string command = fmt::format("{} AUTHENTICATE {}", tag, sasl::to_string(exchange.mechanism()));
  if (initial && can("SASL-IR")) {
    command += ' ';
    command += initial->empty() ? "=" : base64::encode(*initial);
    initial.reset();
  }
  GP_CHECK(channel_->write(command + "\r\n"));
  for (;;) {
    GP_TRY(const std::string text, response());
    if (text.starts_with('+')) {
      const auto challenge = base64::decode(ascii::trim(std::string_view(text).substr(1)));
      std::string answer;
      if (initial) {
        answer = *std::exchange(initial, std::nullopt);
      } else {
        GP_TRY(answer, exchange.step(challenge.value_or("")));
      }
      GP_CHECK(channel_->write(base64::encode(answer) + "\r\n"));
      continue;
    }
    if (!text.starts_with(tag + ' ')) continue;
    const auto done = parse_status(std::string_view(text).substr(tag.size() + 1));
    if (!done) return nonsense("no answer to AUTHENTICATE");
    if (done->status != Status::ok) {
      if (is_temporary(*done)) return refused(*done);
      return fail(Errc::unauthenticated, "the server refuses name and password: " + shown(done->text));
    }
    // RFC 5802 5: who does not know the password is not the server.
    if (!exchange.complete()) return fail(Errc::denied, "the server did not prove that it knows the password");
    return {};
  }
}

std::string ImapClient::next_tag() { return fmt::format("g{}", ++tags_); }

std::string ImapClient::quoted(std::string_view text) const {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c != '\r' && c != '\n') out.push_back(c);
  }
  return out + '"';
}

std::string ImapClient::mailbox(const std::string& name) const {
  return quoted(utf8_ ? name : imap::utf8_to_modified_utf7(name).value_or(name));
}

// Of a line that may go on behind a literal, all of it.
Result<std::string> ImapClient::complete(std::string line) {
  for (auto size = literal_at_end(line); size; size = literal_at_end(line)) {
    if (*size > kMaxLiteral || line.size() + *size > kMaxResponse) return fail(Errc::too_large, "a response too long");
    line += "\r\n";
    const std::size_t begin = line.size();
    line.resize(begin + static_cast<std::size_t>(*size));
    for (std::size_t at = begin; at < line.size();) {
      GP_TRY(const std::size_t n, channel_->read(std::span(line).subspan(at)));
      at += n;
    }
    GP_TRY(const std::string rest, channel_->line());
    // What a literal ends with announces no other.
    if (rest.empty()) return line;
    line += rest;
    if (line.size() > kMaxResponse) return fail(Errc::too_large, "a response too long");
  }
  return line;
}

Result<std::string> ImapClient::response() {
  GP_TRY(std::string line, channel_->line());
  return complete(std::move(line));
}

std::unexpected<Error> ImapClient::refused(const StatusLine& line) {
  const auto asked = backoff_of(line.text);
  if (asked) backoff_ = *asked;
  const bool later = asked || line.status == Status::bye || is_temporary(line);
  return fail(later ? Errc::unavailable : Errc::denied, "the server says: " + shown(line.code + " " + line.text));
}

Result<StatusLine> ImapClient::await(const std::string& tag, const Untagged& untagged) {
  for (;;) {
    GP_TRY(const std::string text, response());
    if (text.starts_with("* ")) {
      const std::string_view rest = std::string_view(text).substr(2);
      if (const auto status = parse_status(rest); status && status->status == Status::bye) return refused(*status);
      if (untagged) untagged(rest);
      continue;
    }
    if (!text.starts_with(tag + ' ')) continue;
    auto status = parse_status(std::string_view(text).substr(tag.size() + 1));
    if (!status) return nonsense("an answer that is none");
    return *std::move(status);
  }
}

Result<StatusLine> ImapClient::run(std::string_view command, const Untagged& untagged) {
  const std::string tag = next_tag();
  GP_CHECK(channel_->write(fmt::format("{} {}\r\n", tag, command)));
  return await(tag, untagged);
}

Result<> ImapClient::run_ok(std::string_view command, const Untagged& untagged) {
  GP_TRY(const StatusLine done, run(command, untagged));
  if (done.status != Status::ok) return refused(done);
  return {};
}

Result<std::optional<Namespace>> ImapClient::personal() {
  std::optional<Namespace> out;
  if (!can("NAMESPACE")) return out;
  GP_CHECK(run_ok("NAMESPACE", [&](std::string_view text) {
    if (const auto found = parse_namespace(text, utf8_)) out = found;
  }));
  return out;
}

Result<std::vector<Listed>> ImapClient::folders() {
  std::vector<Listed> out;
  const auto take = [&](std::string_view text) {
    if (auto one = parse_list(text, utf8_); one && out.size() < kMaxFolders) out.push_back(*std::move(one));
  };
  if (can("LIST-EXTENDED") && can("SPECIAL-USE")) {
    GP_TRY(const StatusLine done, run(R"(LIST "" "*" RETURN (SPECIAL-USE))", take));
    if (done.status == Status::ok) return out;
    out.clear();
  }
  GP_CHECK(run_ok(can("XLIST") && !can("SPECIAL-USE") ? R"(XLIST "" "*")" : R"(LIST "" "*")", take));
  return out;
}

Result<ImapClient::Opened> ImapClient::examine(const std::string& name) {
  Opened out;
  const auto number = [](const std::string& text) {
    std::uint64_t n = 0;
    for (const char c : text) n = ascii::is_digit(c) && n < 1ULL << 40 ? n * 10 + static_cast<unsigned>(c - '0') : n;
    return n <= UINT32_MAX ? static_cast<std::uint32_t>(n) : 0;
  };
  GP_CHECK(run_ok("EXAMINE " + mailbox(name), [&](std::string_view text) {
    if (const auto exists = parse_exists(text)) out.exists = *exists;
    const auto status = parse_status(text);
    if (status && status->code == "UIDVALIDITY") out.uid_validity = number(status->arguments);
    if (status && status->code == "UIDNEXT") out.uid_next = number(status->arguments);
  }));
  return out;
}

Result<std::uint32_t> ImapClient::highest() {
  std::uint32_t highest = 0;
  GP_CHECK(run_ok("UID FETCH * (UID)", [&](std::string_view text) {
    if (const auto one = parse_fetch(text)) highest = std::max(highest, one->uid);
  }));
  return highest;
}

Result<std::vector<Fetched>> ImapClient::rows(std::uint32_t first, std::uint32_t last) {
  std::map<std::uint32_t, Fetched> found;
  const std::string command = fmt::format("UID FETCH {}:{} (UID FLAGS INTERNALDATE)", first, last);
  GP_CHECK(run_ok(command, [&](std::string_view text) {
    auto one = parse_fetch(text);
    if (!one || one->uid < first || one->uid > last || found.size() >= kMaxRows) return;
    const auto [at, fresh] = found.try_emplace(one->uid, *one);
    // Flags that changed meanwhile come in a response of their own, without a date.
    if (!fresh && one->has_flags) at->second.flags = std::move(one->flags);
    if (!fresh && one->received) at->second.received = one->received;
  }));
  std::vector<Fetched> out;
  for (auto& [uid, row] : found) out.push_back(std::move(row));
  return out;
}

Result<> ImapClient::ask_bodies(std::span<const std::uint32_t> uids) {
  asked_ = next_tag();
  return channel_->write(fmt::format("{} UID FETCH {} (UID BODY.PEEK[])\r\n", asked_, fmt::join(uids, ",")));
}

Result<ImapClient::Body> ImapClient::next_body() {
  Body body;
  for (;;) {
    GP_TRY(std::string line, channel_->line());
    if (line.starts_with("* ")) {
      auto fetched = parse_fetch(std::string_view(line).substr(2));
      if (fetched && fetched->literal) {
        left_ = *fetched->literal;
        uid_ = fetched->uid;
        in_body_ = true;
        return Body{.there = true, .octets = left_, .refused = {}};
      }
      GP_TRY(const std::string text, complete(std::move(line)));
      fetched = parse_fetch(std::string_view(text).substr(2));
      // A message without an octet, perhaps as NIL.
      if (fetched && fetched->empty_body) {
        uid_ = fetched->uid;
        left_ = 0;
        body.there = true;
        return body;
      }
      const auto status = parse_status(std::string_view(text).substr(2));
      if (status && status->status == Status::bye) return refused(*status);
      continue;
    }
    if (!line.starts_with(asked_ + ' ')) continue;
    const auto done = parse_status(std::string_view(line).substr(asked_.size() + 1));
    if (!done) return nonsense("an answer that is none");
    if (done->status != Status::ok) {
      if (is_temporary(*done) || backoff_of(done->text)) return refused(*done);
      body.refused = shown(done->code + " " + done->text);
    }
    return body;
  }
}

Result<std::size_t> ImapClient::read_body(std::span<char> out) {
  if (left_ == 0) return 0;
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left_, out.size()));
  GP_TRY(const std::size_t n, channel_->read(out.first(most)));
  left_ -= n;
  return n;
}

Result<std::uint32_t> ImapClient::end_body() {
  if (!in_body_) return uid_;
  std::vector<char> rest(16 << 10);
  while (left_ > 0) GP_CHECK(read_body(rest));
  in_body_ = false;
  // ")" and what else belongs to the response, the UID perhaps.
  GP_TRY(std::string line, channel_->line());
  GP_TRY(const std::string tail, complete(std::move(line)));
  if (uid_ == 0) {
    if (const auto fetched = parse_fetch("1 FETCH (" + tail)) uid_ = fetched->uid;
  }
  return uid_;
}

}  // namespace gatepost::pull

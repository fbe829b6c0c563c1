#include "sieve/interpreter.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "sieve/run.hpp"
#include "sieve/text.hpp"

namespace gatepost::sieve {
namespace {

constexpr std::string_view kInbox = "INBOX";
constexpr std::size_t kMaxMailboxOctets = 1'000;
constexpr std::size_t kMaxAddressOctets = 320;
constexpr std::size_t kMaxOwnAddresses = 50;

std::string modified(std::string value, const Modifiers& modifiers) {
  if (modifiers.lower) value = ascii::to_lower(value);
  if (modifiers.upper) value = ascii::to_upper(value);
  if (modifiers.lower_first && !value.empty()) value.front() = ascii::lower(value.front());
  if (modifiers.upper_first && !value.empty()) value.front() = ascii::upper(value.front());
  if (modifiers.quote_wildcard) {
    std::string quoted;
    for (const char c : value) {
      if (c == '*' || c == '?' || c == '\\') quoted += '\\';
      quoted += c;
    }
    value = std::move(quoted);
  }
  if (modifiers.length) {
    std::size_t characters = 0;
    for (std::string_view rest = value; !rest.empty(); ++characters) utf8::next(rest);
    value = std::to_string(characters);
  }
  return value;
}

// What makes two answers the same one (RFC 5230 4.2): the texts as they are in the script.
std::string handle_of(const Command& command) {
  const VacationArguments& v = command.vacation;
  if (v.handle) return "h" + *v.handle;
  std::string out = v.is_mime ? "m" : "t";
  for (const std::optional<Text>* text : {&v.subject, &v.from}) {
    out += *text ? std::to_string((*text)->size()) + ":" + **text : std::string("-");
  }
  return out + command.text;
}

}  // namespace

Actions run(const Program& program, Message& message, const MailEnvelope& envelope, Surroundings& surroundings) {
  return Run(program, message, envelope, surroundings).finish();
}

Actions Run::finish() {
  Parsed<> done = block(program_.commands);
  if (!done) {
    // RFC 5228 2.10.6: the message is kept. What the script decided before the error is not done, so that nothing is
    // done by half.
    Actions kept;
    kept.filings.push_back({.mailbox = std::string(kInbox)});
    kept.error = std::move(done).error();
    return kept;
  }
  if (keeps_) {
    actions_.filings.push_back({.mailbox = std::string(kInbox), .flags = flags_});
    actions_.discarded.reset();
  } else if (!actions_.filings.empty() || !actions_.redirections.empty()) {
    actions_.discarded.reset();
  }
  return std::move(actions_);
}

Cause Run::cause(const Command& command) const { return {command.origin.line, command.rule}; }

std::string_view Run::variable(std::string_view name) const {
  if (ascii::is_digit(name.front())) {
    std::size_t index = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), index);
    return read.ec == std::errc() && index < captures_.size() ? std::string_view(captures_[index]) : std::string_view();
  }
  const auto found = variables_.find(name);
  return found == variables_.end() ? std::string_view() : std::string_view(found->second);
}

std::string Run::text(const Text& text) {
  if (!program_.has_variables()) return text;
  std::string out = expand(text, [this](std::string_view name) { return variable(name); });
  budget_.take_octets(text.size() + out.size());
  return out;
}

Parsed<> Run::check(const Origin& origin) {
  budget_.take(1);
  if (budget_.spent()) return wrong(origin.line, "the script takes too long for this message");
  if (origin.error) return wrong(origin.line, *origin.error);
  if (!enabled_.has_all(origin.needs)) {
    return wrong(origin.line, "this needs an extension that no \"ihave\" has found before");
  }
  return {};
}

Parsed<> Run::block(const Block& block) {
  for (const Command& command : block) {
    if (stopped_) break;
    GP_CHECK(this->command(command));
  }
  return {};
}

Parsed<> Run::choose(const Command& command) {
  for (const Branch& branch : command.branches) {
    if (branch.test) {
      GP_TRY(const bool chosen, test(*branch.test));
      if (!chosen) continue;
    }
    return block(branch.block);
  }
  return {};
}

Parsed<> Run::count_action(unsigned line) {
  if (++count_ > kMaxActions) return wrong(line, "more than " + std::to_string(kMaxActions) + " actions");
  return {};
}

Flags Run::flags_of(const Command& command) {
  if (!command.flags) return flags_;
  Flags out;
  for (const Text& flag : *command.flags) add_flags(out, text(flag));
  return out;
}

Parsed<> Run::command(const Command& command) {
  GP_CHECK(check(command.origin));
  using Kind = Command::Kind;
  switch (command.kind) {
    case Kind::choose:
      return choose(command);
    case Kind::stop:
      stopped_ = true;
      return {};
    case Kind::keep:
      return file_into(command, std::string(kInbox));
    case Kind::file_into:
      return file_into(command, text(command.text));
    case Kind::discard:
      keeps_ = false;
      actions_.discarded = cause(command);
      return {};
    case Kind::redirect:
      return redirect(command);
    case Kind::reject:
    case Kind::ereject:
      return reject(command);
    case Kind::vacation:
      return vacation(command);
    case Kind::set:
      return set(command);
    case Kind::set_flag:
    case Kind::add_flag:
    case Kind::remove_flag:
      return change_flags(command);
    case Kind::error:
      return wrong(command.origin.line, text(command.text));
    case Kind::nothing:
      break;
  }
  return {};
}

Parsed<> Run::file_into(const Command& command, std::string mailbox) {
  const unsigned line = command.origin.line;
  GP_CHECK(count_action(line));
  // RFC 5429 2.4.
  if (actions_.rejection) return wrong(line, "a message that is rejected is not kept");
  if (mailbox.empty() || mailbox.size() > kMaxMailboxOctets || !utf8::is_valid(mailbox) ||
      std::ranges::any_of(mailbox, ascii::is_control)) {
    return wrong(line, "this is no name of a mailbox");
  }
  if (ascii::iequals(mailbox, kInbox)) mailbox = kInbox;
  Filing filing{
      .cause = cause(command), .mailbox = std::move(mailbox), .create = command.create, .flags = flags_of(command)};
  if (command.special_use) filing.special_use = text(*command.special_use);
  if (!command.copy) keeps_ = false;
  // RFC 5228 2.10.3: one mailbox gets a message once; the last flags stand.
  const auto same = std::ranges::find_if(actions_.filings, [&](const Filing& f) {
    return f.mailbox == filing.mailbox && f.special_use == filing.special_use;
  });
  if (same == actions_.filings.end()) {
    actions_.filings.push_back(std::move(filing));
  } else {
    same->flags = std::move(filing.flags);
    same->create = same->create || filing.create;
  }
  return {};
}

Parsed<> Run::redirect(const Command& command) {
  const unsigned line = command.origin.line;
  GP_CHECK(count_action(line));
  if (actions_.rejection) return wrong(line, "a message that is rejected is not redirected");
  const std::string to = text(command.text);
  const auto address = outbound_address(to);
  if (!address || address->size() > kMaxAddressOctets) return wrong(line, "this is no address: " + cut(to, 100));
  if (!command.copy) keeps_ = false;
  const auto same = std::ranges::find(actions_.redirections, *address, &Redirection::address);
  if (same != actions_.redirections.end()) return {};
  if (actions_.redirections.size() == kMaxRedirects) {
    return wrong(line, "more than " + std::to_string(kMaxRedirects) + " redirects");
  }
  actions_.redirections.push_back({cause(command), *address});
  return {};
}

Parsed<> Run::reject(const Command& command) {
  const unsigned line = command.origin.line;
  GP_CHECK(count_action(line));
  // RFC 5429 2.4.
  if (actions_.rejection) return wrong(line, "the message is rejected already");
  if (actions_.vacation) return wrong(line, "a message that \"vacation\" answers is not rejected");
  if (!actions_.filings.empty() || !actions_.redirections.empty()) {
    return wrong(line, "a message that is kept or redirected is not rejected");
  }
  keeps_ = false;
  actions_.rejection = Rejection{
      .cause = cause(command), .reason = text(command.text), .by_protocol = command.kind == Command::Kind::ereject};
  return {};
}

Parsed<> Run::vacation(const Command& command) {
  const unsigned line = command.origin.line;
  GP_CHECK(count_action(line));
  if (actions_.vacation) return wrong(line, "\"vacation\" is said twice");  // RFC 5230 4.7
  if (actions_.rejection) return wrong(line, "a message that is rejected is not answered by \"vacation\"");
  const VacationArguments& v = command.vacation;
  VacationReply reply{.cause = cause(command), .seconds = v.seconds, .is_mime = v.is_mime};
  if (v.subject) reply.subject = text(*v.subject);
  // RFC 5230 4.3: an address that cannot be is ignored.
  if (v.from) reply.from = outbound_address(text(*v.from));
  for (const Text& address : v.addresses) {
    if (reply.addresses.size() == kMaxOwnAddresses) break;
    reply.addresses.push_back(cut(text(address), kMaxAddressOctets));
  }
  reply.reason = text(command.text);
  reply.handle = handle_of(command);
  actions_.vacation = std::move(reply);
  return {};
}

Parsed<> Run::assign(const std::string& name, std::string value, unsigned line) {
  const auto found = variables_.find(name);
  if (found == variables_.end() && variables_.size() == kMaxVariables) {
    return wrong(line, "more than " + std::to_string(kMaxVariables) + " variables");
  }
  // RFC 5229 6: what is too long is cut, and no error.
  variables_[name] = cut(std::move(value), kMaxVariableOctets);
  return {};
}

Parsed<> Run::set(const Command& command) {
  return assign(command.name, modified(text(command.text), command.modifiers), command.origin.line);
}

Parsed<> Run::change_flags(const Command& command) {
  Flags flags;
  if (command.kind != Command::Kind::set_flag) {
    if (command.name.empty()) {
      flags = flags_;
    } else {
      add_flags(flags, variable(command.name));
    }
  }
  for (const Text& flag : *command.flags) {
    if (command.kind == Command::Kind::remove_flag) {
      remove_flags(flags, text(flag));
    } else {
      add_flags(flags, text(flag));
    }
  }
  if (!command.name.empty()) return assign(command.name, join(flags), command.origin.line);
  flags_ = std::move(flags);
  return {};
}

}  // namespace gatepost::sieve

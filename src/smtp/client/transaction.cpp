#include "smtp/client/transaction.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "smtp/client/events.hpp"
#include "smtp/protocol/command.hpp"
#include "smtp/protocol/dot_stuffing.hpp"

namespace gatepost::smtp::client {
namespace {

using mailflow::BodyType;

// How the message goes to this server.
struct Form {
  MailParameters parameters;
  bool chunks = false;  // BDAT instead of DATA
};

// What is left of the channel after a step.
enum class After {
  go_on,      // the transaction goes on
  ended,      // the transaction is over, the channel stands
  next_host,  // this server is of no use for what is open; the channel stands
  broken,     // the channel is gone
};

class Transaction {
 public:
  Transaction(const Tools& tools, Channel& channel, Message& message, const mailflow::QueueEntry& entry, Tally& tally)
      : tools_(tools), channel_(channel), message_(message), entry_(entry), tally_(tally) {}

  // How to send it; an error: this server cannot take it, or (closed) it could not be read.
  Task<std::expected<Form, Verdict>> fit();
  Task<After> run(Form form);

 private:
  std::chrono::seconds patience() const { return tools_.settings.command_timeout; }
  Task<After> envelope(Form form);
  Task<After> take_replies();
  bool part_of_silent_recipients();
  RcptParameters requests_for(const mailflow::RecipientState& recipient) const;
  bool judge_sender(const Reply& reply);
  void judge_recipient(std::size_t recipient, const Reply& reply);
  Task<After> by_data();
  Task<After> by_chunks();
  Task<After> conclude();
  Task<After> read_reply(Reply& out, std::string_view during);
  Task<After> forget();
  After lost(const Error& error, std::string_view during);
  void decide_accepted(Verdict verdict);
  void unreadable(const Error& error);

  const Tools& tools_;
  Channel& channel_;
  Message& message_;
  const mailflow::QueueEntry& entry_;
  Tally& tally_;
  std::vector<std::size_t> asked_, accepted_, crowded_out_;
  bool sender_taken_ = false;
};

bool needs_utf8(const mailflow::QueueEntry& entry, const Tally& tally) {
  if (!utf8::is_ascii(entry.reverse_path)) return true;
  return std::ranges::any_of(tally.open(), [&](std::size_t i) { return !utf8::is_ascii(entry.recipients[i].address); });
}

Task<std::expected<Form, Verdict>> Transaction::fit() {
  const Capabilities& offers = channel_.offers;
  Form form;
  if (offers.dsn) {  // RFC 3461 5.2.1
    form.parameters.ret = entry_.ret;
    form.parameters.envid = entry_.envid;
  }
  if (offers.size) form.parameters.size = message_.size();
  // RFC 1870 6.1: no use in trying what it does not take. A limit of 0 is none.
  const std::uint64_t limit = offers.max_size.value_or(0);
  if (limit != 0 && message_.size() > limit) {
    co_return std::unexpected(failed(fmt::format("552 5.3.4 {} takes messages up to {} octets, this one has {}",
                                                 channel_.host, limit, message_.size())));
  }
  bool utf8 = entry_.smtputf8 || needs_utf8(entry_, tally_);
  bool eight_bit = entry_.body_type != BodyType::seven_bit, binary = entry_.body_type == BodyType::binary;
  const bool lacking = (utf8 && !offers.smtputf8) || (eight_bit && !offers.eight_bit_mime) ||
                       (binary && !(offers.binary_mime && offers.chunking));
  if (lacking) {
    // What clients say of a message is more than what most need: the content decides.
    auto facts = co_await message_.inspect();
    if (!facts) {
      unreadable(facts.error());
      co_return std::unexpected(later("451 4.3.0 the message cannot be read at present"));
    }
    utf8 = facts->header_8bit || needs_utf8(entry_, tally_);
    binary = binary && facts->binary;
    eight_bit = facts->header_8bit || facts->eight_bit;
  }
  if (utf8 && !offers.smtputf8) {  // RFC 6531 3.5
    co_return std::unexpected(
        failed(fmt::format("553 5.6.7 {} does not take addresses or headers outside ASCII (SMTPUTF8)", channel_.host)));
  }
  if (binary && !(offers.binary_mime && offers.chunking)) {  // RFC 3030 3
    co_return std::unexpected(failed(fmt::format("554 5.6.3 {} does not take binary messages", channel_.host)));
  }
  if (eight_bit && !offers.eight_bit_mime) {  // RFC 6152 3
    co_return std::unexpected(failed(fmt::format("554 5.6.3 {} does not take 8-bit messages", channel_.host)));
  }
  form.parameters.smtputf8 = utf8;
  form.chunks = binary;
  if (binary) {
    form.parameters.body = Body::binary_mime;
  } else if (eight_bit) {
    form.parameters.body = Body::eight_bit_mime;
  }
  co_return form;
}

Task<After> Transaction::run(Form form) {
  const bool chunks = form.chunks;
  After after = co_await envelope(std::move(form));
  if (after != After::go_on) co_return after;
  message_.rewind();
  after = chunks ? co_await by_chunks() : co_await by_data();
  if (after != After::go_on) co_return after;
  co_return co_await conclude();
}

// MAIL and RCPT, in one write where the server takes that (RFC 2920). DATA waits for their replies: then no message is
// ever begun that nobody gets.
Task<After> Transaction::envelope(Form form) {
  asked_ = tally_.open();
  const bool quietly = part_of_silent_recipients();
  if (asked_.size() > kMaxRecipientsAtOnce) asked_.resize(kMaxRecipientsAtOnce);
  std::vector<std::string> commands(1);
  const auto reverse = parse_mailbox(entry_.reverse_path, {});
  const bool null_path = entry_.reverse_path.empty() || !reverse || quietly;
  write(commands.front(), Mail{null_path ? Path() : *reverse, form.parameters});
  std::vector<std::size_t> asked;
  for (const std::size_t recipient : asked_) {
    const auto path = parse_mailbox(entry_.recipients[recipient].address, {});
    if (!path) {
      tally_.decide(recipient, failed("553 5.1.3 this is not a mail address"));
      continue;
    }
    write(commands.emplace_back(), Rcpt{*path, requests_for(entry_.recipients[recipient])});
    asked.push_back(recipient);
  }
  asked_ = std::move(asked);
  if (asked_.empty()) co_return After::ended;
  if (channel_.offers.pipelining) {
    std::string all;
    for (const std::string& command : commands) all += command;
    auto sent = co_await channel_.connection.send(all, patience());
    if (!sent) co_return lost(sent.error(), "MAIL");
    commands.clear();
  }
  bool useful = true;
  for (std::size_t i = 0; i <= asked_.size() && (useful || channel_.offers.pipelining); ++i) {
    if (!commands.empty()) {
      auto sent = co_await channel_.connection.send(commands[i], patience());
      if (!sent) co_return lost(sent.error(), i == 0 ? "MAIL" : "RCPT");
    }
    Reply reply;
    const After after = co_await read_reply(reply, i == 0 ? "MAIL" : "RCPT");
    if (after != After::go_on) co_return after;
    if (i == 0) {
      useful = judge_sender(reply);
    } else if (useful) {
      judge_recipient(asked_[i - 1], reply);
    }
  }
  if (!sender_taken_) co_return tally_.done() ? After::ended : After::next_host;
  if (accepted_.empty()) co_return co_await forget();
  co_return After::go_on;
}

// RFC 3461 5.2.2: where nobody can be told that a sender wants to hear nothing of some recipients, the message goes to
// them from nobody, in a transaction of its own. Leaves one kind in asked_; true: that kind.
bool Transaction::part_of_silent_recipients() {
  if (channel_.offers.dsn || entry_.reverse_path.empty() || asked_.empty()) return false;
  const bool never = entry_.recipients[asked_.front()].dsn.never();
  std::erase_if(asked_, [&](std::size_t i) { return entry_.recipients[i].dsn.never() != never; });
  return never;
}

// RFC 3461 5.2.1: what came with the recipient goes on with it.
RcptParameters Transaction::requests_for(const mailflow::RecipientState& recipient) const {
  RcptParameters out;
  if (!channel_.offers.dsn) return out;
  out.notify = recipient.dsn.notify;
  out.orcpt = recipient.dsn.original;
  // 5.2.7.2: behind an alias only this tells which address was meant.
  if (!out.orcpt && recipient.original != recipient.address && utf8::is_ascii(recipient.original) &&
      !recipient.original.empty()) {
    out.orcpt = OriginalRecipient{"rfc822", recipient.original};
  }
  return out;
}

bool Transaction::judge_sender(const Reply& reply) {
  sender_taken_ = reply.positive();
  if (sender_taken_) return true;
  if (reply.permanent()) {
    tally_.decide_all(verdict_of(reply, channel_.host));
  } else {
    tally_.note(later(reply.summary(), channel_.host));
  }
  return false;
}

void Transaction::judge_recipient(std::size_t recipient, const Reply& reply) {
  // RFC 5321 4.5.3.1.10: too many at once; 552 is the old code for it. They have their turn in the next transaction.
  if ((reply.code == 452 || reply.code == 552) && !accepted_.empty()) {
    crowded_out_.push_back(recipient);
  } else if (reply.positive()) {
    accepted_.push_back(recipient);
  } else {
    tally_.decide(recipient, verdict_of(reply, channel_.host));
  }
}

Task<After> Transaction::by_data() {
  std::string command;
  write(command, Data{});
  auto sent = co_await channel_.connection.send(command, patience());
  if (!sent) co_return lost(sent.error(), "DATA");
  Reply reply;
  const After after = co_await read_reply(reply, "DATA");
  if (after != After::go_on) co_return after;
  if (!reply.intermediate()) {
    decide_accepted(reply.permanent() ? verdict_of(reply, channel_.host) : later(reply.summary(), channel_.host));
    co_return co_await forget();
  }
  DotStuffer stuffer;
  std::string block;
  while (true) {
    auto page = co_await message_.next();
    if (!page) {
      // Without the final dot the server throws away what it has.
      unreadable(page.error());
      decide_accepted(later("451 4.3.0 the message cannot be read at present"));
      co_return After::broken;
    }
    block.clear();
    const bool last = page->empty();
    if (last) {
      stuffer.finish(block);
    } else {
      stuffer.append(block, *page);
    }
    sent = co_await channel_.connection.send(block, tools_.settings.block_timeout);
    if (!sent && last) {
      decide_accepted(broken(sent.error(), channel_.host, "the end of the message"));
      co_return After::broken;
    }
    if (!sent) co_return lost(sent.error(), "the message");
    if (last) co_return After::go_on;
  }
}

// RFC 3030 2: each chunk has its reply but the last, whose reply is that of the message.
Task<After> Transaction::by_chunks() {
  std::uint64_t left = message_.size();
  std::string block;
  while (true) {
    auto page = co_await message_.next();
    if (!page) {
      unreadable(page.error());
      decide_accepted(later("451 4.3.0 the message cannot be read at present"));
      co_return After::broken;
    }
    left -= page->size();
    block.clear();
    write(block, Bdat{page->size(), left == 0});
    block.append(*page);
    auto sent = co_await channel_.connection.send(block, tools_.settings.block_timeout);
    if (!sent && left == 0) {
      decide_accepted(broken(sent.error(), channel_.host, "the end of the message"));
      co_return After::broken;
    }
    if (!sent) co_return lost(sent.error(), "the message");
    if (left == 0) co_return After::go_on;
    Reply reply;
    const After after = co_await read_reply(reply, "BDAT");
    if (after != After::go_on) co_return after;
    if (!reply.positive()) {
      decide_accepted(reply.permanent() ? verdict_of(reply, channel_.host) : later(reply.summary(), channel_.host));
      co_return co_await forget();
    }
  }
}

// The server has all of it. Without its answer nobody knows whether it took the message: it is sent again later, since
// twice is better than never (RFC 5321 4.5.3.2.6, RFC 1047).
Task<After> Transaction::conclude() {
  auto reply = co_await channel_.connection.reply(tools_.settings.data_timeout);
  if (!reply) {
    decide_accepted(broken(reply.error(), channel_.host, "the end of the message"));
    co_return After::broken;
  }
  decide_accepted(verdict_of(*reply, channel_.host));
  ++channel_.messages;
  co_return reply->code == 421 ? After::broken : After::ended;
}

// Clears what the server knows of the transaction.
Task<After> Transaction::forget() {
  std::string command;
  write(command, Rset{});
  auto reply = co_await channel_.connection.ask(std::move(command), patience());
  co_return reply && reply->positive() ? After::ended : After::broken;
}

Task<After> Transaction::read_reply(Reply& out, std::string_view during) {
  auto reply = co_await channel_.connection.reply(patience());
  if (!reply) co_return lost(reply.error(), during);
  // RFC 5321 3.8: it closes the connection whatever was asked.
  if (reply->code == 421) {
    tally_.note(later(reply->summary(), channel_.host));
    co_return After::broken;
  }
  out = *std::move(reply);
  co_return After::go_on;
}

After Transaction::lost(const Error& error, std::string_view during) {
  tally_.note(broken(error, channel_.host, during));
  return After::broken;
}

void Transaction::decide_accepted(Verdict verdict) {
  verdict.reports = channel_.offers.dsn;
  for (const std::size_t recipient : accepted_) tally_.decide(recipient, verdict);
}

void Transaction::unreadable(const Error& error) {
  tools_.services.log.write(event::kUnreadable,
                            {{"id", to_string(entry_.id)}, {"code", to_string(error.code)}, {"detail", error.detail}});
}

}  // namespace

Task<bool> send_message(Tools tools, Channel& channel, Message& message, const mailflow::QueueEntry& entry,
                        Tally& tally) {
  while (!tally.done()) {
    const std::size_t before = tally.open_count();
    Transaction transaction(tools, channel, message, entry, tally);
    auto form = co_await transaction.fit();
    if (!form) {
      tally.note(std::move(form).error());
      co_return true;
    }
    const After after = co_await transaction.run(*std::move(form));
    if (after == After::broken) co_return false;
    if (after == After::next_host) co_return true;
    // Nobody's fate was decided: this server would say the same again.
    if (tally.open_count() == before) co_return true;
  }
  co_return true;
}

}  // namespace gatepost::smtp::client

#pragma once

// Tests and fuzzers only.

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imap/protocol/command.hpp"
#include "imap/protocol/fetch_response.hpp"
#include "imap/protocol/mailbox_name.hpp"
#include "imap/protocol/response.hpp"

namespace gatepost::imap::test {

// Appends a list: the words of which the second is true, in parentheses.
class List {
 public:
  explicit List(std::string& out) : out_(out) { out_ += '('; }
  std::string& item(std::string_view text = {}) {
    if (!first_) out_ += ' ';
    first_ = false;
    return out_.append(text);
  }
  void when(bool on, std::string_view text) {
    if (on) item(text);
  }
  void end() { out_ += ')'; }

 private:
  std::string& out_;
  bool first_ = true;
};

inline std::string number(std::uint64_t n) {
  std::string out;
  write_number(out, n);
  return out;
}

class Writer {
 public:
  explicit Writer(bool utf8) : utf8_(utf8) {}
  std::string take() { return std::move(out_); }
  void tag(std::string_view tag) { out_ += tag; }

  void operator()(const Capability&) { word("CAPABILITY"); }
  void operator()(const Noop&) { word("NOOP"); }
  void operator()(const Logout&) { word("LOGOUT"); }
  void operator()(const StartTls&) { word("STARTTLS"); }
  void operator()(const Unauthenticate&) { word("UNAUTHENTICATE"); }
  void operator()(const GetJmapAccess&) { word("GETJMAPACCESS"); }
  void operator()(const Compress& c) {
    word("COMPRESS");
    word(c.mechanism);
  }
  void operator()(const Language& c) {
    word("LANGUAGE");
    for (const std::string& range : c.ranges) astring(range);
  }
  void operator()(const Comparator& c) {
    word("COMPARATOR");
    for (const std::string& order : c.orders) astring(order);
  }
  void operator()(const UidBatches& c) {
    word("UIDBATCHES");
    word(std::to_string(c.size));
    if (c.first != 0) word(std::to_string(c.first) + ":" + std::to_string(c.last));
  }
  void operator()(const Namespace&) { word("NAMESPACE"); }
  void operator()(const Idle&) { word("IDLE"); }
  void operator()(const Check&) { word("CHECK"); }
  void operator()(const Close&) { word("CLOSE"); }
  void operator()(const Unselect&) { word("UNSELECT"); }
  void operator()(const Delete& c) { named("DELETE", c.mailbox); }
  void operator()(const Subscribe& c) { named("SUBSCRIBE", c.mailbox); }
  void operator()(const Unsubscribe& c) { named("UNSUBSCRIBE", c.mailbox); }
  void operator()(const GetQuotaRoot& c) { named("GETQUOTAROOT", c.mailbox); }
  void operator()(const SetQuota& c) {
    word("SETQUOTA");
    astring(c.root);
    std::string list = "(";
    for (const auto& [name, limit] : c.limits)
      list.append(list == "(" ? "" : " ").append(name + " " + std::to_string(limit));
    word(list + ")");
  }
  void operator()(const GetQuota& c) {
    word("GETQUOTA");
    astring(c.root);
  }
  void operator()(const GetAcl& c) { named("GETACL", c.mailbox); }
  void operator()(const MyRights& c) { named("MYRIGHTS", c.mailbox); }
  void operator()(const SetAcl& c) {
    named("SETACL", c.mailbox);
    astring(c.identifier);
    const char* const sign = c.mode == SetAcl::Mode::add ? "+" : c.mode == SetAcl::Mode::remove ? "-" : "";
    astring(sign + c.rights);
  }
  void operator()(const DeleteAcl& c) {
    named("DELETEACL", c.mailbox);
    astring(c.identifier);
  }
  void operator()(const ListRights& c) {
    named("LISTRIGHTS", c.mailbox);
    astring(c.identifier);
  }
  void operator()(const GetMetadata& c) {
    word("GETMETADATA");
    List options(out_ += " (DEPTH ");
    out_.pop_back();
    out_ += c.depth == GetMetadata::Depth::none ? "0" : c.depth == GetMetadata::Depth::one ? "1" : "infinity";
    if (c.max_size) out_.append(" MAXSIZE ").append(number(*c.max_size));
    options.end();
    mailbox(c.mailbox);
    entries(c.entries);
  }
  void operator()(const SetMetadata& c) {
    named("SETMETADATA", c.mailbox);
    List list(out_ += ' ');
    for (const auto& [entry, value] : c.values) {
      write_astring(list.item(), entry, utf8_);
      out_ += ' ';
      if (value && value->find('\0') != std::string::npos) {
        write_literal_header(out_, value->size(), true);
        out_ += *value;
      } else {
        write_nstring(out_, value ? NString(*value) : std::nullopt, utf8_);
      }
    }
    list.end();
  }
  void operator()(const Rename& c) {
    named("RENAME", c.from);
    mailbox(c.to);
  }
  void operator()(const Id& c);
  void operator()(const Authenticate& c);
  void operator()(const Login& c);
  void operator()(const Enable& c);
  void operator()(const Select& c);
  void operator()(const Create& c);
  void operator()(const imap::List& c);
  void operator()(const Lsub& c);
  void operator()(const Status& c);
  void operator()(const Expunge& c);
  void operator()(const Search& c);
  void operator()(const Sort& c);
  void operator()(const Thread& c);
  void operator()(const Esearch& c);
  void operator()(const CancelUpdate& c) {
    word("CANCELUPDATE");
    for (const std::string& tag : c.tags) write_string(out_ += ' ', tag, utf8_);
  }
  void operator()(const Notify& c);
  void operator()(const ResetKey& c);
  void operator()(const GenUrlAuth& c);
  void operator()(const UrlFetch& c);
  void fetch_items(const FetchItems& items);
  void filter(const MailboxFilter& filter);
  void returns(const SearchReturn& r);
  void keys(const Search& c);
  void program(const Search& c);
  void operator()(const Fetch& c);
  void operator()(const Store& c);
  void operator()(const Copy& c) { transfer("COPY", c.uid, c.set, c.mailbox); }
  void operator()(const Move& c) { transfer("MOVE", c.uid, c.set, c.mailbox); }

 private:
  void word(std::string_view text) { out_.append(" ").append(text); }
  void astring(std::string_view text) { write_astring(out_ += ' ', text, utf8_); }
  void mailbox(std::string_view name) { write_mailbox(out_ += ' ', name, utf8_); }
  void named(std::string_view verb, std::string_view name) {
    word(verb);
    mailbox(name);
  }
  void entries(const std::vector<std::string>& names) {
    List list(out_ += ' ');
    for (const std::string& name : names) write_astring(list.item(), name, utf8_);
    list.end();
  }
  void set(const SequenceSet& set) { word(set.to_string()); }
  // Reference or pattern.
  void pattern(std::string_view text) {
    write_string(out_ += ' ', utf8_ ? std::string(text) : utf8_to_modified_utf7(text).value_or(""), utf8_);
  }
  void verb(std::string_view name, bool uid) {
    if (uid) word("UID");
    word(name);
  }
  void transfer(std::string_view name, bool uid, const SequenceSet& numbers, std::string_view to) {
    verb(name, uid);
    set(numbers);
    mailbox(to);
  }
  void status_items(StatusItems items) {
    List list(out_ += ' ');
    for (unsigned bit = 1; bit <= static_cast<unsigned>(StatusItem::deleted_storage); bit <<= 1) {
      if (has(items, static_cast<StatusItem>(bit))) list.item(to_string(static_cast<StatusItem>(bit)));
    }
    list.end();
  }
  void key(const SearchKey& key);
  void section(const FetchSection& section);

  std::string out_;
  bool utf8_;
};

}  // namespace gatepost::imap::test

#include "mime/address.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace gatepost::mime {
namespace {

bool is_ignored(char c) { return c == '\r' || c == '\n' || c == '\0'; }

// RFC 5322 3.2.3 atext, and 8-bit octets (RFC 6532 3.2).
bool is_atext(char c) {
  return ascii::is_alnum(c) || ascii::is_8bit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Reads a list from left to right, one octet or one quoted text at a time, without going back.
class AddressReader {
 public:
  AddressReader(std::string_view value, TextPool& pool, std::vector<Address>& out, std::size_t limit)
      : rest_(value), pool_(pool), out_(out), limit_(limit) {}

  void read() {
    while (!rest_.empty() && !full_) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (ascii::is_space(c) || c == '\0') {
        blank_ = blank_ || !is_ignored(c);
      } else if (c == '(') {
        comment();
      } else if (c == '"') {
        scratch_.clear();
        quoted();
        word(scratch_, true);
      } else if (c == '[' && (in_domain_ && host_open_)) {
        domain_literal();
      } else {
        in_angle_ ? special_in_angle(c) : special(c);
      }
    }
    end_element();
    end_group();
  }

 private:
  void special(char c) {
    switch (c) {
      case ',':
        return end_element();
      case ';':  // also between addresses, as some mailers write it
        end_element();
        return end_group();
      case ':':
        if (!in_group_ && !saw_at_) return start_group();
        if (!saw_angle_) phrase_word(":");
        blank_ = true;  // what follows is no part of a host or local part
        return;
      case '<':
        if (angle_closed_) return;  // one address an element
        in_angle_ = saw_angle_ = true;
        return forget_spec();
      case '>':
        return;
      case '@':
        if (!saw_angle_) phrase_word("@");
        return at();
      default:
        return atom(c);
    }
  }

  // angle-addr = [CFWS] "<" addr-spec ">" [CFWS]      obs-route = obs-domain-list ":"
  void special_in_angle(char c) {
    switch (c) {
      case '>':
        in_angle_ = in_domain_ = false;
        angle_closed_ = true;
        return;
      case ':':  // the end of a route
        return forget_spec();
      case ',':
        if (saw_at_ && local_.empty()) return forget_spec();  // between the domains of a route
        return end_element();                                 // the ">" is missing
      case '<':
        return;
      case '@':
        return at();
      default:
        return atom(c);
    }
  }

  // What is no special, blank or quote, with dots.
  void atom(char first) {
    scratch_.assign(1, first);
    std::size_t n = 0;
    while (n < rest_.size() && !ascii::is_space(rest_[n]) && rest_[n] != '\0' &&
           std::string_view("()<>@,;:\"").find(rest_[n]) == std::string_view::npos) {
      ++n;
    }
    scratch_ += rest_.substr(0, n);
    rest_.remove_prefix(n);
    word(scratch_, false);
  }

  void word(std::string_view text, bool was_quoted) {
    if (!saw_angle_) phrase_word(text);
    if (!angle_closed_) spec_word(text, was_quoted);
    blank_ = false;
  }

  void phrase_word(std::string_view text) {
    if (blank_ && !phrase_.empty()) phrase_ += ' ';
    phrase_ += text;
  }

  // local-part = dot-atom / quoted-string / obs-local-part       domain = dot-atom / domain-literal / obs-domain
  void spec_word(std::string_view text, bool was_quoted) {
    const bool joined = !blank_ || text.starts_with('.');
    if (in_domain_) {
      if (was_quoted) return;  // no host has quotes
      host_open_ = host_open_ || (joined && !host_.empty()) || host_.ends_with('.');
      if (host_open_) host_ += text;
      host_open_ = false;
      return;
    }
    // "John Doe@example.org": what is before the last blank is no part of it.
    if (!joined && !local_.ends_with('.')) local_.clear();
    local_ += text;
    has_local_ = has_local_ || was_quoted || !text.empty();
  }

  void at() {
    if (angle_closed_) return;
    if (saw_at_ && !local_.empty()) {  // the last one separates
      local_ += '@';
      local_ += host_;
    }
    host_.clear();
    saw_at_ = in_domain_ = host_open_ = true;
    blank_ = false;
  }

  // domain-literal = [CFWS] "[" *([FWS] dtext) [FWS] "]" [CFWS]
  void domain_literal() {
    scratch_.assign(1, '[');
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (!ascii::is_space(c) && c != '\0') scratch_ += c;
      if (c == ']') break;
    }
    if (!scratch_.ends_with(']')) scratch_ += ']';
    word(scratch_, false);
  }

  // Behind the opening quote, to the closing one or the end. quoted-pair = ("\" (VCHAR / WSP))
  void quoted() {
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      if (!is_ignored(c)) scratch_ += c;
    }
  }

  // comment = "(" *([FWS] ccontent) [FWS] ")"; depth is a count. The last one outside a domain is kept.
  void comment() {
    comment_.clear();
    std::size_t depth = 1;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '(') ++depth;
      if (c == ')' && --depth == 0) break;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      if (!is_ignored(c)) comment_ += c;
    }
    blank_ = true;
  }

  void forget_spec() {
    local_.clear();
    host_.clear();
    has_local_ = saw_at_ = in_domain_ = host_open_ = false;
  }

  void end_element() {
    if (saw_angle_ || has_local_ || saw_at_) {
      Address address;
      const std::string_view comment = ascii::trim(comment_);
      const std::string_view phrase = saw_angle_ ? ascii::trim(phrase_) : std::string_view();
      const std::string_view name = phrase.empty() ? comment : phrase;
      if (!name.empty()) address.name = pool_.keep(name);
      // Words alone are one name.
      address.mailbox = pool_.keep(saw_angle_ || saw_at_ ? std::string_view(local_) : ascii::trim(phrase_));
      address.host = pool_.keep(host_);
      put(address);
    }
    begin_element();
  }

  void begin_element() {
    phrase_.clear();
    comment_.clear();
    forget_spec();
    in_angle_ = saw_angle_ = angle_closed_ = blank_ = false;
  }

  // group = display-name ":" [group-list] ";" [CFWS]
  void start_group() {
    Address start;
    start.mailbox = pool_.keep(ascii::trim(phrase_));
    begin_element();
    if (out_.size() + 2 > limit_) {
      full_ = true;
      return;
    }
    out_.push_back(start);
    in_group_ = true;
  }

  void end_group() {
    if (in_group_) out_.push_back(Address());
    in_group_ = false;
  }

  void put(const Address& address) {
    full_ = full_ || out_.size() + 1 + (in_group_ ? 1 : 0) > limit_;
    if (!full_) out_.push_back(address);
  }

  std::string_view rest_;
  TextPool& pool_;
  std::vector<Address>& out_;
  std::size_t limit_;

  std::string phrase_, local_, host_, comment_, scratch_;
  bool has_local_ = false;  // something stands where a local part may be, maybe ""
  bool saw_at_ = false;     // since the element or the angle began
  bool in_domain_ = false;  // behind the "@"
  bool host_open_ = false;  // the next word belongs to the host
  bool in_angle_ = false, saw_angle_ = false, angle_closed_ = false;
  bool in_group_ = false;
  bool blank_ = false;  // before the next word
  bool full_ = false;
};

}  // namespace

void read_addresses(std::string_view value, TextPool& pool, std::vector<Address>& out, std::size_t limit) {
  AddressReader(value, pool, out, limit).read();
}

AddressList read_addresses(std::string_view value) {
  AddressList list;
  read_addresses(value, list.pool, list.addresses);
  return list;
}

// dot-atom-text = 1*atext *("." 1*atext)
std::string to_addr_spec(const Address& address) {
  if (!address.is_mailbox()) return {};
  const std::string_view local = *address.mailbox;
  const bool dot_atom = !local.empty() && local.front() != '.' && local.back() != '.' &&
                        local.find("..") == std::string_view::npos &&
                        std::ranges::all_of(local, [](char c) { return c == '.' || is_atext(c); });
  std::string out;
  if (dot_atom) {
    out += local;
  } else {
    out += '"';
    for (const char c : local) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  if (!address.host->empty()) {
    out += '@';
    out += *address.host;
  }
  return out;
}

}  // namespace gatepost::mime

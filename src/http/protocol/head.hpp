#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::http {

enum class Version : std::uint8_t { http10, http11, http2 };

// token of RFC 9110 5.6.2: method and field names.
bool is_token(std::string_view text);
// field-value of RFC 9110 5.5: no control characters but the tab.
bool is_field_value(std::string_view text);

// Header fields in their order, in one piece of memory: they wait beside every request that is held for long. Names are
// kept in lower case.
class Fields {
 public:
  struct Item {
    std::string_view name, value;
  };

  void add(std::string_view name, std::string_view value);
  // In place of all of that name.
  void set(std::string_view name, std::string_view value);
  void add_all(const Fields& others);
  void remove(std::string_view name);
  bool has(std::string_view name) const { return find(name).has_value(); }
  // The first of that name (in lower case). Views live until the next change.
  std::optional<std::string_view> find(std::string_view name) const;
  // RFC 9110 5.3: all of that name, as one list; "" when there is none.
  std::string combined(std::string_view name, std::string_view separator = ", ") const;
  // Whether the list of that name has `member`, in any case (Connection, Accept-Encoding without parameters).
  bool lists(std::string_view name, std::string_view member) const;

  std::size_t size() const { return entries_.size(); }
  Item at(std::size_t index) const;
  std::size_t octets() const { return text_.size(); }
  void shrink();

 private:
  struct Entry {
    std::uint32_t at, name_size, value_size;
  };
  std::string text_;
  std::vector<Entry> entries_;
};

// One request's start, out of either version of the protocol; what it says of framing has been checked.
struct RequestHead {
  Version version = Version::http11;
  std::string method;
  std::string target;     // as sent: "/path?query", "*" or (HTTP/1 only) "http://host/path"
  std::string scheme;     // HTTP/2: ":scheme"; else empty
  std::string authority;  // of :authority, or of Host; empty where HTTP/1.0 has none
  std::string protocol;   // HTTP/2: ":protocol" of an extended CONNECT (RFC 8441 4)
  Fields fields;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool has_content = false;       // content follows, of one octet at least when its length is said
  bool keep_alive = true;         // RFC 9112 9.3
  bool expects_continue = false;  // RFC 9110 10.1.1
};

struct ResponseHead {
  int status = 200;
  Fields fields;
};

// RFC 9110 15: "Not Found"; "" for a code nobody named.
std::string_view reason_phrase(int status);

}  // namespace gatepost::http

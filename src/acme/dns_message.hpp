#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

// DNS messages as far as a client needs them that changes TXT records (RFC 1035 4, RFC 2136) and signs what it says
// (RFC 8945). Pure.
namespace gatepost::acme::dns {

enum class Algorithm : std::uint8_t { hmac_sha256, hmac_sha384, hmac_sha512 };

struct TsigKey {
  std::string name;  // as both sides call it
  Algorithm algorithm = Algorithm::hmac_sha256;
  Secret secret;  // octets
};
// key "NAME" { algorithm hmac-sha256; secret "BASE64"; };   as tsig-keygen(8) writes it, comments and all.
// Errc::invalid; unsupported: another algorithm (HMAC-MD5 and SHA-1 among them, RFC 8945 6).
Result<TsigKey> read_key_file(std::string_view text);

enum class Type : std::uint16_t { ns = 2, cname = 5, soa = 6, txt = 16, any = 255 };

struct Update {
  std::string zone, name;
  std::string text;  // of the TXT record, 255 octets at most
  bool add = true;   // else this one record is removed
  std::uint32_t ttl = 60;
};
// RFC 2136 2. Errc::invalid: a name or text that no message can carry.
Result<std::string> write_update(std::uint16_t id, const Update& update);
Result<std::string> write_query(std::uint16_t id, std::string_view name, Type type);

// RFC 8945 5.1: signs `message` and adds the TSIG record; `mac` gets what the answer is checked with.
Result<> sign(std::string& message, const TsigKey& key, TimePoint now, std::string& mac);
// RFC 8945 5.3: the answer to a request that was signed with `request_mac`. Errc::unauthenticated says why it is not to
// be trusted: no TSIG, another key, a wrong MAC, a clock too far away. `message` loses its TSIG record.
Result<> verify(std::string& message, const TsigKey& key, TimePoint now, std::string_view request_mac);

struct Record {
  std::string name;  // lower case, no final dot
  Type type{};
  std::string text;  // of TXT: its strings joined; of CNAME: the target, written as `name`
};
struct Answer {
  std::uint16_t id = 0;
  std::uint8_t code = 0;  // RCODE
  bool truncated = false;
  std::vector<Record> answers;  // CNAME, SOA and TXT alone
};
// Any message of at most 64 KiB. Errc::invalid.
Result<Answer> read_answer(std::string_view message);
// "REFUSED", "NOTAUTH" (RFC 1035 4.1.1, RFC 2136 2.2, RFC 8945 3); the TSIG error of a signed refusal is one of them.
std::string code_name(unsigned code);

}  // namespace gatepost::acme::dns

#include "directory/password_policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/ascii.hpp"

namespace gatepost::directory {
namespace {

// What everybody tries first, as long as a password has to be. In order, for the search.
constexpr auto kCommon = std::to_array<std::string_view>({
    "00000000",      "0987654321",   "11111111",     "11223344",
    "123123123",     "12341234",     "12344321",     "12345678",
    "123456789",     "1234567890",   "123456qwerty", "1234qwer",
    "123qweasd",     "147258369",    "1q2w3e4r",     "1q2w3e4r5t",
    "1qaz2wsx",      "1qaz2wsx3edc", "87654321",     "987654321",
    "a12345678",     "a1b2c3d4",     "aa123456",     "abc12345",
    "abcd1234",      "abcdefg1",     "abcdefgh",     "access123",
    "admin123",      "admin1234",    "admin12345",   "adminadmin",
    "administrator", "alexander",    "alexandra",    "arsenal1",
    "asdf1234",      "asdfghjk",     "asdfghjkl",    "autumn123",
    "azerty123",     "azertyuiop",   "baseball",     "basketball",
    "batman123",     "benjamin",     "bienvenue",    "bonjour1",
    "butterfly",     "chang3me",     "changeme",     "changeme1",
    "changeme123",   "charlie1",     "chelsea1",     "chocolate",
    "christian1",    "christopher",  "company1",     "company123",
    "computer",      "computer1",    "contrasena",   "correcthorsebatterystaple",
    "danielle",      "december",     "default1",     "default123",
    "dragon12",      "dragon123",    "elizabeth",    "exchange",
    "exchange1",     "facebook",     "facebook1",    "football",
    "football1",     "freitag1",     "fruehling",    "fussball",
    "geheim123",     "google123",    "guest1234",    "hallo123",
    "hallo1234",     "helpdesk",     "helpdesk1",    "herbst123",
    "ichliebedich",  "iloveyou",     "iloveyou1",    "internet",
    "internet1",     "january1",     "jennifer",     "jennifer1",
    "jessica1",      "jetaime1",     "kennwort",     "kennwort1",
    "letmein1",      "letmein123",   "linkedin1",    "liverpool",
    "login123",      "mailserver",   "master123",    "michael1",
    "michelle",      "michelle1",    "microsoft",    "microsoft1",
    "monday123",     "monkey12",     "monkey123",    "motdepasse",
    "mypassword",    "newpassword",  "november",     "office123",
    "outlook1",      "outlook123",   "p@55w0rd",     "p@ssw0rd",
    "p@ssword",      "pa55word",     "parola123",    "pass1234",
    "passw0rd",      "password",     "password12",   "passwort",
    "pokemon1",      "postmaster",   "princess",     "princess1",
    "q1w2e3r4",      "q1w2e3r4t5",   "qazwsx123",    "qazwsxedc",
    "qweasdzxc",     "qwerty12",     "qwerty123",    "qwertyui",
    "qwertyuiop",    "qwertz123",    "qwertzui",     "qwertzuiop",
    "root1234",      "rootroot",     "samsung1",     "schatz123",
    "schokolade",    "secret12",     "secret123",    "september",
    "server123",     "soleil123",    "sommer123",    "spiderman",
    "spring123",     "starwars",     "starwars1",    "summer123",
    "sunshine",      "sunshine1",    "superman",     "superman1",
    "superuser",     "support1",     "support123",   "teamomucho",
    "test1234",      "test12345",    "testing1",     "testing123",
    "testtest",      "toor1234",     "topsecret",    "trustno1",
    "user1234",      "username",     "victoria1",    "webmaster",
    "welcome1",      "welcome12",    "welcome123",   "whatever",
    "whatever1",     "willkommen",   "willkommen1",  "windows1",
    "windows10",     "winter123",    "zaq12wsx",     "zugang123",
    "zxcvbnm1",      "zxcvbnm123",
});

// What people put behind a word to satisfy a rule, and what they put in place of letters.
std::string core_of(std::string_view password) {
  std::string out = ascii::to_lower(password);
  while (!out.empty() && !(out.back() >= 'a' && out.back() <= 'z') && static_cast<unsigned char>(out.back()) < 0x80) {
    out.pop_back();
  }
  return out;
}

bool is_common(std::string_view password) {
  const std::string lower = ascii::to_lower(password);
  return std::ranges::binary_search(kCommon, std::string_view(lower)) ||
         std::ranges::binary_search(kCommon, std::string_view(core_of(password)));
}

bool is_listed(const std::vector<std::string>& refused, std::string_view password) {
  return std::ranges::binary_search(refused, ascii::to_lower(password)) ||
         std::ranges::binary_search(refused, core_of(password));
}

// One character again and again, or one step: "aaaaaaaa", "abcdefgh", "87654321".
bool is_sequence(std::string_view password) {
  constexpr std::size_t kLong = 16;  // nobody tries all lengths
  if (password.size() < 2 || password.size() >= kLong) return false;
  const int step = password[1] - password[0];
  if (step < -1 || step > 1) return false;
  for (std::size_t i = 1; i < password.size(); ++i) {
    if (password[i] - password[i - 1] != step) return false;
  }
  return true;
}

// "Anna.Smith2026!" of anna.smith@example.org.
bool is_own_name(std::string_view password, const Principal& owner) {
  const std::string core = core_of(password), whole = ascii::to_lower(password);
  if (whole == owner.address) return true;
  std::string plain;
  for (const char c : owner.display_name) {
    if (c != ' ') plain += c;
  }
  const std::string_view address = owner.address;
  const std::string_view local = address.substr(0, address.find('@'));
  const std::string_view domain = address.substr(std::min(address.size(), local.size() + 1));
  for (const std::string& name : {std::string(local), std::string(domain),
                                  std::string(domain.substr(0, domain.find('.'))), ascii::to_lower(plain)}) {
    if (name.size() >= 3 && core == name) return true;
  }
  return false;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Result<> check_new_password(const PasswordPolicy& policy, const Secret& password, const Principal& owner) {
  const std::string_view text = password.reveal();
  const std::size_t least = std::max(policy.min_characters, kMinPasswordOctets);
  // Octets for the least of all, so that what was good once stays good; characters for what the administrator wants.
  if (text.size() < kMinPasswordOctets || (least > kMinPasswordOctets && characters(text) < least)) {
    return fail(Errc::invalid, fmt::format("a password has at least {} characters", least));
  }
  if (is_listed(policy.refused, text))
    return fail(Errc::invalid, "this password is on the list of those that are not taken");
  if (!policy.refuse_common) return {};
  if (is_common(text) || is_sequence(text)) {
    return fail(Errc::invalid, "this password is among those that are tried first; three or four words are a good one");
  }
  if (is_own_name(text, owner)) {
    return fail(Errc::invalid, "a password made of the own name or domain is tried first; take another");
  }
  return {};
}

}  // namespace gatepost::directory

#include "jmap/email_header.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "mime/address.hpp"
#include "mime/charset.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"
#include "mime/message_ids.hpp"
#include "mime/normal_form.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::array<std::pair<std::string_view, Form>, 7> kForms = {{{"asRaw", Form::raw},
                                                                      {"asText", Form::text},
                                                                      {"asAddresses", Form::addresses},
                                                                      {"asGroupedAddresses", Form::grouped_addresses},
                                                                      {"asMessageIds", Form::message_ids},
                                                                      {"asDate", Form::date},
                                                                      {"asURLs", Form::urls}}};

// What RFC 8621 4.1.2 allows for fields that RFC 5322 and RFC 2369 define; fields of other documents take every form.
struct Allowed {
  std::string_view name;
  unsigned forms;  // a bit for each Form
};
constexpr unsigned bit(Form form) { return 1U << static_cast<unsigned>(form); }
constexpr unsigned kRaw = bit(Form::raw), kText = kRaw | bit(Form::text),
                   kAddresses = kRaw | bit(Form::addresses) | bit(Form::grouped_addresses),
                   kIds = kRaw | bit(Form::message_ids), kDate = kRaw | bit(Form::date), kUrls = kRaw | bit(Form::urls);
constexpr Allowed kAllowed[] = {{"subject", kText},
                                {"comments", kText},
                                {"keywords", kText},
                                {"list-id", kText},
                                {"from", kAddresses},
                                {"sender", kAddresses},
                                {"reply-to", kAddresses},
                                {"to", kAddresses},
                                {"cc", kAddresses},
                                {"bcc", kAddresses},
                                {"resent-from", kAddresses},
                                {"resent-sender", kAddresses},
                                {"resent-reply-to", kAddresses},
                                {"resent-to", kAddresses},
                                {"resent-cc", kAddresses},
                                {"resent-bcc", kAddresses},
                                {"message-id", kIds},
                                {"in-reply-to", kIds},
                                {"references", kIds},
                                {"resent-message-id", kIds},
                                {"date", kDate},
                                {"resent-date", kDate},
                                {"list-help", kUrls},
                                {"list-unsubscribe", kUrls},
                                {"list-subscribe", kUrls},
                                {"list-post", kUrls},
                                {"list-owner", kUrls},
                                {"list-archive", kUrls},
                                {"return-path", kRaw},
                                {"received", kRaw}};

bool allowed(std::string_view name, Form form) {
  for (const Allowed& a : kAllowed) {
    if (ascii::iequals(a.name, name)) return (a.forms & bit(form)) != 0;
  }
  return true;
}

json::value string_of(std::string text) { return json::value(std::string_view(text)); }

// RFC 8621 4.1.2.2: unfolded, decoded, in NFC.
std::string as_text(std::string_view value) { return mime::to_nfc(mime::decode_words(value)); }

json::object address(const mime::Address& a) {
  std::string email = mime::to_addr_spec(a);
  if (email.empty() && a.mailbox) email = *a.mailbox;
  json::object out;
  const std::string name = a.name ? as_text(*a.name) : std::string();
  out["name"] = name.empty() ? json::value() : string_of(name);
  out["email"] = utf8::sanitize(email);
  return out;
}

json::value as_groups(std::span<const mime::Address> addresses) {
  json::array groups;
  json::array in;
  const auto flush = [&](json::value name) {
    if (name.is_null() && in.empty()) return;
    groups.push_back(json::object{{"name", std::move(name)}, {"addresses", std::move(in)}});
    in = {};
  };
  json::value name;
  for (const mime::Address& a : addresses) {
    if (a.starts_group()) {
      flush(nullptr);
      name = string_of(as_text(*a.mailbox));
    } else if (a.ends_group()) {
      flush(std::move(name));
      name = nullptr;
    } else {
      in.push_back(address(a));
    }
  }
  flush(nullptr);
  return groups;
}

// RFC 2369 2: "<mailto:...> (comment), <https:...>".
json::value as_urls(std::string_view value) {
  json::array urls;
  const std::string text = mime::unfold(value);
  std::string_view rest = text;
  for (std::size_t begin = rest.find('<'); begin != std::string_view::npos; begin = rest.find('<')) {
    const std::size_t end = rest.find('>', begin);
    if (end == std::string_view::npos) break;
    std::string url(rest.substr(begin + 1, end - begin - 1));
    std::erase_if(url, ascii::is_space);
    if (!url.empty()) urls.push_back(string_of(utf8::sanitize(url)));
    rest.remove_prefix(end + 1);
  }
  return urls.empty() ? json::value() : json::value(std::move(urls));
}

json::value in_form(std::string_view value, Form form) {
  switch (form) {
    case Form::raw: {
      std::string raw(value);
      std::erase(raw, '\0');
      return string_of(mime::to_utf8(raw));
    }
    case Form::text:
      return string_of(as_text(value));
    case Form::addresses: {
      const auto list = mime::read_addresses(value);
      json::array out;
      for (const mime::Address& a : list.addresses) {
        if (a.is_mailbox()) out.push_back(address(a));
      }
      return out;
    }
    case Form::grouped_addresses:
      return as_groups(mime::read_addresses(value).addresses);
    case Form::message_ids:
      return message_id_list(value);
    case Form::date:
      return date_value(value);
    case Form::urls:
      return as_urls(value);
  }
  return nullptr;
}

}  // namespace

std::optional<HeaderProperty> read_header_property(std::string_view property) {
  const auto parts = ascii::split(property, ':');
  if (parts.size() < 2 || parts.size() > 4 || parts[0] != "header" || parts[1].empty()) return std::nullopt;
  HeaderProperty out;
  out.name = parts[1];
  // RFC 5322 2.2: printable ASCII without colon.
  if (std::ranges::any_of(out.name, [](char c) { return c <= ' ' || c > '~'; })) return std::nullopt;
  std::size_t next = 2;
  if (next < parts.size() && parts[next] != "all") {
    const auto form = std::ranges::find(kForms, parts[next], &std::pair<std::string_view, Form>::first);
    if (form == kForms.end()) return std::nullopt;
    out.form = form->second;
    ++next;
  }
  if (next < parts.size()) {
    if (parts[next] != "all" || next + 1 != parts.size()) return std::nullopt;
    out.all = true;
  }
  if (!allowed(out.name, out.form)) return std::nullopt;
  return out;
}

json::value header_value(std::string_view block, const HeaderProperty& property) {
  json::array all;
  json::value last;
  mime::HeaderReader reader(block);
  while (const auto field = reader.next()) {
    if (!ascii::iequals(field->name, property.name)) continue;
    if (property.all)
      all.push_back(in_form(field->value, property.form));
    else
      last = in_form(field->value, property.form);
  }
  if (property.all) return all;
  return last;
}

json::array header_list(std::string_view block) {
  json::array out;
  mime::HeaderReader reader(block);
  while (const auto field = reader.next()) {
    if (field->name.empty()) continue;
    out.push_back(json::object{{"name", utf8::sanitize(field->name)}, {"value", in_form(field->value, Form::raw)}});
  }
  return out;
}

json::value address_list(std::span<const mime::Address> addresses) {
  json::array out;
  for (const mime::Address& a : addresses) {
    if (a.is_mailbox()) out.push_back(address(a));
  }
  return out.empty() ? json::value() : json::value(std::move(out));
}

json::value message_id_list(mime::OptionalText field) {
  if (!field) return nullptr;
  json::array out;
  for (const std::string& id : mime::message_ids(*field)) out.push_back(string_of(utf8::sanitize(id)));
  return out.empty() ? json::value() : json::value(std::move(out));
}

json::value text_value(mime::OptionalText field) { return field ? string_of(as_text(*field)) : json::value(); }

json::value date_value(mime::OptionalText field) {
  if (!field) return nullptr;
  int zone = 0;
  const auto t = date::parse_rfc5322(*field, &zone);
  return t ? string_of(zoned_date(*t, zone)) : json::value();
}

}  // namespace gatepost::jmap

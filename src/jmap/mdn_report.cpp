#include "jmap/mdn_report.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "jmap/header_field.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::array<std::string_view, 7> kReportFields = {
    "Reporting-UA", "MDN-Gateway", "Original-Recipient", "Final-Recipient", "Original-Message-ID",
    "Disposition",  "Error"};
constexpr std::size_t kMaxExtensions = 50;

bool is_one_of(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// RFC 8098 3.1.1: comments may stand wherever blanks may.
std::string without_comments(std::string_view text) {
  std::string out;
  int depth = 0;
  for (const char c : text) {
    if (c == '(')
      ++depth;
    else if (c == ')')
      depth = std::max(0, depth - 1);
    else if (depth == 0)
      out += c;
  }
  return out;
}

// disposition-mode ";" disposition-type [ "/" disposition-modifier ]
std::optional<Disposition> read_disposition_field(std::string_view value) {
  const std::string text = ascii::to_lower(without_comments(value));
  const std::size_t semicolon = text.find(';');
  if (semicolon == std::string::npos) return std::nullopt;
  const std::string_view mode = std::string_view(text).substr(0, semicolon);
  const std::string_view type = std::string_view(text).substr(semicolon + 1);
  const std::size_t slash = mode.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Disposition out;
  out.action_mode = ascii::trim(mode.substr(0, slash));
  out.sending_mode = ascii::trim(mode.substr(slash + 1));
  out.type = ascii::trim(type.substr(0, type.find('/')));
  return is_disposition(out) ? std::optional(out) : std::nullopt;
}

}  // namespace

bool is_disposition(const Disposition& d) {
  return is_one_of({"manual-action", "automatic-action"}, d.action_mode) &&
         is_one_of({"mdn-sent-manually", "mdn-sent-automatically"}, d.sending_mode) &&
         is_one_of({"deleted", "dispatched", "displayed", "processed"}, d.type);
}

bool is_extension_field(std::string_view name) {
  return !name.empty() && name.size() < 100 &&
         std::ranges::all_of(
             name, [](char c) { return c > ' ' && c <= '~' && c != ':'; }) &&
         std::ranges::none_of(kReportFields, [&](std::string_view known) { return ascii::iequals(known, name); });
}

std::optional<MdnReport> read_report(std::string_view body) {
  MdnReport out;
  bool disposed = false;
  mime::HeaderReader reader(body);
  while (const auto field = reader.next()) {
    std::string value = utf8::sanitize(mime::unfold(field->value));
    const auto is = [&](std::string_view name) { return ascii::iequals(field->name, name); };
    if (is("Reporting-UA")) {
      out.reporting_ua = std::move(value);
    } else if (is("MDN-Gateway")) {
      out.gateway = std::move(value);
    } else if (is("Original-Recipient")) {
      out.original_recipient = std::move(value);
    } else if (is("Final-Recipient")) {
      out.final_recipient = std::move(value);
    } else if (is("Original-Message-ID")) {
      out.original_message_id = std::move(value);
    } else if (is("Error")) {
      if (out.errors.size() < kMaxExtensions) out.errors.push_back(std::move(value));
    } else if (is("Disposition")) {
      auto read = read_disposition_field(value);
      if (!read) return std::nullopt;
      out.disposition = std::move(*read);
      disposed = true;
    } else if (is_extension_field(field->name) && out.extensions.size() < kMaxExtensions) {
      out.extensions.emplace_back(field->name, mime::decode_words(value));
    }
  }
  return disposed ? std::optional(std::move(out)) : std::nullopt;
}

std::string write_report(const MdnReport& report) {
  std::string out;
  const auto put = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) out.append(name).append(": ").append(*value).append("\r\n");
  };
  put("Reporting-UA", report.reporting_ua);
  put("MDN-Gateway", report.gateway);
  put("Original-Recipient", report.original_recipient);
  put("Final-Recipient", report.final_recipient);
  put("Original-Message-ID", report.original_message_id);
  put("Disposition",
      report.disposition.action_mode + "/" + report.disposition.sending_mode + "; " + report.disposition.type);
  for (const std::string& error : report.errors) put("Error", error);
  for (const auto& [name, value] : report.extensions) out += text_field(name, value);
  return out;
}

}  // namespace gatepost::jmap

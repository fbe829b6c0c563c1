#include <algorithm>

#include "base/ascii.hpp"
#include "jmap/blob.hpp"
#include "jmap/compose.hpp"
#include "jmap/email.hpp"
#include "jmap/ids.hpp"
#include "jmap/mdn.hpp"
#include "jmap/mdn_report.hpp"
#include "jmap/submissions.hpp"
#include "mime/encoded_word.hpp"
#include "mime/message_ids.hpp"
#include "mime/parameters.hpp"
#include "mime/summary.hpp"
#include "reading/text_part.hpp"

// MDN/parse (RFC 9007 2.2).
namespace gatepost::jmap {
namespace {

constexpr std::uint64_t kMaxReport = 64 << 10;
constexpr int kMaxMdnPieces = 8;
constexpr std::size_t kMaxCandidates = 300;  // emails that are looked at

bool is_of_type(const mime::Part& part, std::string_view type, std::string_view subtype) {
  return ascii::iequals(part.type, type) && ascii::iequals(part.subtype, subtype);
}

Result<std::string> text_of_part(reading::MessageReader& reader, const mime::Structure& structure,
                                 const mime::Part& part) {
  reading::TextPartReader text(reader, structure, part);
  std::string out;
  bool more = true;
  for (int n = 0; more && n < kMaxMdnPieces; ++n) {
    GP_TRY(more, text.next(out));
  }
  std::erase(out, '\r');
  return out;
}

// What a notification is about: an email of its own conversation, or one that was sent lately. Null: neither.
Result<json::value> email_of(Context& context, const Access& access, std::string_view blob,
                             std::string_view message_id) {
  const auto wanted = mime::message_ids(message_id);
  if (wanted.size() != 1) return json::value();
  std::vector<std::string> names;
  GP_TRY(const auto sent, context.submissions.read(*access.account));
  for (const json::object& one : sent.all) names.emplace_back(one.at("emailId").as_string());
  if (const auto number = number_behind('B', blob)) {
    const account::ItemId email{*number};
    GP_TRY(const auto messages, access.account->messages_of(std::span(&email, 1)));
    std::vector<account::ItemId> thread;
    if (!messages[0].empty()) {
      GP_TRY(thread, access.account->thread(messages[0].front().row.thread));
    }
    for (const account::ItemId id : thread) {
      if (names.size() < kMaxCandidates) names.push_back(access.ids().email(id));
    }
  }
  GP_TRY(const auto found, find_emails(access, names));
  for (const auto& email : found) {
    if (!email) continue;
    GP_TRY(const account::Item one, access.account->item(email->row().item));
    mime::Structure head;
    if (!mime::decode_envelope(one.summary, head) || head.envelopes.empty()) continue;
    if (mime::message_ids(head.envelopes[0].message_id.value_or("")) == wanted) {
      return json::value(access.ids().email(email->id()));
    }
  }
  return json::value();
}

// nullopt: it is no notification.
Result<std::optional<json::object>> parse_message(Context& context, const Access& access, std::string_view blob,
                                                  reading::MessageReader& reader, const mime::Structure& structure) {
  const mime::Part& root = structure.parts[0];
  const auto type = mime::find_parameter(structure.parameters_of(root.parameters), "report-type");
  if (!is_of_type(root, "multipart", "report") || !type || !ascii::iequals(*type, "disposition-notification")) {
    return std::nullopt;
  }
  std::optional<MdnReport> report;
  std::optional<std::string> text;
  bool has_original = false;
  for (std::uint32_t child = 1; child < root.end; child = structure.parts[child].end) {
    const mime::Part& part = structure.parts[child];
    if (is_of_type(part, "message", "disposition-notification")) {
      if (report || part.body_octets() > kMaxReport) return std::nullopt;
      GP_TRY(const std::string fields, text_of_part(reader, structure, part));
      report = read_report(fields);
    } else if (part.kind == mime::Part::Kind::message) {
      has_original = true;
    } else if (!text && reading::is_text(part) && ascii::iequals(part.type, "text") && !report) {
      GP_TRY(text, text_of_part(reader, structure, part));
    }
  }
  if (!report) return std::nullopt;
  const auto or_null = [](const std::optional<std::string>& t) { return t ? json::value(*t) : json::value(); };
  json::array errors;
  for (const std::string& error : report->errors) errors.emplace_back(error);
  json::object extensions;
  for (const auto& [name, value] : report->extensions) extensions[name] = value;
  const auto subject = structure.envelope().subject;
  json::object out{{"subject", subject ? json::value(mime::decode_words(*subject)) : json::value()},
                   {"textBody", or_null(text)},
                   {"includeOriginalMessage", has_original},
                   {"reportingUA", or_null(report->reporting_ua)},
                   {"disposition",
                    {{"actionMode", report->disposition.action_mode},
                     {"sendingMode", report->disposition.sending_mode},
                     {"type", report->disposition.type}}},
                   {"mdnGateway", or_null(report->gateway)},
                   {"originalRecipient", or_null(report->original_recipient)},
                   {"finalRecipient", or_null(report->final_recipient)},
                   {"originalMessageId", or_null(report->original_message_id)},
                   {"error", errors.empty() ? json::value() : json::value(std::move(errors))},
                   {"extensionFields", extensions.empty() ? json::value() : json::value(std::move(extensions))}};
  GP_TRY(out["forEmailId"], email_of(context, access, blob, report->original_message_id.value_or("")));
  return out;
}

}  // namespace

Answer mdn_parse(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto blobs = arguments.texts("blobIds");
  if (!blobs) arguments.wrong("blobIds");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = call.context.access(account);
  // RFC 9007 2.2.
  if (!access)
    return access.error().type == "accountNotFound" ? bad_argument("accountId") : std::unexpected(access.error());
  if (!(*access)->own) return refuse("accountNotSupportedByMethod");
  if (blobs->size() > call.context.limits.objects_in_get) return refuse("requestTooLarge");
  json::object parsed;
  std::vector<std::string> bad, missing;
  for (const std::string& name : *blobs) {
    const std::string id = call.context.id_of(name).value_or(name);
    const auto blob = find_blob(**access, id);
    if (!blob) {
      if (blob.error().code != Errc::not_found) return std::unexpected(refusal_for_call(blob.error()));
      missing.push_back(name);
      continue;
    }
    reading::MessageReader reader(*(*access)->account);
    reader.open(blob->body);
    JMAP_CALL_TRY(auto structure, reading::structure_of(reader, blob->summary));
    if (blob->part) {
      // A notification that somebody attached: by itself.
      if (*blob->part >= structure.parts.size() || structure.parts[*blob->part].kind != mime::Part::Kind::message) {
        bad.push_back(name);
        continue;
      }
      const mime::Part& part = structure.parts[*blob->part];
      JMAP_CALL_TRY(auto builder, BodyBuilder::open(*(*access)->account, call.context.limits.upload_octets));
      reading::SectionReader octets(reader, {part.body_begin, part.body_end});
      std::string piece;
      for (bool more = true; more;) {
        piece.clear();
        JMAP_CALL_TRY(more, octets.next(piece));
        builder.write(piece);
      }
      JMAP_CALL_TRY(const Composed inner, builder.finish());
      reader.open(inner.body);
      JMAP_CALL_TRY(structure, reading::structure_of(reader, inner.summary));
    }
    JMAP_CALL_TRY(auto one, parse_message(call.context, **access, id, reader, structure));
    if (one)
      parsed[name] = std::move(*one);
    else
      bad.push_back(name);
  }
  const auto or_null = [](const std::vector<std::string>& list) {
    return list.empty() ? json::value() : json::value(strings(list));
  };
  return json::object{{"accountId", account},
                      {"parsed", parsed.empty() ? json::value() : json::value(std::move(parsed))},
                      {"notParsable", or_null(bad)},
                      {"notFound", or_null(missing)}};
}

}  // namespace gatepost::jmap

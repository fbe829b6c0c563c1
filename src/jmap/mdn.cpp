#include "jmap/mdn.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "jmap/compose.hpp"
#include "jmap/email.hpp"
#include "jmap/header_field.hpp"
#include "jmap/ids.hpp"
#include "jmap/mdn_report.hpp"
#include "jmap/submission.hpp"
#include "mailflow/reception.hpp"
#include "mime/address.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"
#include "mime/summary.hpp"
#include "reading/message_reader.hpp"

// MDN/send (RFC 9007 2.1).
namespace gatepost::jmap {
namespace {

constexpr std::string_view kSent = "$mdnsent";
constexpr std::size_t kMaxMdnText = 64 << 10;
constexpr std::size_t kMaxAskers = 20;  // addresses that ask for one notification
constexpr std::string_view kAddressType = "rfc822;";

// What the client wants to be said.
struct MdnWish {
  std::string email;
  std::optional<std::string> subject, text, final_recipient;
  bool includes_original = false;
  MdnReport report;
};

Outcome<Disposition> disposition_of_json(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return bad_property("disposition");
  Disposition out;
  for (const auto& [key, text] : *object) {
    if (!text.is_string()) return bad_property("disposition");
    std::string* into = key == "actionMode"    ? &out.action_mode
                        : key == "sendingMode" ? &out.sending_mode
                        : key == "type"        ? &out.type
                                               : nullptr;
    if (into == nullptr) return bad_property("disposition");
    *into = std::string(text.get_string());
  }
  return is_disposition(out) ? Outcome<Disposition>(out) : bad_property("disposition");
}

Outcome<MdnWish> read_mdn_wish(const Context& context, const json::object& given) {
  MdnWish out;
  for (const auto& [key, value] : given) {
    const std::string name(key);
    const auto text = [&]() -> Outcome<std::optional<std::string>> {
      if (value.is_null()) return std::nullopt;
      if (!value.is_string() || value.get_string().size() > kMaxMdnText) return bad_property(name);
      return std::string(value.get_string());
    };
    const auto plain = [&]() -> Outcome<std::optional<std::string>> {
      auto read = text();
      if (read && *read && (!is_plain(**read) || (*read)->size() > 200)) return bad_property(name);
      return read;
    };
    Outcome<std::optional<std::string>> read = std::nullopt;
    if (name == "forEmailId") {
      const auto id = value.is_string() ? context.id_of(value.get_string()) : std::nullopt;
      if (!id) return bad_property(name);
      out.email = *id;
    } else if (name == "subject") {
      read = text();
      if (read && *read && std::ranges::any_of(**read, ascii::is_control)) return bad_property(name);
      if (read) out.subject = *read;
    } else if (name == "textBody") {
      read = text();
      if (read) out.text = *read;
    } else if (name == "includeOriginalMessage") {
      if (!value.is_bool()) return bad_property(name);
      out.includes_original = value.get_bool();
    } else if (name == "reportingUA") {
      read = plain();
      if (read) out.report.reporting_ua = *read;
    } else if (name == "finalRecipient") {
      read = plain();
      if (read) out.final_recipient = *read;
    } else if (name == "disposition") {
      auto disposition = disposition_of_json(value);
      if (!disposition) return std::unexpected(disposition.error());
      out.report.disposition = std::move(*disposition);
    } else if (name == "extensionFields") {
      const auto* fields = value.if_object();
      if (fields == nullptr && !value.is_null()) return bad_property(name);
      for (const auto& [field, content] : fields != nullptr ? *fields : json::object()) {
        if (!is_extension_field(field) || !content.is_string() || content.get_string().size() > 900 ||
            std::ranges::any_of(content.get_string(), ascii::is_control)) {
          return bad_property(name);
        }
        out.report.extensions.emplace_back(field, content.get_string());
      }
    } else {
      return bad_property(name);  // also what the server alone sets
    }
    if (!read) return std::unexpected(read.error());
  }
  if (out.email.empty()) return bad_property("forEmailId");
  if (!is_disposition(out.report.disposition)) return bad_property("disposition");
  return out;
}

// RFC 2045 6.8 where the text cannot be as it is.
std::string text_part(std::string_view text) {
  std::string lines;
  bool plain = true;
  std::size_t line = 0;
  for (const char c : text) {
    if (c == '\r') continue;
    line = c == '\n' ? 0 : line + 1;
    plain = plain && line < kMaxLine && !ascii::is_8bit(c) && c != '\0';
    if (c == '\n')
      lines += "\r\n";
    else
      lines += c;
  }
  std::string out = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ";
  if (plain) return out + "7bit\r\n\r\n" + lines;
  out += "base64\r\n\r\n";
  constexpr std::size_t kLineOctets = 57;
  for (std::size_t at = 0; at < lines.size(); at += kLineOctets) {
    out += base64::encode(std::string_view(lines).substr(at, kLineOctets)) + "\r\n";
  }
  return out;
}

// One MDN/send.
class Sending {
 public:
  Sending(Call& call, Access& access, const Identity& identity) : call_(call), access_(access), identity_(identity) {}

  // Value: what the client did not say.
  Outcome<json::object> send(const json::object& given) {
    auto wish = read_mdn_wish(call_.context, given);
    if (!wish) return std::unexpected(wish.error());
    JMAP_OBJECT_TRY(const auto found, find_emails(access_, {wish->email}));
    if (!found[0]) return refuse("notFound");
    JMAP_OBJECT_TRY(const auto names, access_.account->keywords());
    if (keywords_of(found[0]->flags, *names).contains(kSent) || !sent_.insert(wish->email).second) {
      return refuse("mdnAlreadySent");
    }
    auto done = send_of(*wish, *found[0]);
    if (!done) {
      sent_.erase(wish->email);
      return std::unexpected(done.error());
    }
    json::object out;
    for (const auto& [key, value] : *done) {
      const auto* said = given.if_contains(key);
      if (said == nullptr || (key != "extensionFields" && *said != value)) out[key] = value;
    }
    return out;
  }

 private:
  Outcome<json::object> send_of(MdnWish& wish, const Found& email) {
    JMAP_OBJECT_TRY(const account::Item item, access_.account->item(email.row().item));
    reading::MessageReader reader(*access_.account);
    reader.open(item.body);
    JMAP_OBJECT_TRY(const std::string_view head, head_of(reader));
    const std::string header(head);
    mailflow::Envelope envelope;
    std::string to;
    if (auto asked = read_askers(header, envelope, to); !asked) return std::unexpected(asked.error());
    std::string recipient = identity_.email;
    if (wish.final_recipient) {
      recipient = *wish.final_recipient;
      if (ascii::istarts_with(recipient, kAddressType)) recipient = ascii::trim(recipient.substr(kAddressType.size()));
      const auto owns = call_.context.services.directory.owns_address(call_.context.user.id, recipient);
      if (!owns || !*owns) return refuse("forbiddenFrom", recipient);
    }
    wish.report.final_recipient = std::string(kAddressType) + " " + recipient;
    wish.report.original_message_id = field_in(header, "Message-ID");
    // RFC 8098 2.3: what the sender had called the recipient, if a server on the way has kept it.
    wish.report.original_recipient = field_in(header, "Original-Recipient");
    const std::string subject = mime::decode_words(field_in(header, "Subject").value_or(""));
    if (!wish.subject) wish.subject = "Disposition notification" + (subject.empty() ? "" : ": " + subject);
    if (!wish.text) {
      wish.text = "Your message to " + recipient + " was " + wish.report.disposition.type +
                  ".\nThis does not say that it was read or understood.\n";
    }
    JMAP_OBJECT_TRY(const Composed message, compose(wish, header, to, reader, item.body));
    if (auto gone = submit(std::move(envelope), message.body); !gone) return std::unexpected(gone.error());
    const auto or_null = [](const std::optional<std::string>& t) { return t ? json::value(*t) : json::value(); };
    return json::object{{"subject", *wish.subject},
                        {"textBody", *wish.text},
                        {"includeOriginalMessage", wish.includes_original},
                        {"reportingUA", or_null(wish.report.reporting_ua)},
                        {"mdnGateway", nullptr},
                        {"originalRecipient", or_null(wish.report.original_recipient)},
                        {"finalRecipient", *wish.report.final_recipient},
                        {"originalMessageId", or_null(wish.report.original_message_id)},
                        {"error", nullptr},
                        {"extensionFields", nullptr}};
  }

  // RFC 8098 2.1: who asked. Errors: notFound.
  Outcome<> read_askers(const std::string& header, mailflow::Envelope& envelope, std::string& to) {
    const auto field = mime::find_field(header, "Disposition-Notification-To");
    if (!field) return refuse("notFound", "Disposition-Notification-To");
    const auto list = mime::read_addresses(*field);
    const mailflow::Source source = submission_source(call_.context);
    for (const mime::Address& a : list.addresses) {
      const std::string address = a.is_mailbox() ? mime::to_addr_spec(a) : std::string();
      if (address.empty() || envelope.recipients.size() == kMaxAskers) continue;
      auto recipient = call_.context.services.reception.check_recipient(source, address);
      if (!recipient && recipient.error() == mailflow::RecipientRefusal::try_later) return refuse("serverUnavailable");
      if (!recipient) continue;
      if (std::ranges::any_of(address, ascii::is_8bit)) envelope.smtputf8 = true;
      envelope.recipients.push_back(std::move(*recipient));
      to += (to.empty() ? "" : ",\r\n ") + address;
    }
    return envelope.recipients.empty() ? refuse("notFound", "Disposition-Notification-To") : Outcome<>();
  }

  static std::optional<std::string> field_in(const std::string& header, std::string_view name) {
    const auto field = mime::find_field(header, name);
    if (!field) return std::nullopt;
    std::string value = mime::unfold(*field);
    return !value.empty() && value.size() < kMaxLine && is_plain(value) ? std::optional(std::move(value))
                                                                        : std::nullopt;
  }

  Result<Composed> compose(const MdnWish& wish, const std::string& header, const std::string& to,
                           reading::MessageReader& reader, const account::Body& original) {
    Context& context = call_.context;
    GP_TRY(auto builder, BodyBuilder::open(*access_.account, context.limits.upload_octets));
    const std::string boundary = "=_" + context.services.random.hex(16);
    const json::array from{json::object{{"name", identity_.json.at("name")}, {"email", identity_.email}}};
    const std::size_t at = identity_.email.rfind('@');
    std::string text = "Date: " + date::format_rfc5322(context.services.clock.now()) + "\r\n";
    text += field_of("From", Form::addresses, from).value_or("From: " + identity_.email + "\r\n");
    text += "To: " + to + "\r\n" + text_field("Subject", *wish.subject);
    text += "Message-ID: <" + context.services.random.hex(16) + "@" + identity_.email.substr(at + 1) + ">\r\n";
    // So that it is found with what it is about.
    if (const auto id = field_in(header, "Message-ID"))
      text += "In-Reply-To: " + *id + "\r\nReferences: " + *id + "\r\n";
    // RFC 3834 5.
    if (wish.report.disposition.sending_mode == "mdn-sent-automatically") text += "Auto-Submitted: auto-replied\r\n";
    text +=
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=disposition-notification;\r\n boundary=\"" +
        boundary + "\"\r\n\r\n";
    text += "--" + boundary + "\r\n" + text_part(*wish.text) + "\r\n";
    text += "--" + boundary + "\r\nContent-Type: message/disposition-notification\r\n\r\n" + write_report(wish.report) +
            "\r\n";
    if (wish.includes_original) {
      builder.write(text + "--" + boundary +
                    "\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
      reading::SectionReader octets(reader, {0, original.size});
      for (bool more = true; more;) {
        text.clear();
        GP_TRY(more, octets.next(text));
        builder.write(text);
      }
      text = "\r\n";
    }
    builder.write(text + "--" + boundary + "--\r\n");
    return builder.finish();
  }

  // RFC 8098 3: its sender is nobody, so that nothing ever answers it.
  Outcome<> submit(mailflow::Envelope envelope, const account::Body& body) {
    mailflow::Reception& reception = call_.context.services.reception;
    const std::uint64_t largest = reception.options().max_message_octets;
    if (body.size > largest) return refuse_over("tooLarge", "maxSize", largest);
    reading::MessageReader reader(*access_.account);
    reader.open(body);
    reading::SectionReader octets(reader, {0, body.size});
    const auto accepted = reception.submit(submission_source(call_.context), std::move(envelope), body.size,
                                           [&](std::string& out) { return octets.next(out); });
    if (!accepted) return std::unexpected(refusal_for_object(accepted.error()));
    return {};
  }

  Call& call_;
  Access& access_;
  const Identity& identity_;
  std::set<std::string> sent_;  // emails, in this call
};

// RFC 9007 2.1: the client has to say that it notes what was sent.
bool sets_keyword(const json::value& patch) {
  const auto* object = patch.if_object();
  if (object == nullptr) return false;
  const auto* one = object->if_contains("keywords/$mdnsent");
  const auto* all = object->if_contains("keywords");
  const auto* in_all = all != nullptr && all->is_object() ? all->get_object().if_contains(kSent) : nullptr;
  return (one != nullptr && *one == true) || (in_all != nullptr && *in_all == true);
}

}  // namespace

Answer mdn_send(Call& call) {
  // RFC 9007 2.1: keywords are of emails.
  if (!call.context.uses.contains(std::string(kMail))) return refuse("unknownMethod", std::string(kMail));
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const std::string identity_id = arguments.text("identityId").value_or("");
  const json::object* send = arguments.object("send");
  const json::object* on_update = arguments.object("onSuccessUpdateEmail");
  if (send == nullptr) arguments.wrong("send");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = call.context.access(account);
  if (!access)
    return access.error().type == "accountNotFound" ? bad_argument("accountId") : std::unexpected(access.error());
  if (!(*access)->own) return refuse("accountNotSupportedByMethod");
  if (send->size() > call.context.limits.objects_in_set) return refuse("requestTooLarge");
  JMAP_CALL_TRY(const auto identities, identities_of(**access, call.context.services.directory));
  const auto identity =
      std::ranges::find(identities, call.context.id_of(identity_id).value_or(identity_id), &Identity::id);
  if (identity == identities.end()) return bad_argument("identityId");
  // By email: what is to be changed of it once its notification is sent.
  std::map<std::string, const json::value*> patches;
  for (const auto& [name, given] : *send) {
    if (!is_id(name) || !given.is_object()) return bad_argument("send");
    const auto* email = given.get_object().if_contains("forEmailId");
    const auto id = email != nullptr && email->is_string() ? call.context.id_of(email->get_string()) : std::nullopt;
    if (!id) continue;  // refused below
    const json::value* patch = on_update != nullptr ? on_update->if_contains("#" + std::string(name)) : nullptr;
    if (patch == nullptr && on_update != nullptr) patch = on_update->if_contains(email->get_string());
    if (patch == nullptr || !sets_keyword(*patch)) return bad_argument("onSuccessUpdateEmail");
    patches.emplace(*id, patch);
  }
  Sending sending(call, **access, *identity);
  json::object sent, failed, updates;
  for (const auto& [name, given] : *send) {
    auto done = sending.send(given.get_object());
    if (!done) {
      failed[name] = to_json(done.error());
      continue;
    }
    const std::string email = *call.context.id_of(given.at("forEmailId").as_string());
    updates[email] = *patches.at(email);
    sent[name] = std::move(*done);
  }
  if (!updates.empty()) {
    call.implicit.push_back(
        {"Email/set", json::object{{"accountId", account}, {"update", std::move(updates)}}, call.id});
  }
  const auto or_null = [](json::object&& o) { return o.empty() ? json::value() : json::value(std::move(o)); };
  return json::object{
      {"accountId", account}, {"sent", or_null(std::move(sent))}, {"notSent", or_null(std::move(failed))}};
}

}  // namespace gatepost::jmap

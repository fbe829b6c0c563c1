#include "jmap/compose.hpp"

#include <algorithm>
#include <set>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/random.hpp"
#include "base/utf8.hpp"
#include "jmap/blob.hpp"
#include "jmap/header_field.hpp"
#include "mime/summary.hpp"
#include "mime/transfer.hpp"
#include "reading/message_reader.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::size_t kMaxPartDepth = 20, kMaxParts = 1'000;

// Properties that stand for fields.
struct FieldProperty {
  std::string_view property, field;
  Form form;
};
constexpr FieldProperty kFieldProperties[] = {{"from", "From", Form::addresses},
                                              {"sender", "Sender", Form::addresses},
                                              {"replyTo", "Reply-To", Form::addresses},
                                              {"to", "To", Form::addresses},
                                              {"cc", "Cc", Form::addresses},
                                              {"bcc", "Bcc", Form::addresses},
                                              {"subject", "Subject", Form::text},
                                              {"sentAt", "Date", Form::date},
                                              {"messageId", "Message-ID", Form::message_ids},
                                              {"inReplyTo", "In-Reply-To", Form::message_ids},
                                              {"references", "References", Form::message_ids}};
constexpr std::string_view kElsewhere[] = {"mailboxIds", "keywords", "receivedAt", "bodyStructure",
                                           "bodyValues", "textBody", "htmlBody",   "attachments"};

class Composer {
 public:
  Composer(Context& context, const Access& access, const json::object& email, BodyBuilder& out)
      : context_(context), access_(access), email_(email), out_(out) {}

  Outcome<> run() {
    if (auto done = read_values(); !done) return done;
    if (auto done = write_header(); !done) return done;
    auto root = read_body();
    if (!root) return std::unexpected(root.error());
    // RFC 8621 4.6: all of them are told.
    if (!missing_.empty()) return refuse_texts("blobNotFound", "notFound", std::move(missing_));
    return write_part(*root);
  }

 private:
  // What a part says of itself.
  struct Part {
    const json::object* given = nullptr;
    std::string type;
    std::string text;  // of bodyValues
    std::optional<Blob> blob;
    std::vector<Part> below;
    bool is_multi() const { return type.starts_with("multipart/"); }
  };

  Outcome<> read_values() {
    const json::value* values = email_.if_contains("bodyValues");
    if (values == nullptr || values->is_null()) return {};
    if (!values->is_object()) return bad_property("bodyValues");
    for (const auto& [id, value] : values->get_object()) {
      const auto* object = value.if_object();
      const auto* text = object != nullptr ? object->if_contains("value") : nullptr;
      // RFC 8621 4.6: what a client sends is whole and sound.
      for (const char* name : {"isEncodingProblem", "isTruncated"}) {
        const auto* is = object != nullptr ? object->if_contains(name) : nullptr;
        if (is != nullptr && (!is->is_bool() || is->get_bool())) return bad_property("bodyValues");
      }
      if (text == nullptr || !text->is_string()) return bad_property("bodyValues");
      values_.emplace(std::string(id), &text->get_string());
    }
    return {};
  }

  Outcome<> write_header() {
    std::set<std::string>& seen = fields_;
    std::string header;
    const auto add = [&](const std::string& property, const std::string& name, Form form,
                         const json::value& value) -> Outcome<> {
      if (!seen.insert(ascii::to_lower(name)).second) return bad_property(property);  // RFC 8621 4.6: the same twice
      auto field = field_of(name, form, value);
      if (!field) return bad_property(property);
      header += *field;
      return {};
    };
    for (const auto& [key, value] : email_) {
      const std::string property(key);
      if (std::ranges::find(kElsewhere, std::string_view(property)) != std::end(kElsewhere)) continue;
      if (property == "headers") return bad_property(property);
      const auto known = std::ranges::find(kFieldProperties, std::string_view(property), &FieldProperty::property);
      if (known != std::end(kFieldProperties)) {
        if (value.is_null()) continue;
        if (auto done = add(property, std::string(known->field), known->form, value); !done) return done;
        continue;
      }
      const auto wanted = read_header_property(property);
      // RFC 8621 4.6: fields that describe the body are said of the parts.
      if (!wanted || ascii::istarts_with(wanted->name, "Content-")) return bad_property(property);
      if (value.is_null()) continue;
      if (!wanted->all) {
        if (auto done = add(property, wanted->name, wanted->form, value); !done) return done;
        continue;
      }
      if (!value.is_array() || !seen.insert(ascii::to_lower(wanted->name)).second) return bad_property(property);
      for (const json::value& one : value.get_array()) {
        auto field = field_of(wanted->name, wanted->form, one);
        if (!field) return bad_property(property);
        header += *field;
      }
    }
    if (!seen.contains("message-id")) {
      const std::size_t at = context_.user.address.rfind('@');
      header += "Message-ID: <" + context_.services.random.hex(16) + "@" +
                (at == std::string::npos ? "localhost" : context_.user.address.substr(at + 1)) + ">\r\n";
    }
    if (!seen.contains("date")) header += "Date: " + date::format_rfc5322(context_.services.clock.now()) + "\r\n";
    header += "MIME-Version: 1.0\r\n";
    out_.write(header);
    return {};
  }

  // The parts of bodyStructure, or of textBody, htmlBody and attachments (RFC 8621 4.6).
  Outcome<Part> read_body() {
    const json::value* structure = email_.if_contains("bodyStructure");
    if (structure != nullptr && !structure->is_null()) {
      for (const char* other : {"textBody", "htmlBody", "attachments"}) {
        if (email_.contains(other)) return bad_property(other);
      }
      // RFC 8621 4.6: what the whole has already is not said of the root again.
      if (const auto* object = structure->if_object()) {
        for (const auto& [key, value] : *object) {
          const auto field = read_header_property(key);
          if (field && fields_.contains(ascii::to_lower(field->name))) return bad_property("bodyStructure");
        }
      }
      return read_part(*structure, "bodyStructure", 0);
    }
    return arrange();
  }

  Outcome<std::vector<Part>> parts_of(const char* property, std::string_view type) {
    std::vector<Part> out;
    const json::value* list = email_.if_contains(property);
    if (list == nullptr || list->is_null()) return out;
    if (!list->is_array()) return bad_property(property);
    // RFC 8621 4.6: exactly one text, one HTML.
    if (!type.empty() && list->get_array().size() != 1) return bad_property(property);
    for (const json::value& one : list->get_array()) {
      auto part = read_part(one, property, 0);
      if (!part) return std::unexpected(part.error());
      if (!type.empty() && part->type != type) return bad_property(property);
      out.push_back(std::move(*part));
    }
    return out;
  }

  Outcome<Part> arrange() {
    auto text = parts_of("textBody", "text/plain");
    if (!text) return std::unexpected(text.error());
    auto html = parts_of("htmlBody", "text/html");
    if (!html) return std::unexpected(html.error());
    auto attached = parts_of("attachments", "");
    if (!attached) return std::unexpected(attached.error());
    // What HTML shows by its cid goes beside it.
    Part related{.type = "multipart/related"};
    if (!html->empty()) {
      for (auto part = attached->begin(); part != attached->end();) {
        const auto* cid = part->given->if_contains("cid");
        const auto* disposition = part->given->if_contains("disposition");
        const bool shown =
            cid != nullptr && cid->is_string() &&
            (disposition == nullptr || !disposition->is_string() || disposition->get_string() == "inline");
        if (shown) {
          related.below.push_back(std::move(*part));
          part = attached->erase(part);
        } else {
          ++part;
        }
      }
    }
    std::vector<Part> body;
    if (!text->empty()) body.push_back(std::move(text->front()));
    if (!html->empty()) {
      if (related.below.empty()) {
        body.push_back(std::move(html->front()));
      } else {
        related.below.insert(related.below.begin(), std::move(html->front()));
        body.push_back(std::move(related));
      }
    }
    Part content{.type = "text/plain"};
    if (body.size() == 1) content = std::move(body.front());
    if (body.size() > 1) {
      content.type = "multipart/alternative";
      content.below = std::move(body);
    }
    if (attached->empty()) return content;
    Part mixed{.type = "multipart/mixed"};
    if (!content.type.empty() && (content.given != nullptr || content.is_multi()))
      mixed.below.push_back(std::move(content));
    for (Part& part : *attached) mixed.below.push_back(std::move(part));
    return mixed;
  }

  Outcome<Part> read_part(const json::value& value, std::string_view property, std::size_t depth) {
    const auto* object = value.if_object();
    if (object == nullptr || depth > kMaxPartDepth || ++parts_ > kMaxParts) return bad_property(property);
    Part out{.given = object};
    const auto text = [&](std::string_view name) -> std::optional<std::string> {
      const auto* v = object->if_contains(name);
      return v != nullptr && v->is_string() ? std::optional(std::string(v->get_string())) : std::nullopt;
    };
    const auto* sub = object->if_contains("subParts");
    const bool multi = sub != nullptr && sub->is_array();
    out.type = ascii::to_lower(text("type").value_or(multi ? "multipart/mixed" : "text/plain"));
    const std::size_t slash = out.type.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == out.type.size() ||
        std::ranges::any_of(out.type, [](char c) { return c <= ' ' || c > '~' || c == ';' || c == '"'; })) {
      return bad_property(property);
    }
    if (multi != out.is_multi()) return bad_property(property);
    if (multi) {
      for (const json::value& one : sub->get_array()) {
        auto part = read_part(one, property, depth + 1);
        if (!part) return part;
        out.below.push_back(std::move(*part));
      }
      if (out.below.empty()) return bad_property(property);
      return out;
    }
    const auto id = text("partId");
    const auto blob = text("blobId");
    // RFC 8621 4.6: one of the two, and of a partId neither charset nor size.
    if (id.has_value() == blob.has_value()) return bad_property(property);
    if (id) {
      const auto found = values_.find(*id);
      if (found == values_.end() || !out.type.starts_with("text/") || object->contains("charset") ||
          object->contains("size")) {
        return bad_property(property);
      }
      out.text = std::string(*found->second);
      return out;
    }
    const std::string name = context_.id_of(*blob).value_or(*blob);
    auto found = find_blob(access_, name);
    if (!found && found.error().code != Errc::not_found) return std::unexpected(refusal_for_object(found.error()));
    if (found)
      out.blob = std::move(*found);
    else if (std::ranges::find(missing_, *blob) == missing_.end())
      missing_.push_back(*blob);
    return out;
  }

  // RFC 2045 5.1, RFC 2231 4.
  static std::string parameter(std::string_view name, std::string_view value) {
    if (is_plain(value) && value.size() < kMaxLine - 100) {
      std::string quoted;
      for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      return ";\r\n " + std::string(name) + "=\"" + quoted + "\"";
    }
    std::string out;
    std::string piece;
    std::size_t n = 0;
    const auto flush = [&] {
      out += ";\r\n " + std::string(name) + "*" + std::to_string(n) + "*=" + (n == 0 ? "utf-8''" : "") + piece;
      ++n;
      piece.clear();
    };
    for (const char c : value) {
      if (ascii::is_alnum(c) || c == '.' || c == '-' || c == '_') {
        piece += c;
      } else {
        constexpr std::string_view kHex = "0123456789ABCDEF";
        const auto octet = static_cast<unsigned char>(c);
        piece += '%';
        piece += kHex[octet >> 4];
        piece += kHex[octet & 15];
      }
      if (piece.size() > 55) flush();
    }
    if (!piece.empty() || n == 0) flush();
    return out;
  }

  Outcome<std::string> part_header(const Part& part, std::string_view boundary, std::string_view encoding) {
    std::string out = "Content-Type: " + part.type;
    std::string name, disposition;
    std::string rest;
    if (part.given != nullptr) {
      for (const auto& [key, value] : *part.given) {
        if (value.is_null()) continue;
        const std::string property(key);
        if (property == "partId" || property == "blobId" || property == "size" || property == "type" ||
            property == "subParts") {
          continue;
        }
        if (property == "language") {
          if (!value.is_array()) return bad_property(property);
          std::string tags;
          for (const json::value& tag : value.get_array()) {
            if (!tag.is_string() || !is_plain(tag.get_string())) return bad_property(property);
            tags += (tags.empty() ? "" : ", ") + std::string(tag.get_string());
          }
          rest += "Content-Language: " + tags + "\r\n";
          continue;
        }
        if (const auto wanted = read_header_property(property)) {
          if (ascii::iequals(wanted->name, "Content-Transfer-Encoding")) return bad_property(property);
          auto field = field_of(wanted->name, wanted->form, value);
          if (!field) return bad_property(property);
          rest += *field;
          continue;
        }
        if (!value.is_string() || std::ranges::any_of(value.get_string(), ascii::is_control))
          return bad_property(property);
        const std::string text(value.get_string());
        if (property == "name")
          name = text;
        else if (property == "disposition")
          disposition = text;
        else if (property == "charset")
          out += parameter("charset", text);
        else if (property == "cid" && is_plain(text))
          rest += "Content-ID: <" + text + ">\r\n";
        else if (property == "location" && is_plain(text) && text.size() < kMaxLine - 50)
          rest += "Content-Location: " + text + "\r\n";
        else
          return bad_property(property);
      }
    }
    if (part.given == nullptr || !part.blob) {
      if (part.type.starts_with("text/")) out += parameter("charset", "utf-8");
    }
    if (!name.empty()) out += parameter("name", name);
    if (!boundary.empty()) out += parameter("boundary", boundary);
    out += "\r\n";
    if (!disposition.empty() || !name.empty()) {
      if (disposition.empty()) disposition = "attachment";
      if (!std::ranges::all_of(disposition, [](char c) { return ascii::is_alnum(c) || c == '-'; })) {
        return bad_property("disposition");
      }
      out += "Content-Disposition: " + disposition + (name.empty() ? "" : parameter("filename", name)) + "\r\n";
    }
    if (!encoding.empty()) out += "Content-Transfer-Encoding: " + std::string(encoding) + "\r\n";
    return out + rest + "\r\n";
  }

  Outcome<> write_part(const Part& part) {
    if (part.is_multi()) {
      const std::string boundary = "=_" + context_.services.random.hex(16);
      auto header = part_header(part, boundary, "");
      if (!header) return std::unexpected(header.error());
      out_.write(*header);
      for (const Part& one : part.below) {
        out_.write("--" + boundary + "\r\n");
        if (auto done = write_part(one); !done) return done;
        out_.write("\r\n");
      }
      out_.write("--" + boundary + "--\r\n");
      return {};
    }
    if (part.blob) return write_blob(part);
    std::string text;
    bool plain = true;
    std::size_t line = 0;
    for (const char c : part.text) {
      if (c == '\r') continue;
      if (c == '\n') {
        text += "\r\n";
        line = 0;
        continue;
      }
      text += c;
      plain = plain && ++line <= kMaxLine && c != '\0' && !ascii::is_8bit(c);
    }
    auto header = part_header(part, "", plain ? "7bit" : "quoted-printable");
    if (!header) return std::unexpected(header.error());
    out_.write(*header);
    out_.write(plain ? text : quoted_printable(text));
    return {};
  }

  // RFC 2045 6.7, of text with CRLF.
  static std::string quoted_printable(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    std::size_t line = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
        out += "\r\n";
        line = 0;
        ++i;
        continue;
      }
      const bool at_end = i + 1 == text.size() || text[i + 1] == '\r';
      const bool as_is = (c > ' ' && c <= '~' && c != '=') || (ascii::is_blank(c) && !at_end);
      if (line + (as_is ? 1 : 3) > kLine - 1) {
        out += "=\r\n";
        line = 0;
      }
      if (as_is) {
        out += c;
        ++line;
      } else {
        const auto octet = static_cast<unsigned char>(c);
        out += '=';
        out += kHex[octet >> 4];
        out += kHex[octet & 15];
        line += 3;
      }
    }
    return out;
  }

  Outcome<> write_blob(const Part& part) {
    reading::MessageReader reader(*access_.account);
    reader.open(part.blob->body);
    reading::Range range{0, part.blob->body.size};
    auto undo = mime::TransferEncoding::identity;
    if (part.blob->part) {
      JMAP_OBJECT_TRY(const auto structure, reading::structure_of(reader, part.blob->summary));
      if (*part.blob->part >= structure.parts.size()) return refuse("blobNotFound");
      const mime::Part& from = structure.parts[*part.blob->part];
      range = {from.body_begin, from.body_end};
      undo = mime::transfer_encoding(from.encoding);
    }
    // RFC 2046 5.2.1: a message is not encoded.
    const bool message = part.type == "message/rfc822" || part.type == "message/global";
    auto header = part_header(part, "", message ? "8bit" : "base64");
    if (!header) return std::unexpected(header.error());
    out_.write(*header);
    reading::SectionReader section(reader, range, mime::TransferDecoder(undo));
    std::string octets;
    constexpr std::size_t kLineOctets = 57;  // 76 characters
    for (bool more = true; more;) {
      JMAP_OBJECT_TRY(more, section.next(octets));
      if (message) {
        out_.write(octets);
        octets.clear();
        continue;
      }
      std::size_t done = 0;
      std::string lines;
      while (octets.size() - done >= kLineOctets || (!more && done < octets.size())) {
        lines += base64::encode(std::string_view(octets).substr(done, kLineOctets)) + "\r\n";
        done += std::min(kLineOctets, octets.size() - done);
      }
      out_.write(lines);
      octets.erase(0, done);
    }
    return {};
  }

  Context& context_;
  const Access& access_;
  const json::object& email_;
  BodyBuilder& out_;
  std::map<std::string, const json::string*> values_;
  std::set<std::string> fields_;      // of the message's own header, in lower case
  std::vector<std::string> missing_;  // blobs
  std::size_t parts_ = 0;
};

}  // namespace

Result<BodyBuilder> BodyBuilder::open(account::Account& account, std::uint64_t max_octets) {
  BodyBuilder out;
  GP_TRY(out.writer_, account.new_body(0));
  out.scanner_ = std::make_unique<mime::StructureScanner>();
  out.room_ = max_octets;
  return out;
}

void BodyBuilder::write(std::string_view octets) {
  if (!state_) return;
  if (octets.size() > room_) {
    state_ = fail(Errc::too_large, "message");
    return;
  }
  room_ -= octets.size();
  scanner_->feed(octets);
  state_ = writer_->append(octets);
}

Result<Composed> BodyBuilder::finish() {
  GP_CHECK(state_);
  Composed out;
  GP_TRY(out.body, writer_->finish());
  out.summary = mime::encode(scanner_->finish());
  return out;
}

Outcome<Composed> compose(Context& context, const Access& access, const json::object& email) {
  JMAP_OBJECT_TRY(auto builder, BodyBuilder::open(*access.account, context.limits.upload_octets));
  if (auto done = Composer(context, access, email, builder).run(); !done) return std::unexpected(done.error());
  JMAP_OBJECT_TRY(auto composed, builder.finish());
  return composed;
}

}  // namespace gatepost::jmap

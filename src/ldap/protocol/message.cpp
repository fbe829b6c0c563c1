#include "ldap/protocol/message.hpp"

#include <limits>
#include <utility>

#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/broken.hpp"

namespace gatepost::ldap {
namespace {

using ber::Reader;

// RFC 4511 4.2 to 4.12.
constexpr ber::Tag kBind = ber::application_constructed(0), kUnbind = ber::application(2),
                   kSearch = ber::application_constructed(3), kModify = ber::application_constructed(6),
                   kAdd = ber::application_constructed(8), kDelete = ber::application(10),
                   kModifyDn = ber::application_constructed(12), kCompare = ber::application_constructed(14),
                   kAbandon = ber::application(16), kExtended = ber::application_constructed(23);

// INTEGER (0 .. maxInt)
std::optional<std::uint32_t> small_number(std::int64_t value) {
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

bool done(const Reader& in) { return in.ok() && in.at_end(); }

// BindRequest ::= [APPLICATION 0] SEQUENCE { version INTEGER (1 .. 127), name LDAPDN, authentication CHOICE { simple
// [0], sasl [3] } }
Result<Request> read_bind(Reader in) {
  BindRequest out;
  out.version = in.integer();
  out.name = in.octets();
  const ber::Tag choice = in.peek();
  if (choice == ber::context(0)) {
    out.authentication = BindRequest::Simple{Secret(in.octets(choice))};
  } else if (choice == ber::context_constructed(3)) {
    Reader sasl = in.inside(choice);
    BindRequest::Sasl request;
    request.mechanism = sasl.octets();
    if (!sasl.at_end()) request.credentials = sasl.octets();
    if (!done(sasl)) return broken("SASL credentials");
    out.authentication = std::move(request);
  } else {
    (void)in.element();
    out.authentication = BindRequest::Unknown{};
  }
  if (!done(in) || out.version < 1 || out.version > 127) return broken("a bind");
  return out;
}

Result<Request> read_search(Reader in) {
  SearchRequest out;
  out.base = in.octets();
  const std::int64_t scope = in.integer(ber::kEnumerated), dereference = in.integer(ber::kEnumerated);
  const auto size = small_number(in.integer()), time = small_number(in.integer());
  out.types_only = in.boolean();
  const std::string_view filter = in.element();
  Reader attributes = in.inside(ber::kSequence);
  if (!done(in) || !size || !time) return broken("a search");
  if (scope < 0 || scope > 2) return broken("the scope of a search");
  if (dereference < 0 || dereference > 3) return broken("what a search does with aliases");
  out.scope = static_cast<Scope>(scope);
  out.dereference = static_cast<std::uint8_t>(dereference);
  out.size_limit = *size;
  out.time_limit_seconds = *time;
  GP_TRY(out.filter, parse_filter(filter));
  while (!attributes.at_end()) {
    if (out.attributes.size() >= kMaxSelectedAttributes) return fail(Errc::limit, "too many attributes are asked for");
    out.attributes.emplace_back(attributes.octets());
  }
  if (!attributes.ok()) return broken("the attributes of a search");
  return out;
}

// Attribute and PartialAttribute ::= SEQUENCE { type, vals SET OF value }
Result<Attribute> read_attribute(Reader in) {
  Attribute out;
  out.type = in.octets();
  Reader values = in.inside(ber::kSet);
  if (!done(in) || !is_attribute_description(out.type)) return broken("an attribute");
  while (!values.at_end()) {
    if (out.values.size() >= kMaxValuesOfOne) return fail(Errc::limit, "an attribute of too many values");
    out.values.emplace_back(values.octets());
  }
  if (!values.ok()) return broken("the values of an attribute");
  return out;
}

Result<Request> read_modify(Reader in) {
  ModifyRequest out;
  out.name = in.octets();
  Reader changes = in.inside(ber::kSequence);
  if (!done(in)) return broken("a modify");
  while (!changes.at_end()) {
    if (out.changes.size() >= kMaxChanges) return fail(Errc::limit, "too many changes at once");
    Reader one = changes.inside(ber::kSequence);
    const std::int64_t kind = one.integer(ber::kEnumerated);
    ModifyRequest::Change change;
    GP_TRY(change.attribute, read_attribute(one.inside(ber::kSequence)));
    if (!done(one) || kind < 0 || kind > 2) return broken("a change");
    change.kind = static_cast<ModifyRequest::Kind>(kind);
    out.changes.push_back(std::move(change));
  }
  if (!changes.ok()) return broken("the changes of a modify");
  return out;
}

Result<Request> read_add(Reader in) {
  AddRequest out;
  out.name = in.octets();
  Reader attributes = in.inside(ber::kSequence);
  if (!done(in)) return broken("an add");
  while (!attributes.at_end()) {
    if (out.attributes.size() >= kMaxChanges) return fail(Errc::limit, "too many attributes at once");
    GP_TRY(Attribute attribute, read_attribute(attributes.inside(ber::kSequence)));
    if (attribute.values.empty()) return broken("an attribute without values");
    out.attributes.push_back(std::move(attribute));
  }
  if (!attributes.ok()) return broken("the attributes of an add");
  return out;
}

Result<Request> read_modify_dn(Reader in) {
  ModifyDnRequest out;
  out.name = in.octets();
  out.new_rdn = in.octets();
  out.delete_old = in.boolean();
  if (in.next_is(ber::context(0))) out.new_superior = in.octets(ber::context(0));
  if (!done(in)) return broken("a change of a name");
  return out;
}

Result<Request> read_compare(Reader in) {
  CompareRequest out;
  out.name = in.octets();
  Reader assertion = in.inside(ber::kSequence);
  out.attribute = assertion.octets();
  out.value = assertion.octets();
  if (!done(in) || !done(assertion) || !is_attribute_description(out.attribute)) return broken("a compare");
  return out;
}

Result<Request> read_extended(Reader in) {
  ExtendedRequest out;
  out.oid = in.octets(ber::context(0));
  if (in.next_is(ber::context(1))) out.value = in.octets(ber::context(1));
  if (!done(in)) return broken("an extended operation");
  return out;
}

}  // namespace

// LDAPMessage ::= SEQUENCE { messageID INTEGER (0 .. maxInt), protocolOp CHOICE {...}, controls [0] OPTIONAL }
Result<Envelope> parse_envelope(std::string_view message) {
  Reader whole(message);
  Reader in = whole.inside(ber::kSequence);
  Envelope out;
  const auto id = small_number(in.integer());
  out.tag = in.peek();
  out.operation = in.element();
  if (in.next_is(ber::context_constructed(0))) out.controls = in.content(ber::context_constructed(0));
  // What follows would belong to a later version of the protocol, which RFC 4511 4 lets us ignore.
  if (!whole.ok() || !whole.at_end() || !in.ok() || !id || out.operation.empty()) return broken("no LDAP message");
  out.id = static_cast<std::int32_t>(*id);
  return out;
}

bool is_request(std::uint8_t tag) {
  return tag == kBind || tag == kUnbind || tag == kSearch || tag == kModify || tag == kAdd || tag == kDelete ||
         tag == kModifyDn || tag == kCompare || tag == kAbandon || tag == kExtended;
}

std::optional<Answer> answer_to(std::uint8_t request_tag) {
  switch (request_tag) {
    case kBind:
      return Answer::bind;
    case kSearch:
      return Answer::search_done;
    case kModify:
      return Answer::modify;
    case kAdd:
      return Answer::add;
    case kDelete:
      return Answer::remove;
    case kModifyDn:
      return Answer::modify_dn;
    case kCompare:
      return Answer::compare;
    case kExtended:
      return Answer::extended;
    default:
      return std::nullopt;
  }
}

Result<Request> parse_request(const Envelope& envelope) {
  Reader in(envelope.operation);
  const ber::Tag tag = envelope.tag;
  switch (tag) {
    case kBind:
      return read_bind(in.inside(tag));
    case kUnbind:
      return Request(UnbindRequest{});
    case kSearch:
      return read_search(in.inside(tag));
    case kModify:
      return read_modify(in.inside(tag));
    case kAdd:
      return read_add(in.inside(tag));
    case kDelete:
      return Request(DeleteRequest{std::string(in.octets(tag))});
    case kModifyDn:
      return read_modify_dn(in.inside(tag));
    case kCompare:
      return read_compare(in.inside(tag));
    case kAbandon: {
      const auto id = small_number(in.integer(tag));
      if (!in.ok() || !id) return broken("an abandon");
      return Request(AbandonRequest{static_cast<std::int32_t>(*id)});
    }
    case kExtended:
      return read_extended(in.inside(tag));
    default:
      return broken("no request");
  }
}

// Controls ::= SEQUENCE OF Control; Control ::= SEQUENCE { controlType, criticality DEFAULT FALSE, controlValue
// OPTIONAL }
Result<std::vector<Control>> parse_controls(std::string_view content) {
  std::vector<Control> out;
  Reader in(content);
  while (!in.at_end()) {
    if (out.size() >= kMaxControls) return fail(Errc::limit, "too many controls");
    Reader one = in.inside(ber::kSequence);
    Control control;
    control.oid = one.octets();
    if (one.next_is(ber::kBoolean)) control.critical = one.boolean();
    if (!one.at_end()) control.value = one.octets();
    if (!done(one) || control.oid.empty()) return broken("a control");
    out.push_back(std::move(control));
  }
  if (!in.ok()) return broken("controls");
  return out;
}

}  // namespace gatepost::ldap

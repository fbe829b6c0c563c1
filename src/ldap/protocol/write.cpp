// Messages as octets.
#include <utility>

#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/message.hpp"

namespace gatepost::ldap {
namespace {

using ber::Writer;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

void write_outcome(Writer& out, const Outcome& outcome) {
  out.integer(static_cast<std::int64_t>(outcome.code), ber::kEnumerated);
  out.octets(outcome.matched);
  out.octets(outcome.text);
}

void write_attribute(Writer& out, const Attribute& attribute) {
  const std::size_t mark = out.begin(ber::kSequence);
  out.octets(attribute.type);
  const std::size_t values = out.begin(ber::kSet);
  for (const std::string& value : attribute.values) out.octets(value);
  out.end(values);
  out.end(mark);
}

void write_request(Writer& out, const BindRequest& request) {
  const std::size_t mark = out.begin(ber::application_constructed(0));
  out.integer(request.version);
  out.octets(request.name);
  if (const auto* simple = std::get_if<BindRequest::Simple>(&request.authentication)) {
    out.octets(simple->password.reveal(), ber::context(0));
  } else if (const auto* sasl = std::get_if<BindRequest::Sasl>(&request.authentication)) {
    const std::size_t inside = out.begin(ber::context_constructed(3));
    out.octets(sasl->mechanism);
    if (sasl->credentials) out.octets(*sasl->credentials);
    out.end(inside);
  } else {
    out.octets("", ber::context(9));
  }
  out.end(mark);
}

void write_request(Writer& out, const SearchRequest& request, std::string& octets) {
  const std::size_t mark = out.begin(ber::application_constructed(3));
  out.octets(request.base);
  out.integer(static_cast<std::int64_t>(request.scope), ber::kEnumerated);
  out.integer(request.dereference, ber::kEnumerated);
  out.integer(request.size_limit);
  out.integer(request.time_limit_seconds);
  out.boolean(request.types_only);
  write(octets, request.filter);
  const std::size_t attributes = out.begin(ber::kSequence);
  for (const std::string& attribute : request.attributes) out.octets(attribute);
  out.end(attributes);
  out.end(mark);
}

void write_request(Writer& out, const ModifyRequest& request) {
  const std::size_t mark = out.begin(ber::application_constructed(6));
  out.octets(request.name);
  const std::size_t changes = out.begin(ber::kSequence);
  for (const ModifyRequest::Change& change : request.changes) {
    const std::size_t one = out.begin(ber::kSequence);
    out.integer(static_cast<std::int64_t>(change.kind), ber::kEnumerated);
    write_attribute(out, change.attribute);
    out.end(one);
  }
  out.end(changes);
  out.end(mark);
}

void write_request(Writer& out, const AddRequest& request) {
  const std::size_t mark = out.begin(ber::application_constructed(8));
  out.octets(request.name);
  const std::size_t attributes = out.begin(ber::kSequence);
  for (const Attribute& attribute : request.attributes) write_attribute(out, attribute);
  out.end(attributes);
  out.end(mark);
}

void write_request(Writer& out, const ModifyDnRequest& request) {
  const std::size_t mark = out.begin(ber::application_constructed(12));
  out.octets(request.name);
  out.octets(request.new_rdn);
  out.boolean(request.delete_old);
  if (request.new_superior) out.octets(*request.new_superior, ber::context(0));
  out.end(mark);
}

void write_request(Writer& out, const CompareRequest& request) {
  const std::size_t mark = out.begin(ber::application_constructed(14));
  out.octets(request.name);
  const std::size_t assertion = out.begin(ber::kSequence);
  out.octets(request.attribute);
  out.octets(request.value);
  out.end(assertion);
  out.end(mark);
}

void write_request(Writer& out, const ExtendedRequest& request) {
  const std::size_t mark = out.begin(ber::application_constructed(23));
  out.octets(request.oid, ber::context(0));
  if (request.value) out.octets(*request.value, ber::context(1));
  out.end(mark);
}

}  // namespace

void append_attribute(std::string& out, std::string_view type, const std::vector<std::string>& values) {
  Writer writer(out);
  const std::size_t mark = writer.begin(ber::kSequence);
  writer.octets(type);
  const std::size_t set = writer.begin(ber::kSet);
  for (const std::string& value : values) writer.octets(value);
  writer.end(set);
  writer.end(mark);
}

void append_attribute_set(std::string& out, std::string_view type, std::string_view set) {
  const std::size_t name = ber::head_octets(type.size()) + type.size();
  ber::append_head(out, ber::kSequence, name + ber::head_octets(set.size()) + set.size());
  ber::append_head(out, ber::kOctetString, type.size());
  out += type;
  ber::append_head(out, ber::kSet, set.size());
  out += set;
}

void append_controls(std::string& out, const std::vector<Control>& controls) {
  if (controls.empty()) return;
  Writer writer(out);
  const std::size_t mark = writer.begin(ber::context_constructed(0));
  for (const Control& control : controls) {
    const std::size_t one = writer.begin(ber::kSequence);
    writer.octets(control.oid);
    // RFC 4511 5.1: what has its default value is left out.
    if (control.critical) writer.boolean(true);
    if (control.value) writer.octets(*control.value);
    writer.end(one);
  }
  writer.end(mark);
}

void write(std::string& out, const Reply& reply) {
  Writer writer(out);
  const std::size_t message = writer.begin(ber::kSequence);
  writer.integer(reply.id);
  const std::size_t mark = writer.begin(ber::application_constructed(static_cast<unsigned>(reply.answer)));
  write_outcome(writer, reply.outcome);
  if (reply.sasl) writer.octets(*reply.sasl, ber::context(7));
  if (!reply.oid.empty()) writer.octets(reply.oid, ber::context(10));
  if (reply.value) writer.octets(*reply.value, ber::context(11));
  writer.end(mark);
  append_controls(out, reply.controls);
  writer.end(message);
}

// Lengths are known beforehand: most of what the server writes is written here, and nothing is moved.
void write_entry(std::string& out, std::int32_t id, std::string_view dn, std::string_view attributes,
                 std::string_view encoded_controls) {
  const std::size_t name = ber::head_octets(dn.size()) + dn.size();
  const std::size_t list = ber::head_octets(attributes.size()) + attributes.size();
  const std::size_t entry = name + list;
  std::string number;
  Writer(number).integer(id);
  const std::size_t whole = number.size() + ber::head_octets(entry) + entry + encoded_controls.size();
  out.reserve(out.size() + ber::head_octets(whole) + whole);
  ber::append_head(out, ber::kSequence, whole);
  out += number;
  ber::append_head(out, ber::application_constructed(4), entry);
  ber::append_head(out, ber::kOctetString, dn.size());
  out += dn;
  ber::append_head(out, ber::kSequence, attributes.size());
  out += attributes;
  out += encoded_controls;
}

void write_intermediate(std::string& out, std::int32_t id, std::string_view oid, std::string_view value) {
  Writer writer(out);
  const std::size_t message = writer.begin(ber::kSequence);
  writer.integer(id);
  const std::size_t mark = writer.begin(ber::application_constructed(25));
  writer.octets(oid, ber::context(0));
  writer.octets(value, ber::context(1));
  writer.end(mark);
  writer.end(message);
}

void write(std::string& out, std::int32_t id, const Request& request, const std::vector<Control>& controls) {
  Writer writer(out);
  const std::size_t message = writer.begin(ber::kSequence);
  writer.integer(id);
  std::visit(Overloaded{[&](const UnbindRequest&) { writer.octets("", ber::application(2)); },
                        [&](const DeleteRequest& r) { writer.octets(r.name, ber::application(10)); },
                        [&](const AbandonRequest& r) { writer.integer(r.message, ber::application(16)); },
                        [&](const SearchRequest& r) { write_request(writer, r, out); },
                        [&](const auto& r) { write_request(writer, r); }},
             request);
  append_controls(out, controls);
  writer.end(message);
}

}  // namespace gatepost::ldap

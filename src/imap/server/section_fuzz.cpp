#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "imap/protocol/command.hpp"
#include "imap/protocol/fetch_response.hpp"
#include "imap/server/section.hpp"
#include "imap/server/structure_writer.hpp"
#include "reading/html_text.hpp"

namespace {

using namespace gatepost;
using namespace gatepost::imap;
using namespace gatepost::imap::server;

std::string filtered(std::string_view block, const Section& section, std::size_t chunk) {
  FieldFilter filter = filter_of(section);
  std::string out;
  for (std::size_t at = 0; at < block.size(); at += chunk) filter.append(block.substr(at, chunk), out);
  filter.finish(out);
  return out;
}

void check_section(std::string_view message, const mime::Structure& structure, const Section& section) {
  const auto place = find_section(structure, section);
  if (!place) return;
  GP_ASSERT(place->range.begin <= place->range.end && place->range.end <= message.size());
  if (section.text != Section::Text::header_fields && section.text != Section::Text::header_fields_not) return;
  const std::string_view block = message.substr(place->range.begin, place->range.octets());
  const std::string whole = filtered(block, section, block.size() + 1);
  GP_ASSERT(whole.size() <= block.size() && whole == filtered(block, section, 3));
}

// Brackets outside strings are in pairs, so that nothing is left open for what follows.
void check_nesting(std::string_view text) {
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      for (++i; text[i] != '"'; ++i) i += text[i] == '\\' ? 1 : 0;
    } else if (text[i] == '{') {
      std::size_t octets = 0;
      for (++i; text[i] != '}'; ++i) octets = octets * 10 + static_cast<std::size_t>(text[i] - '0');
      i += 2 + octets;
    } else {
      open += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    }
    GP_ASSERT(i < text.size() && open >= 0);
  }
  GP_ASSERT(open == 0);
}

}  // namespace

// The first line is what stands in "BODY[...]"; the rest is a message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), size);
  const std::string_view message = input.substr(std::min(end + 1, size));
  const mime::Structure structure = mime::scan(message);

  const auto command = parse_command("A FETCH 1 BODY[" + std::string(input.substr(0, end)) + "]");
  if (command) {
    for (const FetchSection& s : std::get<Fetch>(command->body).items.sections)
      check_section(message, structure, s.section);
  }
  StructureWriter writer;
  for (const bool utf8 : {false, true}) {
    std::string out;
    FetchWriter fetch(out, 1, utf8);
    writer.envelope(fetch, structure);
    fetch.body_structure(true);
    writer.structure(out, structure, true, utf8);
    fetch.body_structure(false);
    writer.structure(out, structure, false, utf8);
    fetch.finish();
    check_nesting(out);
  }
  reading::HtmlText html;
  std::string whole, cut;
  html.append(message, whole);
  html.finish(whole);
  for (const char c : message) html.append(std::string_view(&c, 1), cut);
  html.finish(cut);
  GP_ASSERT(whole == cut);
  return 0;
}

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/command.hpp"
#include "imap/server/index_text.hpp"
#include "imap/server/search_match.hpp"
#include "imap/server/search_program.hpp"
#include "imap/server/test_account.hpp"
#include "mime/summary.hpp"
#include "reading/message_reader.hpp"
#include "reading/preview.hpp"
#include "search/builder.hpp"
#include "search/query.hpp"

namespace {

using namespace gatepost;
using namespace gatepost::imap;
using namespace gatepost::imap::server;

std::string whole(SectionReader reader) {
  std::string out;
  for (bool more = true; more;) more = reader.next(out).value();
  return out;
}

// Measured and windowed, a section is the same as cut out of its whole.
void check_part(MessageReader& reader, const mime::Part& part) {
  const SectionReader section(reader, {part.body_begin, part.body_end},
                              mime::TransferDecoder(mime::transfer_encoding(part.encoding)));
  const std::string all = whole(section);
  const Partial partial{all.size() / 3, 1 + all.size() / 2};
  const Measure size = measure(section, partial).value();
  GP_ASSERT(size.octets == all.size() && size.wanted == clip(all.size(), partial));
  const std::string cut = all.substr(size.wanted.begin, size.wanted.octets());
  GP_ASSERT(size.has_nul == (cut.find('\0') != std::string::npos));
  Window window(size.wanted);
  std::string passed;
  for (std::size_t at = 0; at < all.size(); at += 7) passed += window.pass(std::string_view(all).substr(at, 7));
  GP_ASSERT(passed == cut);
}

// What an index of this message alone knows.
search::Answers index_of(const account::Item& item, account::Account& account, const account::Row& row,
                         const SearchProgram& program) {
  search::SegmentBuilder builder;
  builder.begin(static_cast<std::uint64_t>(row.item), search::item_check(row.octets, 0));
  (void)IndexText().read(account, item, builder).value();
  builder.end_text();
  std::map<std::uint32_t, std::string> blocks;
  (void)builder
      .write([&](std::uint32_t number, std::string_view block) -> Result<> {
        blocks[number] = block;
        return {};
      })
      .value();
  search::Gatherer gatherer(program.queries(), 1);
  gatherer.ask([&](std::uint32_t number) -> Result<std::string> { return blocks.at(number); }, 1).value();
  return gatherer.finish();
}

// A search finds the same with and without a summary or an index, and NOT finds the opposite.
void check_search(std::string_view keys, account::Account& account, const account::Row& row,
                  const account::Item& item) {
  const Selected view(std::shared_ptr<account::Account>(std::shared_ptr<void>(), &account),
                      {.uids = std::make_shared<const NumberSet>(NumberSet::of(1, 3))}, true);
  const auto matches = [&](const std::string& text, const account::Item& in) -> std::optional<bool> {
    const auto command = parse_command(text);
    if (!command) return std::nullopt;
    const auto program = SearchProgram::make(std::get<Search>(command->body), view, {"a", "b"}, TimePoint());
    if (!program) return std::nullopt;
    const auto bounds = program->bounds(view);
    SearchMatch match(*program, account, view, nullptr);
    const bool found = match.by_message(row, in).value();
    search::Answers answers = index_of(in, account, row, *program);
    SearchMatch indexed(*program, account, view, &answers);
    GP_ASSERT(indexed.by_message(row, in).value() == found);
    GP_ASSERT(match.by_message(row, in).value() == found);
    GP_ASSERT(!bounds.certain.contains(row.uid) || found);
    GP_ASSERT(bounds.possible.contains(row.uid) || !found);
    return found;
  };
  const std::string text(keys);
  const auto found = matches("A SEARCH " + text, item);
  if (!found) return;
  GP_ASSERT(matches("A SEARCH " + text, {item.body, ""}) == found);
  const auto opposite = matches("A SEARCH NOT (" + text + ")", item);
  GP_ASSERT(!opposite || *opposite != *found);
}

}  // namespace

// The first line are the keys of a search; the rest is a message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), size);
  const std::string_view message = input.substr(std::min(end + 1, size));
  test::BodyAccount account(message);
  const account::Item item{account.body(), mime::encode(mime::scan(message))};
  account::Row row{.uid = 2, .item = account::ItemId{2}, .modseq = 5, .octets = message.size()};
  row.flags = {account::flag::kSeen, {1}};

  MessageReader reader(account);
  reader.open(item.body);
  const mime::Structure structure = structure_of(reader, item.summary).value();
  GP_ASSERT(structure == structure_of(reader, "").value());
  const std::string words = reading::preview(reader, structure).value();
  GP_ASSERT(utf8::is_valid(words) && words.size() <= 200 * 4 && words.find_first_of("\r\n\t") == std::string::npos);
  for (std::size_t i = 0; i < std::min<std::size_t>(structure.parts.size(), 20); ++i)
    check_part(reader, structure.parts[i]);
  check_search(input.substr(0, end), account, row, item);
  return 0;
}

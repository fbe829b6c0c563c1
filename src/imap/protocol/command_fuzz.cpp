#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "imap/protocol/command.hpp"
#include "imap/protocol/command_append.hpp"
#include "imap/protocol/imap_url.hpp"
#include "imap/protocol/receiver.hpp"
#include "imap/protocol/test_support.hpp"

namespace {

using namespace gatepost::imap;
using Kind = Receiver::Kind;

// Parse, write, parse again: the same command.
void check_command(std::string_view text, const ParseOptions& options) {
  const auto first = parse_command(text, options);
  if (!first) {
    GP_ASSERT(!first.error().detail.empty() && first.error().tag == tag_of(text));
    return;
  }
  GP_ASSERT(verb(first->body) == verb_of(text));
  const std::string written = test::write(*first, options.utf8);
  const auto second = parse_command(written, options);
  GP_ASSERT(second && *second == *first);
  if (const auto* fetch = std::get_if<Fetch>(&first->body)) {
    const auto numbers = fetch->set.resolve(1000);
    GP_ASSERT(fetch->set.is_saved() || SequenceSet::of(numbers).resolve(0) == numbers);
  }
  const auto* search = std::get_if<Search>(&first->body);
  if (const auto* sort = std::get_if<Sort>(&first->body)) search = &sort->search;
  if (const auto* thread = std::get_if<Thread>(&first->body)) search = &thread->search;
  if (const auto* many = std::get_if<Esearch>(&first->body)) search = &many->search;
  if (search != nullptr) {
    GP_ASSERT(search->keys.size() > 1 && search->keys[0].end == search->keys.size());
    for (std::size_t i = 0; i < search->keys.size(); ++i) {
      GP_ASSERT(search->keys[i].end > i && search->keys[i].end <= search->keys.size());
    }
  }
}

// What a session does with a conversation's input.
class Conversation {
 public:
  explicit Conversation(const ParseOptions& options) : options_(options) {}
  void run(std::string_view input) {
    while (true) {
      const Receiver::Item item = receiver_.next(input);
      input.remove_prefix(item.consumed);
      if (item.kind == Kind::need_more) return;
      if (item.kind == Kind::literal_header) literal_header(item);
      if (item.kind == Kind::command) command(item);
      if (item.kind == Kind::too_long || item.kind == Kind::has_nul) append_.reset();
    }
  }

 private:
  void literal_header(const Receiver::Item& item) {
    const Verb verb = verb_of(item.text);
    if (!append_ && (verb == Verb::append || verb == Verb::replace)) append_.emplace(options_);
    if (!append_) {
      receiver_.accept_collect();
      return;
    }
    const auto next = append_->literal_header(item.text, item.literal);
    if (!next) {
      GP_ASSERT(!next.error().detail.empty());
      append_.reset();
      receiver_.refuse();
    } else if (*next != AppendReader::Next::more) {
      receiver_.accept_stream();
    } else if (!receiver_.accept_collect()) {
      append_.reset();
    }
  }
  void command(const Receiver::Item& item) {
    if (item.continued) {
      GP_ASSERT(append_ && append_->messages() > 0);
      static_cast<void>(append_->end(item.text));
    } else {
      check_command(item.text, options_);
      AppendReader whole(options_);
      static_cast<void>(whole.whole(item.text));
      static_cast<void>(parse_message_url(item.text));
      static_cast<void>(parse_auth_url(item.text));
    }
    append_.reset();
  }

  ParseOptions options_;
  Receiver receiver_;
  std::optional<AppendReader> append_;
};

}  // namespace

// The first octet chooses the options; the rest is what a client sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t bits = data[0];
  const ParseOptions options{
      .utf8 = (bits & 1) != 0, .trailing_space = (bits & 2) == 0, .quoted_8bit = (bits & 4) == 0};
  const std::string input = std::string(reinterpret_cast<const char*>(data + 1), size - 1) + "\r\n";
  check_command(input, options);
  Conversation(options).run(input);
  return 0;
}

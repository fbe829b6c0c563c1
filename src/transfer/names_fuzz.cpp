#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "transfer/folder_names.hpp"
#include "transfer/marks.hpp"
#include "transfer/stream.hpp"
#include "transfer/uid_list.hpp"

// Names of files and the small files beside a Maildir: nothing leads out of a directory, and what was read is written
// the same. Also the heads of messages on the pipe.
using namespace gatepost;
using namespace gatepost::transfer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string path = clean_path(text);
  GP_ASSERT(!path.empty() && utf8::is_valid(path) && clean_path(path) == path);
  const std::string name = directory_name(path.substr(0, path.find('/')));
  GP_ASSERT(!name.starts_with('.') && name.find('/') == std::string::npos);
  GP_ASSERT(name_of_directory(name) == path.substr(0, path.find('/')));
  const std::string maildir = maildir_name(path);
  GP_ASSERT(path == "INBOX" ? maildir.empty() : path_of_maildir(maildir) == path);
  GP_ASSERT(maildir.find('/') == std::string::npos && maildir != "." && maildir != "..");
  (void)path_of_maildir(text);

  const KeywordLetters letters = parse_keyword_letters(text);
  GP_ASSERT(letters.size() <= kKeywordLetters);
  GP_ASSERT(parse_keyword_letters(format_keyword_letters(letters)) == letters);
  (void)marks_of(text, letters);

  std::uint32_t last = 0;
  for (const UidList::Entry& e : parse_uid_list(text).entries) {
    GP_ASSERT(e.uid > last && !e.name.empty() && e.name.find('\n') == std::string::npos);
    last = e.uid;
  }
  if (const auto head = decode_head(text)) GP_ASSERT(*decode_head(encode_head(*head)) == *head);
  return 0;
}

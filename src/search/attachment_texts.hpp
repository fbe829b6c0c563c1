#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "account/types.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"

namespace gatepost::store {
class Store;
}

namespace gatepost::search {

// What was found in attachments, one file for all accounts (docs/formats/search.md): bodies are stored once for many
// recipients, and the same attachment comes in many messages. Derived: damage of any kind means that it is made again,
// empty. Thread-safe; blocks on the disk.
class AttachmentTexts {
 public:
  struct Content {
    bool failed = false;        // it could not be read; asking again makes sense when `version` is another one
    std::uint32_t version = 0;  // of what converted it
    std::string text;           // UTF-8; empty: it has none
  };

  // The file is made when it is first needed and missing.
  explicit AttachmentTexts(std::filesystem::path path);
  ~AttachmentTexts();

  // Of all attachments of a message that have some, as far as they were converted. Never fails: what cannot be read is
  // not known.
  std::vector<std::string> texts_of(const account::Body& body) const;

  Result<std::optional<Content>> of_part(const account::Body& body, std::uint32_t part);  // mime::Structure::parts
  Result<std::optional<Content>> of_octets(const Sha256Value& octets);                    // names what was converted
  Result<> put(const account::Body& body, std::uint32_t part, const Sha256Value& octets, const Content& content);

  // Forgets those of messages that the store does not have any more. How many.
  Result<std::uint64_t> sweep(store::Store& store, std::stop_token stop);
  // Attachments that are known, and those of them that could not be read.
  struct Totals {
    std::uint64_t contents = 0, failed = 0, octets = 0;
  };
  Result<Totals> totals();

 private:
  struct Database;
  Result<> open_file() const;
  // Runs it, and when the file turns out to be damaged, begins a new one.
  template <class F>
  auto with(F run) const -> decltype(run(std::declval<Database&>()));

  const std::filesystem::path path_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::unique_ptr<Database> database_;
};

}  // namespace gatepost::search

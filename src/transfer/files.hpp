#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "transfer/mbox.hpp"
#include "transfer/message.hpp"
#include "transfer/pop3_names.hpp"

// Messages in files of other programs. Symbolic links are not followed: who runs this may read more than the owner of
// the files.
namespace gatepost::transfer {

enum class Format : std::uint8_t {
  maildir,  // Maildir++ (".Sent.2026") or directories within directories; flags in names, keywords in dovecot-keywords
  eml,      // a file for each message, "*.eml", folders as directories; flags in names as in a Maildir
  mboxrd,
  mboxo,  // a file for each folder, or one file
};

// Told of what cannot be read and is passed over.
using Problem = std::function<void(const std::filesystem::path& where, const std::string& what)>;

// Reads all there is at `from`, a directory or for mbox also a file; `folder`: where messages go that lie at the top,
// or that are in the one file. Errc::not_found, denied.
Result<std::unique_ptr<Source>> open_files(Format format, const std::filesystem::path& from, const std::string& folder,
                                           Problem problem, Pop3Names names = {});

// Writes into the directory `to`, which is made when it is missing. What is there already by the name a message gets
// (Message::id) is left alone, so that a second run adds nothing twice; mbox files are written anew and replaced at the
// end.
Result<std::unique_ptr<Sink>> create_files(Format format, const std::filesystem::path& to);

}  // namespace gatepost::transfer

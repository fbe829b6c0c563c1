#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "transfer/mbox.hpp"
#include "transfer/zip_writer.hpp"

namespace gatepost::transfer {

// All messages of an account as one ZIP archive, piece by piece in bounded memory: "mail/Projects/2026.mbox" and so on
// for each folder that has messages, in mboxrd. What is removed or comes while it is written may be in it or not. What
// cannot be read is left out, and named in a file of its own at the end. One thread at a time; blocks.
class Archive {
 public:
  struct File {
    std::string name;  // in the archive; not below "mail/"
    std::string content;
  };
  // `first`: what else is in it, before the mail. Borrows the account.
  Archive(account::Account& account, std::vector<File> first, TimePoint now);
  ~Archive();

  // Appends the next piece, some 64 KiB. False: it was the last. Errors of the account; then nothing can go on.
  Result<bool> next(std::string& out);

 private:
  void add(const File& file, std::string& out);
  Result<> begin_message(const Message& message, std::string& out);
  std::string name_for(const std::string& folder);

  account::Account& account_;
  std::vector<File> first_;
  const TimePoint now_;
  std::unique_ptr<Source> source_;
  ZipWriter zip_;
  MboxWriter mbox_{MboxQuoting::mboxrd};
  std::set<std::string> names_;
  std::string folder_;      // whose file is being written
  bool in_folder_ = false;  // there is one
  bool in_message_ = false;
  std::string left_out_;
};

}  // namespace gatepost::transfer

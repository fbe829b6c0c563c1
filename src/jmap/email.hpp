#pragma once

#include "jmap/email_parts.hpp"
#include "jmap/standard.hpp"

// Emails (RFC 8621 4). An email is a message and its copies in the account, each in a mailbox.
namespace gatepost::jmap {

Answer email_get(Call& call);
Answer email_changes(Call& call);
Answer email_query(Call& call);
Answer email_query_changes(Call& call);
Answer email_set(Call& call);
Answer email_copy(Call& call);
Answer email_import(Call& call);
Answer email_parse(Call& call);
Answer search_snippet_get(Call& call);
Answer thread_get(Call& call);
Answer thread_changes(Call& call);

// What is asked for of emails, beside their ids.
struct EmailProperties {
  std::vector<std::string> names;
  PartProperties parts;
  bool text_values = false, html_values = false, all_values = false;
  std::uint64_t max_value_octets = 0;
  // Adds the arguments that Email/get and Email/parse have in common. `parse`: without those that only stored messages
  // have.
  static Outcome<EmailProperties> read(Arguments& arguments, const std::optional<std::vector<std::string>>& properties,
                                       bool parse);
  bool has(std::string_view name) const;
  bool needs_message() const;  // more than a row tells
};

// Octets of text values that one response may have; what is beyond is cut.
inline constexpr std::uint64_t kValueBudget = 32 << 20;

// What is in a message alone, put into `out`. Blocks.
Result<> describe_message(reading::MessageReader& reader, const mime::Structure& structure, const std::string& blob,
                          const EmailProperties& properties, std::uint64_t& budget, json::object& out);

// keywords <-> flags (RFC 8621 4.1.1). Names of the account by id.
json::object keywords_of(const account::Flags& flags, const std::vector<std::string>& names);
struct FlagWish {
  std::uint8_t system = 0;
  std::vector<std::string> keywords;
};
inline constexpr std::size_t kMaxKeywordsOfEmail = 128;
inline constexpr std::size_t kMaxMailboxesOfEmail = 100;  // that JMAP puts it into
// Null: none. Errors: invalidProperties, tooManyKeywords.
Outcome<FlagWish> read_keywords(const json::value& value);
bool is_keyword(std::string_view name);

// An email that the user may see: its messages without \Deleted (RFC 8621 4.1.1) in folders that he may see, at least
// one, the first one first.
struct Found {
  struct Message {
    account::Folder folder;
    account::Row row;
  };
  std::vector<Message> messages;
  account::Flags flags;  // what one of them has

  account::ItemId id() const { return row().email; }
  const account::Row& row() const { return messages.front().row; }  // what they have in common is in any
  const Message* in(std::string_view path) const;                   // null: it is not in that folder
};
// What one of the two has.
account::Flags together(const account::Flags& a, const account::Flags& b);
json::object mailboxes_of(const Access& access, const Found& email);  // as in mailboxIds
bool is_email_property(std::string_view name);
// The properties of an email as Email/get tells them, with its id. Blocks. Errors: of objects.
Outcome<json::object> email_object(Context& context, const Access& access, const Found& email,
                                   const std::vector<std::string>& properties);

// The beginning of the message that `reader` has open, where its header is. Lives as reader.view(). Blocks.
Result<std::string_view> head_of(reading::MessageReader& reader);
// Whether it begins with a header field: what does not is no message (RFC 5322 2.1). Blocks.
Result<bool> has_fields(reading::MessageReader& reader);
// The property "snoozed" (docs/jmap.md); null: it is not put off. From memory.
json::value snoozed_of(const Context& context, const Access& access, const Found& email);
// In the order of `ids`; nullopt: there is none, or not for him. Blocks.
Result<std::vector<std::optional<Found>>> find_emails(const Access& access, const std::vector<std::string>& ids);

}  // namespace gatepost::jmap

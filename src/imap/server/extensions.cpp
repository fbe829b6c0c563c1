#include "imap/server/extensions.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "imap/server/commands.hpp"

namespace gatepost::imap::server {
namespace {

struct Document {
  std::string_view capability, document;
  std::string_view test;  // a transcript's name, or the file of a unit test; "" while there is none
};

// By capability. A row may be here before the command table announces it; only what is announced gets into the page.
constexpr Document kDocuments[] = {
    {"ACL", "RFC 4314", "acl, sharing, imap/server/access_test.cpp"},
    {"BINARY", "RFC 3516", "fetch_binary"},
    {"CATENATE", "RFC 4469", "catenate"},
    {"CHILDREN", "RFC 3348", "list_options"},
    {"COMPRESS=DEFLATE", "RFC 4978",
     "compress_refused, runtime/deflate_stream_test.cpp, clients/test_imap_compress.py"},
    {"CONDSTORE", "RFC 7162", "condstore"},
    {"CONTEXT=SEARCH", "RFC 5267", "context_updates"},
    {"CONTEXT=SORT", "RFC 5267", "context_updates"},
    {"CREATE-SPECIAL-USE", "RFC 6154", "folders_refused"},
    {"ENABLE", "RFC 5161", "small_commands"},
    {"ESEARCH", "RFC 4731", "search_return"},
    {"ESORT", "RFC 5267", "sort_and_thread"},
    {"FILTERS", "RFC 5466", "filters"},
    {"I18NLEVEL=1", "RFC 5255", "i18n"},
    {"I18NLEVEL=2", "RFC 5255", "comparator, imap/server/collation_test.cpp"},
    {"ID", "RFC 2971", "client_switch, small_commands"},
    {"IDLE", "RFC 2177", "idle_tells_of_new_mail, idle_pipelined, idle_and_stopping"},
    {"IMAP4rev1", "RFC 3501", "greeting_and_capability"},
    {"IMAP4rev2", "RFC 9051", "small_commands"},
    {"INPROGRESS", "RFC 9585", "imap/server/message_limit_test.cpp"},
    {"JMAPACCESS", "RFC 9698", "jmap_access, clients/test_jmap_access.py"},
    {"LANGUAGE", "RFC 5255", "language"},
    {"LIST-EXTENDED", "RFC 5258", "list_options"},
    {"LIST-METADATA", "RFC 9590", "metadata"},
    {"LIST-MYRIGHTS", "RFC 8440", "acl"},
    {"LIST-STATUS", "RFC 5819", "list_options"},
    {"LITERAL+", "RFC 7888", "oversized, pipelined_commands"},
    {"LITERAL-", "RFC 7888", "small_literals"},
    {"METADATA", "RFC 5464", "metadata, imap/server/cmd_metadata_test.cpp"},
    {"METADATA-SERVER", "RFC 5464", "metadata"},
    {"MOVE", "RFC 6851", "copy_and_move"},
    {"MULTIAPPEND", "RFC 3502", "append_multi"},
    {"MULTISEARCH", "RFC 7377", "esearch_many_mailboxes"},
    {"NAMESPACE", "RFC 2342", "small_commands"},
    {"NOTIFY", "RFC 5465", "notify, imap/server/cmd_notify_test.cpp, imap/server/notify_others_test.cpp"},
    {"OBJECTID", "RFC 8474", "status_items, imap/server/cmd_fetch_test.cpp"},
    {"PARTIAL", "RFC 9394", "sort_and_thread"},
    {"PREVIEW", "RFC 8970", "preview, imap/server/cmd_fetch_test.cpp"},
    {"QRESYNC", "RFC 7162", "qresync"},
    {"QUOTA", "RFC 9208", "quota"},
    {"QUOTA=RES-MESSAGE", "RFC 9208", "quota_messages"},
    {"QUOTA=RES-STORAGE", "RFC 9208", "quota"},
    {"QUOTASET", "RFC 9208", "quota, imap/server/cmd_quota_test.cpp"},
    {"REPLACE", "RFC 8508", "replace"},
    {"RIGHTS=texk", "RFC 4314", "acl"},
    {"SASL-IR", "RFC 4959", "authenticate"},
    {"SAVEDATE", "RFC 8514", "imap/server/cmd_search_test.cpp"},
    {"SEARCH=FUZZY", "RFC 6203", "fuzzy, imap/server/search_index_test.cpp"},
    {"SEARCHRES", "RFC 5182", "search_return"},
    {"SORT", "RFC 5256", "sort_and_thread"},
    {"SORT=DISPLAY", "RFC 5957", "sort_and_thread"},
    {"SPECIAL-USE", "RFC 6154", "list_options"},
    {"STATUS=SIZE", "RFC 8438", "status_items"},
    {"THREAD=ORDEREDSUBJECT", "RFC 5256", "sort_and_thread"},
    {"THREAD=REFERENCES", "RFC 5256", "sort_and_thread"},
    {"THREAD=REFS", "draft-ietf-morg-inthread", "sort_and_thread"},
    {"UIDBATCHES", "RFC 10022", "uidbatches"},
    {"UIDONLY", "RFC 9586", "uidonly"},
    {"UIDPLUS", "RFC 4315", "append_fetch_store_expunge, copy_and_move"},
    {"UNAUTHENTICATE", "RFC 8437", "unauthenticate"},
    {"UNSELECT", "RFC 3691", "small_commands"},
    {"URL-PARTIAL", "RFC 5550", "urlauth, imap/server/cmd_urlauth_test.cpp"},
    {"URLAUTH", "RFC 4467", "urlauth, imap/server/cmd_urlauth_test.cpp"},
    {"URLAUTH=BINARY", "RFC 5524", "urlauth, imap/server/cmd_urlauth_test.cpp"},
    {"UTF8=ACCEPT", "RFC 9755", "append_multi, mailbox_names"},
    {"WITHIN", "RFC 5032", "imap/server/cmd_search_test.cpp"},
};

const Document* document_of(std::string_view capability) {
  const auto* const found = std::ranges::find(kDocuments, capability, &Document::capability);
  return found == std::end(kDocuments) ? nullptr : found;
}

struct Announced {
  std::string_view capability, command;
};

std::vector<Announced> all_announced() {
  std::vector<Announced> out;
  for (const Row& row : commands()) {
    std::string_view words = row.capabilities;
    while (!words.empty()) {
      const std::size_t space = words.find(' ');
      out.push_back({words.substr(0, space), to_string(row.verb)});
      words = space == std::string_view::npos ? std::string_view() : words.substr(space + 1);
    }
  }
  std::ranges::sort(out, {}, &Announced::capability);
  return out;
}

constexpr std::string_view kIntroduction = R"(# IMAP: what is announced, and what proves it

The list a client gets is made from the table of commands (`src/imap/server/commands.cpp`) and the state of its session: a word is there
when the command that serves it may be used. Beside these: `STARTTLS`, `LOGINDISABLED` and `AUTH=...` by what the listener and `[auth]` allow,
and `APPENDLIMIT=` (RFC 7889) and `MESSAGELIMIT=` (RFC 9738, `message_limit` in configuration.md) with the limits themselves. `LITERAL-` takes the place of `LITERAL+` when `[imap] small_literals` says so. Words can
be hidden from single programs (`[[imap.client]]` in configuration.md).

A test without a path is a transcript in `test/transcripts/imap/`; the others lie below `src/` or `test/`. This page is made by `gatepost config imap`.

| Capability | Document | Command | Tests |
|---|---|---|---|
)";

}  // namespace

std::string extensions_page() {
  std::string out(kIntroduction);
  for (const Announced& one : all_announced()) {
    const Document* const document = document_of(one.capability);
    if (document == nullptr) continue;
    out += fmt::format("| `{}` | {} | {} | {} |\n", one.capability, document->document, one.command, document->test);
  }
  return out;
}

std::vector<std::string_view> undocumented_capabilities() {
  std::vector<std::string_view> out;
  for (const Announced& one : all_announced()) {
    if (document_of(one.capability) == nullptr) out.push_back(one.capability);
  }
  return out;
}

}  // namespace gatepost::imap::server

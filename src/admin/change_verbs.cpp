#include <charconv>
#include <optional>

#include "admin/journal.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "store/store.hpp"

namespace gatepost::admin {
namespace {

constexpr std::uint64_t kListedChanges = 200, kMostListed = 1'000;

std::optional<std::uint64_t> count_option(const Request& request, std::string_view name, std::uint64_t otherwise) {
  if (!request.has(name)) return otherwise;
  const std::string text = request.option(name);
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

Reply changes_list(Services& services, const Request& request, std::stop_token) {
  const auto most = count_option(request, "most", kListedChanges), before = count_option(request, "before", 0);
  if (!most || *most < 1 || *most > kMostListed) return usage("--most wants a number from 1 to 1000");
  if (!before) return usage("--before wants the number of a change");
  const auto found = changes(services.store.keys(), *before, *most, request.option("about"));
  if (!found) return failure(found.error(), "changes");
  Table table({"number", "at", "who", "from", "verb", "what", "detail", "done"});
  for (const Change& c : *found) {
    table.row().number(c.number).text(date::format_rfc3339(c.at)).text(c.who).text(c.from).text(c.verb).text(c.what);
    table.text(c.detail).boolean(c.done);
  }
  return table.reply("Nothing of that kind was changed.");
}

}  // namespace

std::vector<Verb> change_verbs() {
  return {{"changes list", "Who changed what, the latest first.", false, changes_list}};
}

}  // namespace gatepost::admin

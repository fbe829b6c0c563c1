#pragma once

// Tests and fuzzers only.

#include <string>
#include <string_view>

#include "account/object_ids.hpp"
#include "jmap/json.hpp"
#include "jmap/server.hpp"
#include "mailflow/test_support.hpp"
#include "mime/summary.hpp"

namespace gatepost::jmap {

inline constexpr std::string_view kAnna = mailflow::kAnna, kBert = mailflow::kBert;

// JMAP with all it needs, in memory, and two accounts.
struct World : mailflow::World {
  Server server{{*accounts, *directory, *reception, *queue, nullptr, clock, random, log, metrics}, {}};
  std::string user = std::string(kAnna);

  std::string id(std::string_view address = kAnna) {
    return "a" + std::to_string(static_cast<std::uint64_t>(principal(address).id));
  }
  // The API's answer to some calls: "$" in them is the account's id.
  json::value api(std::string calls) {
    for (std::size_t at = calls.find('$'); at != std::string::npos; at = calls.find('$', at + 1)) {
      if (calls.substr(at, 5) == "$seen" || calls.substr(at, 6) == "$draft" || calls.substr(at, 8) == "$flagged" ||
          calls.substr(at, 9) == "$answered") {
        continue;
      }
      calls.replace(at, 1, id());
    }
    const Reply reply = server.call(
        principal(user),
        R"({"using":["urn:ietf:params:jmap:core","urn:ietf:params:jmap:mail","urn:ietf:params:jmap:submission",)"
        R"("urn:ietf:params:jmap:quota","urn:ietf:params:jmap:vacationresponse","urn:ietf:params:jmap:blob","urn:ietf:params:jmap:principals","urn:gatepost:params:jmap:snooze","urn:gatepost:params:jmap:removed","urn:gatepost:params:jmap:forwarding","urn:ietf:params:jmap:sieve"],"methodCalls":[)" +
            calls + "]}");
    EXPECT_EQ(reply.status, 200) << reply.body;
    return *parse(reply.body);
  }
  // The arguments of the response to one call, and its name.
  json::object call(std::string_view name, std::string arguments) {
    const json::value answer = api("[\"" + std::string(name) + "\"," + std::move(arguments) + ",\"c\"]");
    last = std::string(answer.at("methodResponses").at(0).at(0).as_string());
    return answer.at("methodResponses").at(0).at(1).as_object();
  }
  std::string last;

  std::string deliver(std::string_view message, std::string_view folder = "INBOX", std::uint8_t flags = 0) {
    const auto owner = account(kAnna);
    auto writer = *accounts->new_body(message.size());
    (void)writer->append(message);
    account::NewItem item;
    item.body = *writer->finish();
    item.summary = mime::encode(mime::scan(message));
    item.system_flags = flags;
    item.received = clock.now();
    const auto to = owner->find_folder(folder)->id;
    const auto uid = owner->append(to, std::span(&item, 1))->uids.front();
    std::string name;
    (void)owner->rows(to, NumberSet::of(uid, uid), [&](const account::Row& row) {
      name = account::ObjectIds(owner->id()).email(row.item);
      return true;
    });
    return name;
  }
  std::string mailbox(std::string_view path) {
    const auto owner = account(kAnna);
    return account::ObjectIds(owner->id()).mailbox(owner->find_folder(path)->id);
  }
};

inline std::string text(const json::value& value) { return json::serialize(value); }

}  // namespace gatepost::jmap

#include <algorithm>

#include "jmap/blob_methods.hpp"
#include "jmap/email.hpp"
#include "jmap/forwarding.hpp"
#include "jmap/mailbox.hpp"
#include "jmap/mdn.hpp"
#include "jmap/principal.hpp"
#include "jmap/push.hpp"
#include "jmap/quota.hpp"
#include "jmap/removed.hpp"
#include "jmap/sieve_script.hpp"
#include "jmap/submission.hpp"
#include "jmap/vacation.hpp"

// All methods: name, the capability it belongs to, what runs it.
namespace gatepost::jmap {
namespace {

// RFC 8620 4.
Answer core_echo(Call& call) { return call.given; }

constexpr Method kMethods[] = {
    {"Core/echo", kCore, &core_echo},
    {"PushSubscription/get", kCore, &push_subscription_get},
    {"PushSubscription/set", kCore, &push_subscription_set},
    {"Mailbox/get", kMail, &mailbox_get},
    {"Mailbox/changes", kMail, &mailbox_changes},
    {"Mailbox/query", kMail, &mailbox_query},
    {"Mailbox/queryChanges", kMail, &mailbox_query_changes},
    {"Mailbox/set", kMail, &mailbox_set},
    {"Thread/get", kMail, &thread_get},
    {"Thread/changes", kMail, &thread_changes},
    {"Email/get", kMail, &email_get},
    {"Email/changes", kMail, &email_changes},
    {"Email/query", kMail, &email_query},
    {"Email/queryChanges", kMail, &email_query_changes},
    {"Email/set", kMail, &email_set},
    {"Email/copy", kMail, &email_copy},
    {"Email/import", kMail, &email_import},
    {"Email/parse", kMail, &email_parse},
    {"SearchSnippet/get", kMail, &search_snippet_get},
    {"Identity/get", kSubmission, &identity_get},
    {"Identity/changes", kSubmission, &identity_changes},
    {"Identity/set", kSubmission, &identity_set},
    {"EmailSubmission/get", kSubmission, &submission_get},
    {"EmailSubmission/changes", kSubmission, &submission_changes},
    {"EmailSubmission/query", kSubmission, &submission_query},
    {"EmailSubmission/queryChanges", kSubmission, &submission_query_changes},
    {"EmailSubmission/set", kSubmission, &submission_set},
    {"VacationResponse/get", kVacation, &vacation_get},
    {"VacationResponse/set", kVacation, &vacation_set},
    {"Forwarding/get", kForwarding, &forwarding_get},
    {"Forwarding/set", kForwarding, &forwarding_set},
    {"SieveScript/get", kSieve, &sieve_script_get},
    {"SieveScript/set", kSieve, &sieve_script_set},
    {"SieveScript/query", kSieve, &sieve_script_query},
    {"SieveScript/validate", kSieve, &sieve_script_validate},
    {"MDN/send", kMdn, &mdn_send},
    {"MDN/parse", kMdn, &mdn_parse},
    {"Blob/copy", kCore, &blob_copy},
    {"Blob/upload", kBlob, &blob_upload},
    {"Blob/get", kBlob, &blob_get},
    {"Blob/lookup", kBlob, &blob_lookup},
    {"RemovedEmail/query", kRemoved, &removed_query},
    {"RemovedEmail/get", kRemoved, &removed_get},
    {"RemovedEmail/restore", kRemoved, &removed_restore},
    {"RemovedEmail/set", kRemoved, &removed_set},
    {"Principal/get", kPrincipals, &principal_get},
    {"Principal/changes", kPrincipals, &principal_changes},
    {"Principal/set", kPrincipals, &principal_set},
    {"Principal/query", kPrincipals, &principal_query},
    {"Principal/queryChanges", kPrincipals, &principal_query_changes},
    {"ShareNotification/get", kPrincipals, &share_notification_get},
    {"ShareNotification/changes", kPrincipals, &share_notification_changes},
    {"ShareNotification/set", kPrincipals, &share_notification_set},
    {"ShareNotification/query", kPrincipals, &share_notification_query},
    {"ShareNotification/queryChanges", kPrincipals, &share_notification_query_changes},
    {"Quota/get", kQuota, &quota_get},
    {"Quota/changes", kQuota, &quota_changes},
    {"Quota/query", kQuota, &quota_query},
    {"Quota/queryChanges", kQuota, &quota_query_changes},
};

}  // namespace

const Method* find_method(std::string_view name) {
  const auto* found = std::ranges::find(kMethods, name, &Method::name);
  return found == std::end(kMethods) ? nullptr : found;
}

}  // namespace gatepost::jmap

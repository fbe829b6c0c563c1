#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::directory::event {

inline constexpr Event kSignedIn{"sign_in.accepted", Level::info, "Somebody signed in.",
                                 "`name` is the account, `service` the protocol, `remote` the address.", "Nothing."};
inline constexpr Event kFailed{
    "sign_in.failed", Level::notice, "A sign-in failed: wrong name or password.",
    "`name` is what was given. `counted` is how many distinct wrong passwords of this name and address are held "
    "against "
    "them now; the same wrong one again is not counted.",
    "Many of them from many addresses: somebody is guessing. From one device: it has an old password."};
inline constexpr Event kDisabled{"sign_in.disabled", Level::notice, "The password was right, but may not be used.",
                                 "`detail` says why: the account is disabled, or the app password is blocked, has "
                                 "expired, is not for this service or not from this address.",
                                 "`gatepost account enable` or `gatepost app-password set`, if it should work."};
inline constexpr Event kAppPasswordNeeded{
    "sign_in.app_password_needed", Level::notice, "The main password was right, but is not taken here.",
    "`name` has a second factor, or has to have one, and `service` cannot ask for a code.",
    "Give the program an app password: Settings of the webmail, or `gatepost app-password add`."};
inline constexpr Event kPasswordExpired{"sign_in.password_expired", Level::notice,
                                        "The main password was right, and has to be replaced first.",
                                        "`detail` says why: it is older than `[auth] password_max_age`, or somebody "
                                        "else has set it. It counts for no limit.",
                                        "Nothing: `name` changes it at the sign-in page of the webmail. For a program "
                                        "that cannot be told: an app password, "
                                        "or `gatepost account set NAME password-never-expires=yes`."};
inline constexpr Event kWrongCode{
    "sign_in.wrong_code", Level::notice, "The password was right, the code of the second factor was not.",
    "A code of another time, one that was used already, or a guess; it counts as a wrong password. With a `detail` it "
    "was not looked at, for there were too many wrong ones.",
    "Once: nothing. Often: the clock of the phone is wrong, or somebody knows the password of `name`: change it."};
inline constexpr Event kRecoveryCode{
    "sign_in.recovery_code", Level::notice, "Somebody signed in by a recovery code.",
    "`name` did not have the phone that shows the codes. `left` of the recovery codes are not used yet.",
    "Ask the person whether it was him; `gatepost account totp NAME --disable` lets him set up another phone."};
inline constexpr Event kOutdated{
    "sign_in.outdated", Level::notice, "A device tried a password that was replaced.",
    "It proved by SCRAM to know the account's former password. That is no guess, and no limit counts it.",
    "Give the device `name` signs in with from `remote` the new password."};
inline constexpr Event kTokenRefused{
    "sign_in.token_refused", Level::notice, "A bearer token did not let in.",
    "`detail` says why; `name` is whom it is of, or whom the client named. A token that nobody gave out is also "
    "counted "
    "as a wrong password (`sign_in.failed`).",
    "When it is one of your people: compare `detail` with [[oauth.provider]] and with what the provider puts into its "
    "tokens."};
inline constexpr Event kCertificateRefused{
    "sign_in.certificate_refused", Level::notice, "A client's certificate did not let in.",
    "It is good, but `detail` says why it is of nobody. `name` is the first mail address in it.",
    "Issue a certificate with the account's address as rfc822Name or user principal name."};
inline constexpr Event kTokenEnded{"sign_in.token_ended", Level::info,
                                   "A session ended with the token or the certificate it began by.",
                                   "The program signs in again with a new one.", "Nothing."};
inline constexpr Event kRefused{"sign_in.refused", Level::info, "A sign-in was refused without a look at the password.",
                                "The address, or the address with this name, is banned until `until`.",
                                "Nothing; `gatepost ban lift` if it is one of yours."};
inline constexpr Event kBanned{
    "sign_in.banned", Level::warning, "An address may not sign in for a time.",
    "`reason` says why, `until` how long. With an empty `name` it may not sign in to any account.",
    "Nothing; `gatepost ban lift` if it is one of yours, and see [sign_in] in the configuration."};
inline constexpr Event kBroken{"sign_in.broken", Level::info, "A sign-in broke the rules of its mechanism.",
                               "`detail` has the rule. No password was tried.",
                               "Nothing, unless it is a client of yours."};
inline constexpr Event kUnchecked{
    "sign_in.unchecked", Level::error, "A sign-in could not be checked.",
    "`code` and `detail` say why; unavailable: too many sign-ins at once, no memory, or an "
    "outside directory does not answer.",
    "Look at memory and load; raise the number of parallel hashes when there is room. "
    "`gatepost directory status` shows outside directories."};
inline constexpr Event kTooManySessions{
    "sign_in.too_many_sessions", Level::notice, "A sign-in was refused: the account has its maximum of sessions.",
    "`sessions` of this service are open.", "Raise the limit when its owner has that many devices."};
inline constexpr Event kRevoked{"sign_in.revoked", Level::notice, "Sessions were ended by an administrator's change.",
                                "The account was disabled or deleted, or a password of it was changed.", "Nothing."};

inline constexpr Event kTicketRefused{
    "sign_in.ticket_refused", Level::notice, "A Kerberos ticket was good, and let nobody in.",
    "`name` is whose ticket it is, `detail` says why: of no realm of [[kerberos.realm]], of nobody who has an account, "
    "or not of the account that was asked for.",
    "`gatepost directory test NAME` shows whether a directory has this person; [[kerberos.realm]] says which names of "
    "a realm are whose."};

inline constexpr std::array kAll{kSignedIn,     kFailed,        kDisabled,           kOutdated,          kRefused,
                                 kBanned,       kBroken,        kUnchecked,          kTooManySessions,   kRevoked,
                                 kTokenRefused, kTokenEnded,    kCertificateRefused, kAppPasswordNeeded, kWrongCode,
                                 kRecoveryCode, kTicketRefused, kPasswordExpired};

}  // namespace gatepost::directory::event

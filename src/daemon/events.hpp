#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::daemon::event {

inline constexpr Event kStarting{"server.starting", Level::notice, "The server is starting.", "Nothing is served yet.",
                                 "Nothing."};
inline constexpr Event kReady{"server.ready", Level::notice, "The server is ready.",
                              "Every listener accepts connections.", "Nothing."};
inline constexpr Event kListening{"server.listening", Level::info, "A listener is open.",
                                  "`reason` is the configuration's word on why.", "Nothing."};
inline constexpr Event kBindFailed{"server.bind_failed", Level::error, "A listener could not be opened.",
                                   "Another program has the port, or the address is not this machine's.",
                                   "Find who has it (ss -ltnp), or change the listener."};
inline constexpr Event kStopping{"server.stopping", Level::notice, "The server is stopping.",
                                 "It accepts nothing new; sessions are told and get some time to end.", "Nothing."};
inline constexpr Event kStopped{"server.stopped", Level::notice, "The server has stopped.",
                                "Everything acknowledged is on disk.", "Nothing."};
inline constexpr Event kReloaded{"server.reloaded", Level::notice, "The configuration was read again.",
                                 "New sessions use it; open ones keep theirs.", "Nothing."};
inline constexpr Event kReloadFailed{"server.reload_failed", Level::error, "The new configuration was refused.",
                                     "The server goes on with the one it has. `detail` says what is wrong.",
                                     "Mend it; gatepost config check shows every problem."};
inline constexpr Event kNeedsRestart{
    "server.needs_restart", Level::warning, "A changed setting takes effect at the next start only.",
    "`setting` cannot be changed while the server runs.", "Restart the server when it suits."};
inline constexpr Event kRefused{"gate.refused", Level::notice,
                                "A connection from an address outside a listener's audience was closed.",
                                "The daemon keeps its own gate: nothing was said to the peer.",
                                "If the peer should get in, put its network in the listener's audience."};
inline constexpr Event kBanMade{"ban.made", Level::warning, "An address may not connect for a time.",
                                "`network` is closed out of all ports until `until`; `cause` and `reason` say why, "
                                "`level` the how many-th time it is.",
                                "Nothing; `gatepost ban explain` shows what led to it, `gatepost ban lift` ends it. "
                                "Put your own networks in [bans] "
                                "never."};
inline constexpr Event kBanLifted{"ban.lifted", Level::notice, "A ban was ended before its time.",
                                  "By an administrator, or by a new exemption in the configuration.", "Nothing."};
inline constexpr Event kBanRefused{"ban.refused", Level::info, "A connection of a banned address was closed.",
                                   "Nothing was said to the peer. `count` such connections since the last line.",
                                   "`gatepost ban explain` with the address says why it is banned."};
inline constexpr Event kBanFirewall{
    "ban.firewall", Level::notice, "Bans reach the firewall now, or do not any more.",
    "With `firewall` off the server alone refuses who is banned; `detail` says what is missing.",
    "Run the helper (docs/bans.md), and `gatepost gate apply`, so that the firewall has sets for bans."};
inline constexpr Event kBanNotKept{"ban.not_kept", Level::error, "Bans could not be written to the store.",
                                   "They are in force, but a restart would forget them. It is tried again.",
                                   "Look at the disk."};
inline constexpr Event kBanUnreadable{"ban.unreadable", Level::warning, "Records of bans could not be read.",
                                      "`count` of them are left out: damaged, or written by a newer version.",
                                      "gatepost store check says whether more is damaged."};
inline constexpr Event kControlRefused{"control.refused", Level::warning,
                                       "Another user tried to give the server commands.",
                                       "Only root and the server's own user may.", "Find out who has `uid`."};
inline constexpr Event kSecured{"server.secured", Level::notice, "The server gave up its privileges.",
                                "`user`, `seccomp`, `landlock` say what protects the machine from it.", "Nothing."};
inline constexpr Event kSecurityMissing{
    "server.security_missing", Level::warning, "A protection could not be switched on.",
    "The kernel does not offer it, or the server was not started as root. It works without.",
    "Start it by the systemd unit, on a kernel that has it."};
inline constexpr Event kMaintenanceFailed{"server.maintenance_failed", Level::error, "A maintenance round failed.",
                                          "`task` is tried again later.", "Look at the disk."};

inline constexpr Event kListenerClosed{"server.listener_closed", Level::notice, "A listener was closed by a reload.",
                                       "The configuration has it no longer; its connections go on.", "Nothing."};
inline constexpr Event kSocketUnused{
    "server.socket_unused", Level::warning, "A socket that was handed to the server belongs to no listener.",
    "systemd, or the server before this one, had it open at `at`. It is closed.",
    "Make gatepost.socket and the listeners of the configuration name the same addresses and ports."};
inline constexpr Event kKeyUnreadable{
    "server.file_unreadable", Level::warning, "A file cannot be read by the user the server has become.",
    "Root read it at the start; a reload will fail.", "Let the group of the server's user read `file`."};
inline constexpr Event kCertificateEnds{"server.certificate_ends", Level::warning, "A certificate ends soon.",
                                        "At `not_after` clients begin to refuse the server.",
                                        "Renew it; changed files are read by themselves."};
inline constexpr Event kWebFiles{"server.web_files", Level::error, "The files of the web application cannot be served.",
                                 "`detail` says why; those of before stay.",
                                 "Put [http] web_dir right, then run gatepost reload."};
inline constexpr Event kTakingOver{"server.taking_over", Level::notice,
                                   "The server takes over the listening sockets of one that runs.",
                                   "The old one ends its sessions and stops; connections wait meanwhile.", "Nothing."};
inline constexpr Event kStopForced{"server.stop_forced", Level::warning,
                                   "The server stopped without waiting for all sessions.",
                                   "Some did not end in time. What was acknowledged is on disk.", "Nothing."};
inline constexpr Event kDrained{"server.drained", Level::notice, "The sessions of a stopping server have ended.",
                                "`connections` were told; `cut` of them were not done within [maintenance] "
                                "drain_timeout and have to try again.",
                                "Nothing; when many are cut at each restart, give them more time."};
inline constexpr Event kTakeOverFailed{
    "server.take_over_failed", Level::error, "The process that was to take this server's place has ended.",
    "This one opens its data again and goes on; connections waited meanwhile, none was refused.",
    "Look at what the new one wrote before this line."};
inline constexpr Event kUnresponsive{
    "server.unresponsive", Level::error, "An I/O thread does not respond.",
    "systemd is not told that all is well, and restarts the server after its WatchdogSec.",
    "Report it with the log before this line."};

inline constexpr Event kWindowBegun{
    "maintenance.begun", Level::notice, "A maintenance window has begun: nobody but administrators is served.",
    "Every protocol refuses politely `until` then at the latest.", "gatepost maintenance end ends it sooner."};
inline constexpr Event kWindowEnded{"maintenance.ended", Level::notice, "The maintenance window has ended.",
                                    "Everybody is served again; `turned_away` came meanwhile.", "Nothing."};
inline constexpr Event kTurnedAway{"maintenance.turned_away", Level::info,
                                   "Somebody came in a maintenance window and was refused.",
                                   "`count` since it began; logged once a second at most.", "Nothing."};

inline constexpr std::array kAll{kStarting,       kReady,          kListening,     kBindFailed,      kStopping,
                                 kStopped,        kReloaded,       kReloadFailed,  kNeedsRestart,    kRefused,
                                 kBanMade,        kBanLifted,      kBanRefused,    kBanFirewall,     kBanNotKept,
                                 kBanUnreadable,  kControlRefused, kSecured,       kSecurityMissing, kMaintenanceFailed,
                                 kListenerClosed, kSocketUnused,   kKeyUnreadable, kCertificateEnds, kTakingOver,
                                 kStopForced,     kUnresponsive,   kWebFiles,      kDrained,         kTakeOverFailed,
                                 kWindowBegun,    kWindowEnded,    kTurnedAway};

}  // namespace gatepost::daemon::event

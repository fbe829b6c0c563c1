#include "config/key_values.hpp"

// The keys of tables of which there may be several, and of the smart host.
namespace gatepost::config {

using namespace values;

const std::vector<Key<Listener>>& listener_keys() {
  static const std::vector<Key<Listener>> all = [] {
    constexpr std::string_view s = "listener.NAME";
    std::vector<Key<Listener>> k;
    k.push_back(required(words(s, "service", AT(Listener, service), kServices, "What is spoken there.")));
    k.push_back(required(number(s, "port", AT(Listener, port), 1, 65535, "The TCP port, before `port_offset`.")));
    k.push_back(shown(addresses(s, "address", AT(Listener, addresses), "Where it listens."), "`bind` of [server]"));
    k.push_back(words(s, "tls", AT(Listener, tls), kTlsModes,
                      "None, by STARTTLS (STLS in POP3), or from the first octet. Nobody signs in before it."));
    k.push_back(
        flag(s, "client_certificates", AT(Listener, client_certificates),
             "Clients are asked for a certificate by `client_ca_file` of [tls]; who shows one may sign in by it "
             "(EXTERNAL). For the services imap, pop3, submission and ldap."));
    k.push_back(words(s, "audience", AT(Listener, audience), kAudiences,
                      "Who may connect; others are closed without a greeting. `trusted`, `vpn` and `admin` stand for "
                      "the lists in [networks], `named` for what this listener itself names."));
    k.push_back(networks(s, "networks", AT(Listener, networks), "More networks that may connect."));
    k.push_back(flag(s, "proxy_protocol", AT(Listener, proxy_protocol),
                     "Connections start with the PROXY protocol, version 1 or 2, and come only from the proxies in "
                     "[proxy_protocol]."));
    k.push_back(number(s, "max_connections", AT(Listener, max_connections), 0, kMany,
                       "Connections at one time; 0: only those of [limits]."));
    k.push_back(number(s, "connections_per_minute", AT(Listener, connections_per_minute), 0, kMany,
                       "New connections of one address in a minute; 0: that of [limits]."));
    k.push_back(list<Listener, std::string>(s, "groups", AT(Listener, groups), take_group_name, write_text, 0,
                                            "\"filter-service\"", "list of names",
                                            "[[networks.group]]s that may connect, too."));
    k.push_back(words(s, "log", AT(Listener, log), kGateLogs,
                      "What the firewall logs there: refused packets, also new connections, or nothing."));
    k.push_back(text(s, "reason", AT(Listener, reason), 300, any_text, "text", "Why it is open, in one sentence."));
    k.push_back(text(s, "owner", AT(Listener, owner), 100, any_text, "text", "Who answers for it being open."));
    k.push_back(day(s, "review_by", AT(Listener, review_by),
                    "When somebody should ask again whether it is needed; `gatepost gate audit` reminds."));
    return k;
  }();
  return all;
}

const std::vector<Key<Certificate>>& certificate_keys() {
  static const std::vector<Key<Certificate>> all = [] {
    constexpr std::string_view s = "tls.certificate";
    std::vector<Key<Certificate>> k;
    k.push_back(
        required(path(s, "cert", AT(Certificate, cert), "PEM file: the certificate, then those of its issuers.")));
    k.push_back(required(
        path(s, "key", AT(Certificate, key), "PEM file: the private key. It should be readable for root alone.")));
    k.push_back(shown(list<Certificate, std::string>(s, "names", AT(Certificate, names), take_served_name, write_text,
                                                     0, "\"mail.example.org\", \"*.example.net\"", "list of host names",
                                                     "Clients that ask for these names get it."),
                      "those in the certificate"));
    return k;
  }();
  return all;
}

const std::vector<Key<SmartHost>>& smart_host_keys() {
  static const std::vector<Key<SmartHost>> all = [] {
    constexpr std::string_view s = "mailflow.smart_host";
    std::vector<Key<SmartHost>> k;
    k.push_back(
        required(text(s, "host", AT(SmartHost, host), 253, host_or_address, "host name or address", "The server.")));
    k.push_back(number(s, "port", AT(SmartHost, port), 1, 65535, "Its port."));
    k.push_back(words(s, "tls", AT(SmartHost, tls), kTlsModes,
                      "STARTTLS (587, 25) or from the first octet (465); its certificate is verified."));
    k.push_back(text(s, "username", AT(SmartHost, username), 320, any_text, "text", "For sign-in; `\"\"`: none."));
    k.push_back(
        shown(path(s, "password_file", AT(SmartHost, password_file), "The first line of this file is the password."),
              "none"));
    return k;
  }();
  return all;
}

const std::vector<Key<ImapClient>>& imap_client_keys() {
  static const std::vector<Key<ImapClient>> all = [] {
    constexpr std::string_view s = "imap.client";
    std::vector<Key<ImapClient>> k;
    k.push_back(required(
        text(s, "name", AT(ImapClient, name), 100, not_empty, "text", "Part of the name it says, in any case.")));
    k.push_back(text(s, "version", AT(ImapClient, version), 100, any_text, "text",
                     "What its version begins with; `\"\"`: any."));
    k.push_back(list<ImapClient, std::string>(s, "hide", AT(ImapClient, hide), take_capability, write_text, 0,
                                              "\"QRESYNC\", \"COMPRESS=DEFLATE\"", "list of capabilities",
                                              "These are not announced to it."));
    k.push_back(list<ImapClient, std::string>(
        s, "quirks", AT(ImapClient, quirks), take_quirk, write_text, 0, "\"delay_new_mail\"", "list of names",
        "`delay_new_mail`: new mail is told in answer to NOOP, CHECK and IDLE alone, for programs that stumble over it "
        "elsewhere (Outlook Express, Outlook 2003)."));
    k.push_back(required(text(s, "reason", AT(ImapClient, reason), 300, not_empty, "text", "Why, in one sentence.")));
    return k;
  }();
  return all;
}

const std::vector<Key<NetworkGroup>>& network_group_keys() {
  static const std::vector<Key<NetworkGroup>> all = [] {
    constexpr std::string_view s = "networks.group";
    std::vector<Key<NetworkGroup>> k;
    k.push_back(required(text(s, "name", AT(NetworkGroup, name), 32, group_name, "text", "What listeners call it.")));
    k.push_back(networks(s, "networks", AT(NetworkGroup, networks), "Its networks."));
    k.push_back(text(s, "file", AT(NetworkGroup, file), 4095, any_text, "absolute path",
                     "More of them, one a line; read again at each reload."));
    k.push_back(text(s, "source", AT(NetworkGroup, source), 300, any_text, "text", "Where the list comes from."));
    return k;
  }();
  return all;
}

const std::vector<Key<Exception>>& exception_keys() {
  static const std::vector<Key<Exception>> all = [] {
    constexpr std::string_view s = "gate.exception";
    std::vector<Key<Exception>> k;
    k.push_back(required(text(s, "listener", AT(Exception, listener), 32, not_empty, "text", "The listener's name.")));
    k.push_back(required(networks(s, "networks", AT(Exception, networks), "Who may connect.")));
    k.push_back(required(day(s, "until", AT(Exception, until), "The last day (UTC).")));
    k.push_back(required(text(s, "reason", AT(Exception, reason), 300, not_empty, "text", "Why, in one sentence.")));
    k.push_back(text(s, "owner", AT(Exception, owner), 100, any_text, "text", "Who asked for it."));
    return k;
  }();
  return all;
}

}  // namespace gatepost::config

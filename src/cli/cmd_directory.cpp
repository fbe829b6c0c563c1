#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "base/base64.hpp"
#include "base/secret.hpp"
#include "cli/commands.hpp"
#include "cli/password_prompt.hpp"
#include "directory/photo.hpp"

namespace gatepost::cli {
namespace {

// Values of one command's options, alive as long as the App that fills them.
struct DirectoryValues {
  std::string rule, file;
  std::string address, name, domain, id, quota, messages, kind, folder, identifier, rights, since, at;
  std::vector<std::string> ids;
  std::vector<std::string> targets, settings;
  bool password_stdin = false;
};

CLI::App* verb(CLI::App* noun, Context& context, const std::string& name, const std::string& help,
               const std::shared_ptr<DirectoryValues>& values, std::function<Options()> options) {
  CLI::App* command = noun->add_subcommand(name, help);
  const std::string full = noun->get_name() + " " + name;
  command->callback([&context, full, values, options = std::move(options)] { run_verb(context, full, options()); });
  return command;
}

void add_domain(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("domain", "Mail domains")->require_subcommand(1);
  auto v = std::make_shared<DirectoryValues>();
  verb(noun, context, "add", "Serve a mail domain", v, [v] { return Options{{"name", {v->domain}}}; })
      ->add_option("name", v->domain)
      ->required();
  verb(noun, context, "list", "The domains that are served", v, [] { return Options{}; });
  verb(noun, context, "delete", "Serve a domain no longer", v, [v] { return Options{{"name", {v->domain}}}; })
      ->add_option("name", v->domain)
      ->required();
  CLI::App* catch_all = verb(noun, context, "catch-all", "Where unknown addresses go; without ADDRESS they are refused",
                             v, [v] { return Options{{"name", {v->domain}}, {"address", {v->address}}}; });
  catch_all->add_option("name", v->domain)->required();
  catch_all->add_option("address", v->address);
  verb(noun, context, "check", "What DNS says of a domain, and what to write", v,
       [v] { return Options{{"name", {v->domain}}}; })
      ->add_option("name", v->domain)
      ->required();
}

void add_recovery(CLI::App* account, Context& context) {
  auto v = std::make_shared<DirectoryValues>();
  const auto options = [v] {
    Options all{{"address", {v->address}}};
    if (!v->folder.empty()) all["folder"] = {v->folder};
    if (!v->since.empty()) all["since"] = {v->since};
    if (!v->at.empty()) all["at"] = {v->at};
    if (!v->ids.empty()) all["id"] = v->ids;
    return all;
  };
  CLI::App* noun = account->add_subcommand("removed", "What was removed and is still kept")->require_subcommand(1);
  const auto command = [&](CLI::App* parent, const std::string& full, const std::string& help) {
    CLI::App* one = parent->add_subcommand(full.substr(full.rfind(' ') + 1), help);
    one->callback([&context, full, options] { run_verb(context, full, options()); });
    one->add_option("address", v->address)->required();
    return one;
  };
  CLI::App* list = command(noun, "account removed list", "Messages that can be brought back");
  list->add_option("--folder", v->folder, "Only those of this folder");
  list->add_option("--since", v->since, "Only those removed since (2026-11-25T14:00:00Z, or a day)");
  CLI::App* back = command(noun, "account removed restore", "Bring some back where they were, flags and dates kept");
  back->add_option("id", v->ids, "As the list shows them")->required();
  back->add_option("--folder", v->folder, "Into this folder instead");
  command(noun, "account removed purge", "Drop all of them now, for good");
  CLI::App* restore = command(account, "account restore", "Bring back what a folder had at a moment and lost since");
  restore->add_option("folder", v->folder, "The folder; deleted ones too")->required();
  restore->add_option("--at", v->at, "The moment: 2026-11-25T14:00:00Z, or a day")->required();
}

void add_photo(CLI::App* account, Context& context) {
  auto v = std::make_shared<DirectoryValues>();
  auto remove = std::make_shared<bool>(false);
  CLI::App* photo = account->add_subcommand("photo", "A picture, as address books and the webmail show it");
  photo->add_option("address", v->address, "An account, a group, a contact")->required();
  CLI::Option* file = photo->add_option("file", v->file, "JPEG or PNG, 256 KiB at most")->check(CLI::ExistingFile);
  photo->add_flag("--remove", *remove, "Take it away")->excludes(file);
  photo->callback([&context, v, remove] {
    Options options{{"address", {v->address}}};
    if (*remove) options["remove"] = {""};
    if (!v->file.empty()) {
      std::ifstream in(v->file, std::ios::binary);
      std::string octets(directory::kMaxPhotoOctets + 1, '\0');
      in.read(octets.data(), static_cast<std::streamsize>(octets.size()));
      octets.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
      options["photo"] = {base64::encode(octets)};
    }
    run_verb(context, "account photo", options);
  });
}

void add_account(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("account", "People's accounts")->require_subcommand(1);
  auto v = std::make_shared<DirectoryValues>();
  const auto address_only = [v] { return Options{{"address", {v->address}}}; };
  auto must_change = std::make_shared<bool>(false);
  const auto with_password = [v, must_change] {
    Options options{{"address", {v->address}}, {"name", {v->name}}};
    if (*must_change) options["must-change"] = {""};
    if (v->password_stdin) options["password"] = {read_password()};
    if (!v->quota.empty()) options["quota"] = {v->quota};
    if (!v->messages.empty()) options["messages"] = {v->messages};
    if (!v->kind.empty()) options["kind"] = {v->kind};
    return options;
  };
  CLI::App* add = verb(noun, context, "add", "Add an account; its password is made and shown unless --password-stdin",
                       v, with_password);
  add->add_option("address", v->address)->required();
  add->add_option("--name", v->name, "Display name");
  add->add_option("--quota", v->quota, "Octets it may hold, 0 for no limit")->check(CLI::NonNegativeNumber);
  add->add_option("--messages", v->messages, "Messages it may hold, 0 for no limit")->check(CLI::NonNegativeNumber);
  add->add_option("--kind", v->kind, "user, or what people share: shared, room or equipment")
      ->check(CLI::IsMember({"user", "shared", "room", "equipment"}));
  add->add_flag("--must-change", *must_change, "Its owner has to replace the password at the first sign-in");
  add->add_flag("--password-stdin", v->password_stdin, "Read the password from the first line of standard input");
  verb(noun, context, "list", "The accounts and what they use", v, [] { return Options{}; });
  CLI::App* passwd = verb(noun, context, "passwd", "Set a new password", v, with_password);
  passwd->add_flag("--must-change", *must_change, "Its owner has to replace it at the next sign-in");
  passwd->add_option("address", v->address)->required();
  passwd->add_flag("--password-stdin", v->password_stdin, "Read the password from the first line of standard input");
  for (const auto& [name, help] :
       {std::pair{"disable", "No sign-in, mail is refused; nothing is deleted"}, std::pair{"enable", "Undo a disable"},
        std::pair{"delete", "Delete an account with all its mail"}}) {
    verb(noun, context, name, help, v, address_only)->add_option("address", v->address)->required();
  }
  CLI::App* set = verb(noun, context, "set", "Set name, role and contact details, as address books show them", v,
                       [v] { return Options{{"address", {v->address}}, {"set", v->settings}}; });
  set->add_option("address", v->address)->required();
  set->add_option("setting", v->settings,
                  "KEY=VALUE, such as phone=+49301234 title=Director role=helpdesk must-change-password=yes "
                  "password-never-expires=yes; an empty value deletes")
      ->required();
  verb(noun, context, "show", "Name, role and contact details", v, address_only)
      ->add_option("address", v->address)
      ->required();
  CLI::App* totp = noun->add_subcommand("totp", "The second factor: codes of a phone");
  auto off = std::make_shared<bool>(false);
  totp->add_option("address", v->address)->required();
  CLI::Option* disable = totp->add_flag("--disable", *off, "Take it away, when the phone is lost");
  auto status = std::make_shared<bool>(false);
  totp->add_flag("--status", *status, "Whether there is one, and since when; the same without a flag")
      ->excludes(disable);
  totp->callback([&context, v, off, status] {
    run_verb(context, *off ? "account totp disable" : "account totp status", {{"address", {v->address}}});
  });
  CLI::App* quota = verb(noun, context, "quota", "Limit what it may hold", v, [v] {
    Options options{{"address", {v->address}}};
    if (!v->quota.empty()) options["octets"] = {v->quota};
    if (!v->messages.empty()) options["messages"] = {v->messages};
    return options;
  });
  quota->add_option("address", v->address)->required();
  quota->add_option("octets", v->quota, "0 for no limit")->check(CLI::NonNegativeNumber);
  quota->add_option("--messages", v->messages, "How many messages; 0 for no limit")->check(CLI::NonNegativeNumber);
  add_photo(noun, context);
  add_recovery(noun, context);
  add_transfer_commands(*noun, context);
}

void add_group(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("group", "Groups of people, with an address")->require_subcommand(1);
  auto v = std::make_shared<DirectoryValues>();
  const auto options = [v] {
    Options out{{"address", {v->address}}};
    if (!v->name.empty()) out["name"] = {v->name};
    if (!v->targets.empty()) out["member"] = v->targets;
    if (!v->rule.empty()) out["rule"] = {v->rule};
    return out;
  };
  CLI::App* add = verb(noun, context, "add", "Add a group: mail to its address goes to its members", v, options);
  add->add_option("address", v->address)->required();
  CLI::Option* member = add->add_option("member", v->targets, "Accounts, other groups, outside addresses");
  add->add_option("--rule", v->rule, "Its members follow from this filter: '(&(department=Sales)(l=Berlin))'")
      ->excludes(member);
  add->add_option("--name", v->name, "Display name");
  CLI::App* list = verb(noun, context, "list", "The groups", v,
                        [v] { return v->targets.empty() ? Options{} : Options{{"member", {v->targets.front()}}}; });
  list->add_option("--member", v->targets, "Only those it is in itself")->expected(1);
  for (const auto& [name, help] : {std::pair{"members", "Who is in a group"}, std::pair{"delete", "Delete a group"}}) {
    verb(noun, context, name, help, v, options)->add_option("address", v->address)->required();
  }
  verb(noun, context, "preview", "Who a group with a rule would have", v, [v] { return Options{{"rule", {v->rule}}}; })
      ->add_option("rule", v->rule, "A filter: '(&(department=Sales)(l=Berlin))'")
      ->required();
  CLI::App* rule = verb(noun, context, "rule", "Change the rule of a group", v, options);
  rule->add_option("address", v->address)->required();
  rule->add_option("rule", v->rule, "A filter")->required();
  for (const auto& [name, help] : {std::pair{"join", "Put accounts, groups or outside addresses into a group"},
                                   std::pair{"leave", "Take members out of a group"}}) {
    CLI::App* change = verb(noun, context, name, help, v, options);
    change->add_option("address", v->address)->required();
    change->add_option("member", v->targets)->required();
  }
}

void add_contact(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("contact", "People elsewhere whom address books show")->require_subcommand(1);
  auto v = std::make_shared<DirectoryValues>();
  const auto options = [v] {
    Options out{{"address", {v->address}}};
    if (!v->name.empty()) out["name"] = {v->name};
    if (!v->domain.empty()) out["domain"] = {v->domain};
    if (!v->settings.empty()) out["set"] = v->settings;
    return out;
  };
  CLI::App* add = verb(noun, context, "add", "Show somebody elsewhere in address books", v, options);
  add->add_option("address", v->address, "Where mail goes: of another domain")->required();
  add->add_option("--name", v->name, "Display name");
  add->add_option("--domain", v->domain, "In whose address book it is; needed when there are several domains");
  verb(noun, context, "list", "The contacts", v, [] { return Options{}; });
  CLI::App* set = verb(noun, context, "set", "Set name and contact details", v, options);
  set->add_option("address", v->address)->required();
  set->add_option("setting", v->settings, "KEY=VALUE, such as phone=+49301234; an empty value deletes")->required();
  for (const auto& [name, help] :
       {std::pair{"show", "Name and contact details"}, std::pair{"delete", "Delete a contact"}}) {
    verb(noun, context, name, help, v, options)->add_option("address", v->address)->required();
  }
}

void add_address_book(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("address-book", "Who sees whom in address books")->require_subcommand(1);
  auto v = std::make_shared<DirectoryValues>();
  const auto options = [v] {
    Options out{{"name", {v->name}}};
    if (!v->targets.empty()) out["viewer"] = v->targets;
    if (!v->settings.empty()) out["shown"] = v->settings;
    return out;
  };
  const auto change = [&](const char* name, const char* help, bool both) {
    CLI::App* command = verb(noun, context, name, help, v, options);
    command->add_option("name", v->name)->required();
    CLI::Option* viewers =
        command->add_option("--viewers", v->targets, "Whom it is for: groups, people, whole domains");
    CLI::Option* shown = command->add_option("--shown", v->settings, "Whom they see, and nobody else: the same");
    if (both) {
      viewers->required();
      shown->required();
    }
  };
  change("add", "Say whom some people see", true);
  change("set", "Change who that is", false);
  verb(noun, context, "list", "The address books", v, [] { return Options{}; });
  verb(noun, context, "show", "Whom somebody sees", v, [v] { return Options{{"address", {v->address}}}; })
      ->add_option("address", v->address)
      ->required();
  verb(noun, context, "delete", "Delete one", v, options)->add_option("name", v->name)->required();
}

void add_acl(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("acl", "Rights in other people's and shared folders")->require_subcommand(1);
  auto v = std::make_shared<DirectoryValues>();
  const auto options = [v] {
    Options out{{"address", {v->address}}};
    if (!v->folder.empty()) out["folder"] = {v->folder};
    if (!v->identifier.empty()) out["identifier"] = {v->identifier};
    if (!v->identifier.empty()) out["rights"] = {v->rights};
    return out;
  };
  const auto with_folder = [v](CLI::App* command) {
    command->add_option("address", v->address, "The account whose folders they are")->required();
    command->add_option("--folder", v->folder, "One folder; otherwise all, and those that are made later");
    return command;
  };
  with_folder(verb(noun, context, "list", "Who has rights in an account's folders", v, options));
  CLI::App* set = with_folder(verb(noun, context, "set", "Grant rights", v, options));
  set->add_option("identifier", v->identifier, "An account, an alias (all it leads to), or anyone")->required();
  set->add_option("rights", v->rights, "Letters of lrswipkxtea; +LETTERS adds, -LETTERS (behind --) takes away")
      ->required();
  CLI::App* remove = with_folder(verb(noun, context, "delete", "Take somebody off the lists", v, options));
  remove->add_option("identifier", v->identifier)->required();
}

void add_alias(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("alias", "Addresses that lead to others")->require_subcommand(1);
  auto v = std::make_shared<DirectoryValues>();
  CLI::App* add = verb(noun, context, "add", "Let an address lead to others", v,
                       [v] { return Options{{"address", {v->address}}, {"target", v->targets}}; });
  add->add_option("address", v->address)->required();
  add->add_option("target", v->targets)->required();
  verb(noun, context, "list", "The aliases", v, [] { return Options{}; });
  verb(noun, context, "delete", "Delete an alias", v, [v] { return Options{{"address", {v->address}}}; })
      ->add_option("address", v->address)
      ->required();
}

}  // namespace

void add_directory_commands(CLI::App& app, Context& context) {
  add_domain(app, context);
  add_account(app, context);
  add_group(app, context);
  add_contact(app, context);
  add_address_book(app, context);
  add_acl(app, context);
  add_alias(app, context);
}

}  // namespace gatepost::cli

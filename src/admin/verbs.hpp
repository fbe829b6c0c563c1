#pragma once

#include <vector>

#include "admin/command.hpp"

// The groups of verbs; one .cpp each. command.cpp lists them.
namespace gatepost::admin {

std::vector<Verb> domain_verbs();
std::vector<Verb> account_verbs();
std::vector<Verb> contact_verbs();
std::vector<Verb> group_verbs();
std::vector<Verb> outsider_verbs();
std::vector<Verb> address_book_verbs();
std::vector<Verb> recovery_verbs();
std::vector<Verb> acl_verbs();
std::vector<Verb> rights_verbs();
std::vector<Verb> transfer_verbs();
std::vector<Verb> alias_verbs();
std::vector<Verb> organisation_verbs();
std::vector<Verb> app_password_verbs();
std::vector<Verb> second_factor_verbs();
std::vector<Verb> vacation_verbs();
std::vector<Verb> forwarding_verbs();
std::vector<Verb> session_verbs();
std::vector<Verb> queue_verbs();
std::vector<Verb> store_verbs();
std::vector<Verb> search_verbs();
std::vector<Verb> maintenance_verbs();
std::vector<Verb> server_verbs();
std::vector<Verb> ban_verbs();
std::vector<Verb> certificate_verbs();
std::vector<Verb> outside_verbs();
std::vector<Verb> token_verbs();
std::vector<Verb> change_verbs();
std::vector<Verb> gate_verbs();

}  // namespace gatepost::admin

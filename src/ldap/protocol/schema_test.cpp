#include "ldap/protocol/schema.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/ascii.hpp"

namespace gatepost::ldap {
namespace {

TEST(LdapSchema, NamesAreTakenOnce) {
  std::set<std::string> seen;
  for (const AttributeType& type : attribute_types()) {
    for (const std::string_view name : {type.oid, type.name, type.alias}) {
      if (!name.empty()) EXPECT_TRUE(seen.insert(ascii::to_lower(name)).second) << name;
    }
    EXPECT_EQ(&attribute_types()[index_of(type)], &type);
    EXPECT_EQ(find_attribute(ascii::to_upper(type.name)), &type);
  }
  for (const ObjectClass& one : object_classes()) {
    EXPECT_TRUE(seen.insert(std::string(one.oid)).second) << one.oid;
    EXPECT_EQ(find_class(ascii::to_upper(one.name)), &one);
  }
}

TEST(LdapSchema, ClassesNameWhatThereIs) {
  for (const ObjectClass& one : object_classes()) {
    if (!one.superior.empty()) EXPECT_NE(find_class(one.superior), nullptr) << one.superior;
    for (const std::string_view list : {one.must, one.may}) {
      if (list.empty()) continue;
      for (const std::string_view name : ascii::split(list, ' ')) EXPECT_NE(find_attribute(name), nullptr) << name;
    }
  }
}

TEST(LdapSchema, DescribesItselfByRfc4512) {
  const auto types = attribute_type_descriptions();
  EXPECT_EQ(types[1],
            "( 2.5.4.3 NAME ( 'cn' 'commonName' ) EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR "
            "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )");
  const auto classes = object_class_descriptions();
  EXPECT_EQ(classes[0],
            "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass MAY ( objectGUID $ distinguishedName $ whenCreated $ "
            "whenChanged $ uSNChanged $ memberOf ) )");
  for (const auto& list :
       {types, classes, matching_rule_descriptions(), matching_rule_use_descriptions(), syntax_descriptions()}) {
    for (const std::string& one : list) {
      EXPECT_TRUE(one.starts_with("( ") && one.ends_with(" )")) << one;
      EXPECT_FALSE(one.contains("  ")) << one;
    }
  }
}

TEST(LdapSchema, KnowsRulesByNameAndNumber) {
  EXPECT_EQ(find_rule("caseExactMatch"), Rule::case_exact);
  EXPECT_EQ(find_rule("2.5.13.2"), Rule::case_ignore);
  EXPECT_EQ(find_rule("1.2.840.113556.1.4.1941"), Rule::transitive_membership);
  EXPECT_EQ(find_rule("no"), Rule::none);
}

}  // namespace
}  // namespace gatepost::ldap

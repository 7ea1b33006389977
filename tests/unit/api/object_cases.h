// Hubs and children that must be refused, and some that must not: the same list is put
// to the operator's parser (unit test) and to a real API server with the CRDs (cluster
// test), so that the two cannot drift apart.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

namespace processhub::api::test {

struct ObjectCase {
  const char* name;             // also of the object, unless the patch says otherwise
  const char* kind;             // ProcessHub or ProcessHubChild
  const char* patch;            // JSON merge patch over the smallest object of the kind
  const char* field = nullptr;  // where the refusal points; null: accepted
  const char* words = "";       // of the API server's message
  bool parser_too = true;       // false: only the schema can see it, such as a field unknown to it
};

inline std::ostream& operator<<(std::ostream& out, const ObjectCase& a_case) {
  return out << a_case.name;
}

[[nodiscard]] const std::vector<ObjectCase>& object_cases();

// The object of a case.
[[nodiscard]] nlohmann::json object_of(const ObjectCase& a_case);

}  // namespace processhub::api::test

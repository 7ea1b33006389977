#include "server/readiness.h"

namespace processhub::server {

Readiness::Readiness(std::initializer_list<std::string_view> checks) {
  for (const std::string_view check : checks) why_.emplace(check, "not checked yet");
}

void Readiness::set_ready(std::string_view check) {
  const std::lock_guard lock(mutex_);
  why_.insert_or_assign(std::string(check), "");
}

void Readiness::set_not_ready(std::string_view check, std::string_view why) {
  const std::lock_guard lock(mutex_);
  why_.insert_or_assign(std::string(check), std::string(why));
}

std::string Readiness::problems() const {
  const std::lock_guard lock(mutex_);
  std::string lines;
  for (const auto& [check, why] : why_) {
    if (!why.empty()) lines.append("[-]").append(check).append(" ").append(why).append("\n");
  }
  return lines;
}

}  // namespace processhub::server

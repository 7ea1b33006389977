// The cluster that the tests run in (tests/cluster), and the operator's place in it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "e2e/support/process.h"

namespace processhub::e2e {

// A folder for this process's files, gone with it.
const std::filesystem::path& scratch();

// `tests/cluster/cluster WORD...` on this cluster; throws unless it succeeds.
void cluster(const Words& words);

// The CRDs, and of the manifests the namespace, the service account and its rights; once
// a process.
void install();

// A kubeconfig with the rights of the operator's service account and no others.
std::string operator_kubeconfig();
// The service account's token, as in that kubeconfig.
std::string operator_token();

// What the API server's audit log says of the writes of that service account: one line
// of "verb resource/subresource namespace/name" each.
class AuditLog {
 public:
  AuditLog();  // from now on
  // Those since the last call; leases are left out.
  std::vector<std::string> writes();

 private:
  std::filesystem::path path_;
  std::streamoff at_ = 0;
};

}  // namespace processhub::e2e

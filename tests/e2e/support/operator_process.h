// The operator as a process: the binary of this build, with the rights of its service
// account.
//
//   OperatorProcess first({"--leader-elect=false"});
//   first.wait_ready();
//   first.kill();
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "e2e/support/cluster.h"
#include "e2e/support/process.h"

namespace processhub::e2e {

// The flags of an operator that works alone.
inline const Words kAlone = {"--leader-elect=false"};
// Those of one of several, with the Lease that its role allows; quick to take over.
inline const Words kElected = {"--lease-name=processhub", "--lease-namespace=processhub-system",
                               "--lease-duration=4s", "--renew-deadline=3s",
                               "--retry-period=500ms"};

class OperatorProcess {
 public:
  explicit OperatorProcess(Words flags = kAlone, std::string kubeconfig = operator_kubeconfig());

  // Throws when it is not ready in time.
  void wait_ready();
  [[nodiscard]] bool answers_ready() const;  // GET /readyz says 200

  void kill();                // SIGKILL, waited for
  std::optional<int> stop();  // SIGTERM; its exit code, none when it does not end
  [[nodiscard]] bool running();

  // The lines of its log so far; of these, whether one holds `text`.
  [[nodiscard]] const std::vector<std::string>& log() const { return state_->lines; }
  [[nodiscard]] bool has_said(const std::string& text) const;
  [[nodiscard]] std::string log_tail(size_t lines) const;
  [[nodiscard]] const std::filesystem::path& log_file() const { return file_; }

  [[nodiscard]] long resident_kib() const;
  [[nodiscard]] double cpu_seconds() const;

 private:
  struct State {
    std::vector<std::string> lines;
    int port = 0;  // of health and metrics, once it listens
    void take(const std::string& line);
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::filesystem::path file_;
  std::unique_ptr<Process> process_;
};

}  // namespace processhub::e2e

#include "e2e/support/operator_process.h"

#include <algorithm>
#include <fstream>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "e2e/support/inbox.h"

namespace processhub::e2e {

using nlohmann::json;

void OperatorProcess::State::take(const std::string& line) {
  lines.push_back(line);
  const json entry = json::parse(line, nullptr, false);
  if (entry.is_object() && entry.value("msg", "") == "started") {
    port = std::stoi(entry.at("port").is_string() ? entry.at("port").get<std::string>()
                                                  : entry.at("port").dump());
  }
}

OperatorProcess::OperatorProcess(Words flags, std::string kubeconfig) {
  static int count = 0;
  file_ = scratch() / ("operator-" + std::to_string(++count) + ".log");
  Words command = {PROCESSHUB_OPERATOR, "--kubeconfig", std::move(kubeconfig), "--bind-address",
                   "127.0.0.1:0"};
  command.insert(command.end(), flags.begin(), flags.end());
  auto file = std::make_shared<std::ofstream>(file_);
  process_ = std::make_unique<Process>(
      command, Process::Options{.environment = {{"POD_NAME", "operator-" + std::to_string(count)}},
                                .with_stderr = true,
                                .on_line = [state = state_, file](const std::string& line) {
                                  *file << line << std::endl;
                                  Inbox::get().put([state, line] { state->take(line); });
                                }});
}

void OperatorProcess::wait_ready() {
  const bool ready = wait_until([&] { return state_->port != 0 || !running(); }) &&
                     poll_until([&] { return answers_ready() || !running(); });
  if (!ready || !running()) {
    throw std::runtime_error("the operator is not ready:\n" + log_tail(20));
  }
}

bool OperatorProcess::answers_ready() const {
  if (state_->port == 0) return false;
  httplib::Client client("127.0.0.1", state_->port);
  const auto answer = client.Get("/readyz");
  return answer && answer->status == 200;
}

void OperatorProcess::kill() {
  process_->send(SIGKILL);
  process_->wait(kLimit);
}

std::optional<int> OperatorProcess::stop() {
  process_->send(SIGTERM);
  return process_->wait(kLimit);
}

bool OperatorProcess::running() { return process_->running(); }

bool OperatorProcess::has_said(const std::string& text) const {
  return std::any_of(log().begin(), log().end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

std::string OperatorProcess::log_tail(size_t lines) const {
  std::string text;
  const size_t first = log().size() > lines ? log().size() - lines : 0;
  for (size_t i = first; i < log().size(); ++i) text += log()[i] + "\n";
  return text;
}

long OperatorProcess::resident_kib() const {
  std::ifstream status("/proc/" + std::to_string(process_->pid()) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

double OperatorProcess::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(process_->pid()) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));  // the name may hold blanks
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace processhub::e2e

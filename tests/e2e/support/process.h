// Programs that a test runs, by fork and exec, without a shell.
//
//   const Output nodes = run({"kubectl", "get", "nodes", "-o", "name"});
//   ASSERT_EQ(nodes.code, 0) << nodes.err;
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace processhub::e2e {

using Words = std::vector<std::string>;

struct Output {
  int code = 0;  // as a shell says it: 128 + signal where one ended it
  std::string out;
  std::string err;
};

// To its end; it is killed when it takes longer than `limit`.
Output run(const Words& command, const std::string& input = "",
           const std::map<std::string, std::string>& environment = {},
           std::chrono::seconds limit = std::chrono::seconds(180));

// One that goes on beside the test, and is killed with it.
class Process {
 public:
  struct Options {
    std::map<std::string, std::string> environment = {};  // beside the test's own
    bool with_stderr = false;  // its standard error is read too, else it is the test's
    std::function<void(std::string line)> on_line = {};  // in a thread of its own
    std::function<void()> on_end = {};                   // the same; nothing more to read
  };

  Process(const Words& command, Options options);
  ~Process();  // kills it
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void send(int signal);
  // Its exit code, once it has ended; none when it is still running then.
  std::optional<int> wait(std::chrono::seconds limit);

 private:
  void read(int from);

  Options options_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  std::optional<int> code_;
  std::thread reader_;
};

}  // namespace processhub::e2e

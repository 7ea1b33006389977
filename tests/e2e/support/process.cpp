#include "e2e/support/process.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace processhub::e2e {
namespace {

using std::chrono::steady_clock;

[[noreturn]] void give_up(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

struct Pipe {
  int out = -1;  // to read from
  int in = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) give_up("pipe");
    out = ends[0];
    in = ends[1];
  }
  ~Pipe() {
    close_end(out);
    close_end(in);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  static void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
};

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!more.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Its standard input, output and error become these, where they are not negative.
pid_t start(Words command, const std::map<std::string, std::string>& environment, int in, int out,
            int err) {
  std::vector<std::string> entries = environment_with(environment);
  const auto argv = pointers(command);
  const auto envp = pointers(entries);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) give_up("fork");
  if (pid > 0) return pid;
  // Only what is safe after a fork in a process with threads.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  if (in >= 0) dup2(in, 0);
  if (out >= 0) dup2(out, 1);
  if (err >= 0) dup2(err, 2);
  execvpe(argv[0], argv.data(), envp.data());
  _exit(127);
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

int milliseconds_until(steady_clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::max<int64_t>(0, left.count()));
}

// One read into `text`; false at the end of the stream.
bool drain(int from, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t count = read(from, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

// Feeds `input` to `in` and reads both others until they end; false when out of time.
bool exchange(Pipe& in, const std::string& input, Pipe& out, Pipe& err, Output& output,
              steady_clock::time_point deadline) {
  size_t fed = 0;
  if (input.empty()) Pipe::close_end(in.in);
  while (out.out >= 0 || err.out >= 0) {
    std::array<pollfd, 3> ends{{{out.out, POLLIN, 0}, {err.out, POLLIN, 0}, {in.in, POLLOUT, 0}}};
    if (poll(ends.data(), ends.size(), milliseconds_until(deadline)) == 0) return false;
    if (ends[0].revents != 0 && !drain(out.out, output.out)) Pipe::close_end(out.out);
    if (ends[1].revents != 0 && !drain(err.out, output.err)) Pipe::close_end(err.out);
    if (ends[2].revents == 0) continue;
    const ssize_t count = write(in.in, input.data() + fed, input.size() - fed);
    if (count > 0) fed += static_cast<size_t>(count);
    if (count <= 0 || fed == input.size()) Pipe::close_end(in.in);
  }
  return true;
}

}  // namespace

Output run(const Words& command, const std::string& input,
           const std::map<std::string, std::string>& environment, std::chrono::seconds limit) {
  signal(SIGPIPE, SIG_IGN);
  Output output;
  Pipe in;
  Pipe out;
  Pipe err;
  fcntl(in.in, F_SETFL, O_NONBLOCK);
  const pid_t pid = start(command, environment, in.out, out.in, err.in);
  Pipe::close_end(in.out);
  Pipe::close_end(out.in);
  Pipe::close_end(err.in);
  if (!exchange(in, input, out, err, output, steady_clock::now() + limit)) {
    output.err += "\nstopped after " + std::to_string(limit.count()) + " s: " + command.front();
    kill(pid, SIGKILL);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  output.code = code_of(status);
  return output;
}

Process::Process(const Words& command, Options options) : options_(std::move(options)) {
  Pipe out;
  pid_ = start(command, options_.environment, -1, out.in, options_.with_stderr ? out.in : -1);
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) give_up("pidfd_open");
  reader_ = std::thread([this, from = std::exchange(out.out, -1)] { read(from); });
}

Process::~Process() {
  send(SIGKILL);
  wait(std::chrono::seconds(30));
  reader_.join();
  close(pidfd_);
}

void Process::read(int from) {
  std::string text;
  while (drain(from, text)) {
    size_t begin = 0;
    for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      if (options_.on_line) options_.on_line(text.substr(begin, end - begin));
    }
    text.erase(0, begin);
  }
  close(from);
  if (options_.on_end) options_.on_end();
}

bool Process::running() { return !wait(std::chrono::seconds(0)); }

void Process::send(int signal) {
  if (!code_) kill(pid_, signal);
}

std::optional<int> Process::wait(std::chrono::seconds limit) {
  if (code_) return code_;
  pollfd end{pidfd_, POLLIN, 0};
  if (poll(&end, 1, static_cast<int>(limit.count() * 1000)) <= 0) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) code_ = code_of(status);
  return code_;
}

}  // namespace processhub::e2e

// A port of this machine that takes connections and closes them, or leaves them unanswered as
// a machine does that has gone.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace processhub::fault {

class Listener {
 public:
  enum class Kind { kTakes, kSilent };
  // Throws where it cannot listen: a machine may have no IPv6.
  explicit Listener(const std::string& address = "127.0.0.1", Kind kind = Kind::kTakes);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int taken() const { return taken_; }

 private:
  void take_all();
  // So many that are not taken that the next one waits for ever.
  void fill(const void* address, unsigned size);

  int socket_ = -1;
  int port_ = 0;
  std::vector<int> waiting_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> taken_ = 0;
  std::thread thread_;
};

}  // namespace processhub::fault

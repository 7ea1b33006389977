// Creates bare pods with our client, a fixed number of requests in flight, and prints
// how long that took as one line of JSON. benchmarks/client-go/createpods does the same
// with Go's client.
//
//   scale_create_pods --namespace NAME [--pods 5000] [--in-flight 32]
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/file_reader.h"
#include "kube/client.h"
#include "kube/cpprest_transport.h"
#include "kube/credentials.h"

namespace processhub {
namespace {

nlohmann::json pod(const std::string& ns, int number) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"namespace", ns}, {"name", "pod-" + std::to_string(number)}}},
          {"spec",
           {{"schedulerName", "nobody"},
            {"containers", nlohmann::json::array(
                               {{{"name", "main"}, {"image", "registry.k8s.io/pause:3.10"}}})}}}};
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Creator {
 public:
  Creator(kube::Client& client, EventLoop& loop, std::string ns, int pods)
      : client_(client), loop_(loop), ns_(std::move(ns)), pods_(pods) {}

  void begin(int in_flight) {
    for (int i = 0; i < in_flight; ++i) create();
  }
  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

 private:
  void create() {
    if (next_ == pods_) return;
    client_.create(kube::kPods, pod(ns_, ++next_), {}, [this](Result<kube::ObjectMeta> made) {
      if (!made) problem_ = made.error();
      if (++ended_ == pods_ || problem_) return loop_.stop();
      create();
    });
  }

  kube::Client& client_;
  EventLoop& loop_;
  std::string ns_;
  int pods_;
  int next_ = 0;
  int ended_ = 0;
  std::optional<Error> problem_;
};

int run(int argc, char** argv) {
  CLI::App app("Creates bare pods, and tells how fast.");
  std::string ns;
  int pods = 5000;
  int in_flight = 32;
  app.add_option("--namespace", ns)->required();
  app.add_option("--pods", pods);
  app.add_option("--in-flight", in_flight);
  CLI11_PARSE(app, argc, argv);
  kube::prepare_process();

  const SystemClock clock;
  const SystemFileReader files;
  EventLoop loop(clock);
  const auto config = kube::find_config("", "", kube::system_environment(), files);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return 1;
  }
  kube::CpprestTransport transport(*config, loop, files, clock);
  kube::Client client(transport, loop, kube::unguarded(),
                      {.max_in_flight = static_cast<size_t>(in_flight)});
  Creator creator(client, loop, ns, pods);
  const SteadyTime began = clock.steady_now();
  loop.post([&] { creator.begin(in_flight); });
  loop.run();
  if (creator.problem()) {
    std::fprintf(stderr, "%s\n", creator.problem()->message.c_str());
    return 1;
  }
  const double seconds = std::chrono::duration<double>(clock.steady_now() - began).count();
  std::printf("%s\n", nlohmann::json{{"seconds", seconds},
                                     {"perSecond", pods / seconds},
                                     {"cpuSeconds", cpu_seconds()}}
                          .dump()
                          .c_str());
  return 0;
}

}  // namespace
}  // namespace processhub

int main(int argc, char** argv) { return processhub::run(argc, argv); }

// Judges the answers that another library has written, and prints that as JSON.
//
//   placement_quality --nodes N --replicas R BUILT JOINED LEFT
//
// Each file holds R numbers of nodes a key, as 16 bits, little-endian (quality.h).
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quality.h"
#include "workload.h"

namespace processhub::benchmarks {
namespace {

Placements read(const std::string& name, int nodes, int replicas) {
  std::ifstream file(name, std::ios::binary);
  Placements placements{.replicas = replicas};
  char bytes[2];
  while (file.read(bytes, sizeof(bytes))) {
    const int number = static_cast<uint8_t>(bytes[0]) | static_cast<uint8_t>(bytes[1]) << 8;
    if (number > newcomer(nodes)) {
      std::fprintf(stderr, "%s: there is no node %d\n", name.c_str(), number);
      std::exit(1);
    }
    placements.nodes.push_back(static_cast<uint16_t>(number));
  }
  return placements;
}

nlohmann::json json(std::optional<double> value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

int run(int argc, char** argv) {
  CLI::App app("Tells how even, stable and complete placements are.");
  int nodes = 0;
  int replicas = 1;
  std::vector<std::string> files;
  app.add_option("--nodes", nodes)->required();
  app.add_option("--replicas", replicas)->required();
  app.add_option("files", files)->required()->expected(3)->check(CLI::ExistingFile);
  CLI11_PARSE(app, argc, argv);

  const auto state = [&](size_t i) { return read(files[i], nodes, replicas); };
  const Quality quality = assess(nodes, state(0), state(1), state(2));
  std::printf("%s\n", nlohmann::json{{"keys", quality.keys},
                                     {"max_load", quality.max_load},
                                     {"moved_on_join", json(quality.moved_on_join)},
                                     {"moved_on_leave", json(quality.moved_on_leave)},
                                     {"short_keys", quality.short_keys}}
                          .dump()
                          .c_str());
  return 0;
}

}  // namespace
}  // namespace processhub::benchmarks

int main(int argc, char** argv) { return processhub::benchmarks::run(argc, argv); }

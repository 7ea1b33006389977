#include "sim/simulation.h"

#include <algorithm>

namespace processhub::sim {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Change;

namespace {

constexpr uint64_t kStepsInAMillisecond = 20;
constexpr uint64_t kMostSteps = 1'000'000;

}  // namespace

Simulation::Simulation(uint64_t seed, bool trace)
    : seed_(seed),
      dice_(seed),
      settings_(draw_settings(dice_)),
      history_(clock_, trace),
      world_(clock_, history_),
      invariants_(world_, settings_),
      drains_(world_),
      chaos_(world_, invariants_, settings_, dice_, drains_, processes_) {
  world_.server().observe([this](const Change& change) {
    const auto kind = change.kind->resource.plural;
    if (kind != "leases" && kind != "events") last_write_ = clock_.steady_now();
  });
}

Simulation::~Simulation() = default;

void Simulation::set_up() {
  history_.note("seed " + std::to_string(seed_) + ": " + settings_.str());
  for (int i = 0; i < settings_.nodes; ++i) {
    world_.add_machine("node-" + std::to_string(i), {{"pool", "a"}});
  }
  run_for(seconds(2));
  world_.admin().create(kube::kProcessHubs, testing::sample_hub(kNamespace, kHub, settings_.hub));
  for (int i = 0; i < settings_.children; ++i) {
    world_.admin().create(kube::kProcessHubChildren,
                          testing::sample_child(kNamespace, "c" + std::to_string(i), kHub));
  }
  // One may be there already.
  while (static_cast<int>(processes_.size()) < settings_.operators) start_process();
}

void Simulation::start_process() {
  ++started_;
  processes_.push_back(std::make_unique<Process>(
      world_,
      ProcessOptions{.name = "op-" + std::to_string(started_),
                     .elected = settings_.elected,
                     .seed = dice_.next()},
      [this](const kube::Request& request) { return chaos_.fate(request); },
      [this](const Process& process, const kube::Request& request) {
        static constexpr const char* kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
        history_.aside(process.name() + " sends " + kMethods[static_cast<int>(request.method)] +
                       " " + request.server + request.path);
        invariants_.on_request(process.name(), request);
      }));
  processes_.back()->start();
}

// As many as there shall be run; what the dead ones have sent still lands.
void Simulation::tend_processes() {
  std::erase_if(processes_, [](const auto& process) { return process->is_over(); });
  const auto alive = std::count_if(processes_.begin(), processes_.end(),
                                   [](const auto& process) { return !process->is_dead(); });
  const int wanted = healed_ && !settings_.elected ? 1 : settings_.operators;
  if (alive < wanted && (healed_ || dice_.permille(20))) start_process();
}

void Simulation::step(Duration tick) {
  // Work takes time, or two operators that undo each other's work would do so for ever.
  if (++steps_ % kStepsInAMillisecond == 0) clock_.move(milliseconds(1));
  if (steps_ > kMostSteps) return history_.violate("6", "it works without end");
  tend_processes();
  std::vector<Process*> processes;
  for (const auto& process : processes_) {
    if (process->runnable()) processes.push_back(process.get());
  }
  const std::vector<World::Part*> parts = world_.runnable();
  const size_t choices = processes.size() * 4 + parts.size();
  if (choices == 0 || (!healed_ && dice_.permille(3))) {
    Duration time = choices == 0 ? tick : Duration(milliseconds(dice_.between(1, 500)));
    for (const auto& process : processes_) {
      const auto due = process->next_due();
      if (due && *due > clock_.steady_now()) {
        time = std::min<Duration>(time, *due - clock_.steady_now());
      }
    }
    clock_.move(time);
    return;
  }
  // Operators do more, smaller steps than the others.
  const auto choice = static_cast<size_t>(dice_.below(static_cast<int>(choices)));
  if (choice < processes.size() * 4) {
    processes[choice / 4]->step();
  } else {
    World::Part& part = *parts[choice - processes.size() * 4];
    if (world_.step(part)) invariants_.check_containers();
  }
}

void Simulation::run_steps(int count) {
  for (int i = 0; i < count && !failed(); ++i) step(seconds(1));
}

void Simulation::run_for(Duration time) {
  const SteadyTime end = clock_.steady_now() + time;
  while (clock_.steady_now() < end && !failed()) step(seconds(1));
}

bool Simulation::come_to_rest(Duration silence, Duration limit, Duration tick) {
  const SteadyTime end = clock_.steady_now() + limit;
  last_write_ = clock_.steady_now();
  while (!failed() && clock_.steady_now() < end) {
    if (clock_.steady_now() - last_write_ >= silence) return true;
    step(tick);
  }
  return false;
}

void Simulation::check_end() {
  for (const std::string& node : drains_.open()) {
    return history_.violate("12", "the drain of " + node + " does not end");
  }
  if (const std::string wrong = wrong_at_rest(world_); !wrong.empty()) {
    return history_.violate("6", wrong);
  }
  if (settings_.bound) return;
  const auto wanted = without_faults(world_);
  const auto is = children_of(world_);
  for (const auto& [name, state] : is) {
    const ChildState& other = wanted.at(name);
    if (state == other) continue;
    const auto words = [](const ChildState& it) {
      std::string text;
      for (const std::string& node : it.nodes) text += " " + node;
      for (const std::string& revision : it.revisions) text += " " + revision;
      return text;
    };
    return history_.violate(
        "6", name + " is on" + words(state) + ", and without faults would be on" + words(other));
  }
}

Outcome Simulation::run() {
  set_up();
  if (dice_.below(4) != 0) run_for(seconds(dice_.between(1, 60)));
  for (int i = 0; i < settings_.faults && !failed(); ++i) {
    chaos_.strike();
    if (dice_.below(3) == 0) {
      run_for(seconds(dice_.pick<int>({1, 3, 10, 45, 150})));
    } else {
      run_steps(dice_.pick<int>({1, 5, 20, 60, 200}));
    }
  }
  if (!failed()) {
    chaos_.heal();
    healed_ = true;
    for (size_t i = 0; !settings_.elected && i < processes_.size(); ++i) {
      const bool is_last = i + 1 == processes_.size();
      if (!processes_[i]->is_dead() && !is_last) processes_[i]->crash();
    }
    if (!come_to_rest(minutes(10), minutes(90), seconds(5)) && !failed()) {
      history_.violate("6", "it never comes to rest");
    }
    if (!failed()) check_end();
  }
  return {.broken = history_.broken(), .hash = history_.hash(), .history = history_.lines()};
}

}  // namespace processhub::sim

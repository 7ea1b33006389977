// The in-memory API server gives the answers that a real one gives (conformance.h).
#include "fake/conformance.h"

#include <gtest/gtest.h>

#include "support/fake_executor.h"

#include "fake/disruption_controller.h"
#include "fake/fake_transport.h"

namespace processhub::testing {
namespace {

TEST(FakeConformance, TheFakeAnswersAsTheTableSays) {
  FakeClock clock;
  FakeExecutor executor(clock);
  ApiServer server(clock);
  FakeTransport transport(server, executor);
  DisruptionController disruption(server, clock);
  bool stopped = false;
  const auto run = [&] {
    stopped = false;
    EXPECT_TRUE(executor.advance_until([&] { return stopped; }, std::chrono::minutes(1)));
    while (disruption.step()) {
    }
  };
  Conversation talk(
      transport, run, [&] { stopped = true; }, [] {}, {{"NS", "shop"}, {"NODE", "node-1"}});
  for (const Step& step : conformance_steps()) {
    EXPECT_EQ(talk.have(step), step.outcome) << step.name << "\n" << talk.last_answer();
  }
}

}  // namespace
}  // namespace processhub::testing

// A real API server gives the answers that the table says (conformance.h), so that what is
// tried with the in-memory one is true. The server is that of KUBECONFIG; run it as
//   tests/cluster/cluster run -- ctest --test-dir build/release -R fake_conformance
// With PROCESSHUB_SHOW_OUTCOMES set it prints every outcome.
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/event_loop.h"
#include "base/file_reader.h"
#include "fake/conformance.h"
#include "kube/cpprest_transport.h"

namespace processhub::testing {
namespace {

class RealConformance : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { kube::prepare_process(); }

  void SetUp() override {
    if (std::getenv("KUBECONFIG") == nullptr) GTEST_SKIP() << "needs KUBECONFIG";
    const auto config = kube::find_config("", "", kube::system_environment(), files);
    ASSERT_TRUE(config) << config.error().message;
    transport = std::make_unique<kube::CpprestTransport>(*config, loop, files, clock);
    const std::string crds = std::string(PROCESSHUB_SOURCE_DIR) + "/crds";
    ASSERT_EQ(kubectl("apply --server-side --force-conflicts -f " + crds), 0);
    ASSERT_EQ(kubectl("wait --for=condition=Established --timeout=60s -f " + crds), 0);
    ns = "conformance-" + std::to_string(getpid());
    ASSERT_EQ(kubectl("create namespace " + ns), 0);
    // The controller manager makes it too, a moment later: pods need it now.
    kubectl("-n " + ns + " create serviceaccount default 2>&1");
  }
  void TearDown() override {
    if (!ns.empty()) kubectl("delete namespace --wait=false " + ns);
  }

  static int kubectl(const std::string& words) {
    return std::system(("kubectl " + words + " >/dev/null").c_str());
  }

  SystemClock clock;
  EventLoop loop{clock};
  SystemFileReader files;
  std::unique_ptr<kube::CpprestTransport> transport;
  std::string ns;
};

TEST_F(RealConformance, ARealServerAnswersAsTheTableSays) {
  const auto run = [this] {
    const Timer guard = loop.post_after(std::chrono::seconds(60), [this] { loop.stop(); });
    loop.run();
  };
  const auto wait = [this] {
    const Timer moment = loop.post_after(std::chrono::milliseconds(100), [this] { loop.stop(); });
    loop.run();
  };
  Conversation talk(*transport, run, [this] { loop.stop(); }, wait, {{"NS", ns}, {"NODE", ns}});
  const bool show = std::getenv("PROCESSHUB_SHOW_OUTCOMES") != nullptr;
  for (const Step& step : conformance_steps()) {
    const std::string outcome = talk.have(step);
    EXPECT_EQ(outcome, step.outcome) << step.name << "\n" << talk.last_answer();
    if (show) std::printf("OUTCOME\t%s\t%s\n", step.name.c_str(), outcome.c_str());
  }
}

}  // namespace
}  // namespace processhub::testing

#include "base/log.h"

#include <functional>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/names.h"

namespace processhub {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// What `entries` writes to stderr.
std::string written(const std::function<void()>& entries) {
  ::testing::internal::CaptureStderr();
  entries();
  return ::testing::internal::GetCapturedStderr();
}

// The one line, parsed; it fails the test if there is not exactly one.
nlohmann::json one_json_line(const std::function<void()>& entries) {
  const std::string text = written(entries);
  EXPECT_THAT(text, EndsWith("\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  return nlohmann::json::parse(text);
}

TEST(JsonLog, HasTimeLevelMessageAndTypedFields) {
  init_log(LogLevel::kInfo, LogFormat::kJson);
  const auto entry = one_json_line([] {
    log::info("pod created", {{"hub", HubKey{"shop", "workers"}},
                              {"node", NodeName("n1")},
                              {"slot", 2},
                              {"size", size_t{7}},
                              {"load", 0.5},
                              {"ready", true},
                              {"took", std::chrono::milliseconds(21)},
                              {"error", Error{.message = "no such pod"}}});
  });
  EXPECT_EQ(entry["level"], "info");
  EXPECT_EQ(entry["msg"], "pod created");
  EXPECT_EQ(entry["hub"], "shop/workers");
  EXPECT_EQ(entry["node"], "n1");
  EXPECT_EQ(entry["slot"], 2);
  EXPECT_EQ(entry["size"], 7);
  EXPECT_EQ(entry["load"], 0.5);
  EXPECT_EQ(entry["ready"], true);
  EXPECT_EQ(entry["took"], 0.021);
  EXPECT_EQ(entry["error"], "no such pod");
  EXPECT_TRUE(parse_time(entry["ts"].get<std::string>()));
  EXPECT_FALSE(entry.contains("logger"));
}

TEST(JsonLog, StartsWithTimeLevelAndMessage) {
  init_log(LogLevel::kInfo, LogFormat::kJson);
  const std::string line = written([] { log::warn("w", {{"a", 1}}); });
  const size_t behind_time = std::string_view(R"({"ts":"2026-01-02T15:04:05.123456Z)").size();
  EXPECT_THAT(line, StartsWith(R"({"ts":")"));
  EXPECT_EQ(line.substr(behind_time), R"(","level":"warn","msg":"w","a":1})"
                                      "\n");
}

TEST(JsonLog, StaysOneValidLineWhateverTheStringsHold) {
  init_log(LogLevel::kInfo, LogFormat::kJson);
  const std::string bad("a\"b\\c\nd\x01\xff\xc3(\0e", 13);
  const auto entry = one_json_line([&] { log::error(bad, {{"v", bad}, {"k\n\xff", "x"}}); });
  EXPECT_EQ(entry["msg"], entry["v"]);
  EXPECT_THAT(entry["msg"].get<std::string>(), HasSubstr("a\"b\\c\nd\x01\xef\xbf\xbd"));
}

TEST(JsonLog, KeepsItsOwnMembers) {
  init_log(LogLevel::kInfo, LogFormat::kJson);
  const auto entry = one_json_line([] { log::info("real", {{"msg", "forged"}, {"level", "x"}}); });
  EXPECT_EQ(entry["msg"], "real");
  EXPECT_EQ(entry["level"], "info");
}

TEST(JsonLog, FormatsWhatALibraryLogsBySpdlog) {
  init_log(LogLevel::kInfo, LogFormat::kJson);
  const auto entry = one_json_line([] { spdlog::warn("from {}", "elsewhere"); });
  EXPECT_EQ(entry["msg"], "from elsewhere");
}

TEST(TextLog, WritesKeyValuePairsAndQuotesWhereNeeded) {
  init_log(LogLevel::kInfo, LogFormat::kText);
  const std::string line = written([] {
    log::info("pod created", {{"hub", HubKey{"shop", "workers"}},
                              {"empty", ""},
                              {"words", "two words"},
                              {"quote", "a\"b"},
                              {"back", "a\\b"},
                              {"n", -1},
                              {"yes", true}});
  });
  const size_t behind_time = std::string_view("2026-01-02T15:04:05.123456Z").size();
  EXPECT_TRUE(parse_time(line.substr(0, behind_time))) << line;
  EXPECT_EQ(line.substr(behind_time),
            R"( INFO  pod created hub=shop/workers empty="" words="two words" )"
            R"(quote="a\"b" back="a\\b" n=-1 yes=true)"
            "\n");
}

TEST(TextLog, StaysOneLineWithoutControlCharacters) {
  init_log(LogLevel::kInfo, LogFormat::kText);
  const std::string line = written([] {
    log::warn(
        "a\nb\x1b[2Jc\x7f\xc2\x9b"
        "d",
        {{"v", "x\r\ty"}, {"w", "1 2\n3"}, {"u", "\xc3\xbc"}});
  });
  EXPECT_THAT(line,
              EndsWith("WARN  a\\nb\\x1b[2Jc\\x7f\\x9bd v=x\\r\\ty w=\"1 2\\n3\" u=\xc3\xbc\n"));
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  init_log(LogLevel::kWarn, LogFormat::kText);
  EXPECT_EQ(written([] {
              log::debug("d");
              log::info("i");
            }),
            "");
  EXPECT_THAT(written([] { log::warn("w"); }), HasSubstr("WARN  w"));
  EXPECT_THAT(written([] { log::error("e"); }), HasSubstr("ERROR e"));
  init_log(LogLevel::kDebug, LogFormat::kText);
  EXPECT_THAT(written([] { log::debug("d"); }), HasSubstr("DEBUG d"));
}

TEST(Log, DoesNotReadAMessageAsAFormat) {
  init_log(LogLevel::kInfo, LogFormat::kText);
  EXPECT_THAT(written([] { log::info("{} {0} %v %n", {{"a", "{}"}}); }),
              EndsWith("INFO  {} {0} %v %n a={}\n"));
}

}  // namespace
}  // namespace processhub

#include "kube/status_error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace processhub::kube {
namespace {

using nlohmann::json;

Error refusal(int code, const std::string& reason = "", Method method = Method::kPatch) {
  const json status = {{"kind", "Status"}, {"reason", reason}, {"message", "no"}, {"code", code}};
  return to_error(Response{.status = code, .body = status.dump()}, method);
}

TEST(StatusError, KindFollowsCodeAndReason) {
  EXPECT_EQ(refusal(400).kind, ErrorKind::kUnprocessable);
  EXPECT_EQ(refusal(401).kind, ErrorKind::kUnauthorized);
  EXPECT_EQ(refusal(403).kind, ErrorKind::kForbidden);
  EXPECT_EQ(refusal(404).kind, ErrorKind::kNotFound);
  EXPECT_EQ(refusal(409, "Conflict").kind, ErrorKind::kConflict);
  EXPECT_EQ(refusal(409, "AlreadyExists").kind, ErrorKind::kAlreadyExists);
  EXPECT_EQ(refusal(410, "Expired").kind, ErrorKind::kGone);
  EXPECT_EQ(refusal(415).kind, ErrorKind::kUnprocessable);
  EXPECT_EQ(refusal(422, "Invalid").kind, ErrorKind::kUnprocessable);
  EXPECT_EQ(refusal(429).kind, ErrorKind::kTooManyRequests);
  EXPECT_EQ(refusal(500).kind, ErrorKind::kServer);
  EXPECT_EQ(refusal(503).kind, ErrorKind::kServer);
  EXPECT_EQ(refusal(504).kind, ErrorKind::kTimeout);
  EXPECT_EQ(refusal(302).kind, ErrorKind::kServer);
}

TEST(StatusError, OnlyAWriteThatMetAServerErrorMayHaveBeenCarriedOut) {
  EXPECT_EQ(refusal(500).committed, Committed::kUnknown);
  EXPECT_EQ(refusal(504).committed, Committed::kUnknown);
  EXPECT_EQ(refusal(504, "", Method::kGet).committed, Committed::kNo);
  EXPECT_EQ(refusal(409).committed, Committed::kNo);
  EXPECT_EQ(refusal(429).committed, Committed::kNo);
}

TEST(StatusError, PodThatWasReplacedIsAConflictAlsoWhereTheServerSays422) {
  const Error error = to_error(Response{.status = 422, .body = R"({"kind":"Status","code":422,
      "reason":"Invalid","message":"Pod \"p\" is invalid: metadata.uid: field is immutable",
      "details":{"causes":[{"reason":"FieldValueInvalid","field":"metadata.uid"}]}})"},
                               Method::kPatch);
  EXPECT_EQ(error.kind, ErrorKind::kConflict);
  EXPECT_EQ(error.http_status, 422);
}

TEST(StatusError, WaitIsTheHeadersOrElseTheBodys) {
  Response response{.status = 429,
                    .body = R"({"kind":"Status","details":{"retryAfterSeconds":9}})"};
  EXPECT_EQ(to_error(response, Method::kGet).retry_after, std::chrono::seconds(9));
  response.retry_after = std::chrono::seconds(2);
  EXPECT_EQ(to_error(response, Method::kGet).retry_after, std::chrono::seconds(2));
}

TEST(StatusError, MessageIsTheServersButNeverEndless) {
  json status = {{"kind", "Status"}, {"message", std::string(5000, 'x')}};
  EXPECT_EQ(to_error(Response{.status = 400, .body = status.dump()}, Method::kGet).message.size(),
            1024U);
}

TEST(StatusError, WordsOfAProxyAreQuotedShortly) {
  const Error error =
      to_error(Response{.status = 502, .body = "<html>\nBad Gateway" + std::string(5000, '\xFF')},
               Method::kGet);
  EXPECT_EQ(error.kind, ErrorKind::kServer);
  EXPECT_NE(error.message.find("HTTP status 502"), std::string::npos);
  EXPECT_NE(error.message.find("<html> Bad Gateway"), std::string::npos);
  EXPECT_LT(error.message.size(), 400U);
  EXPECT_NO_THROW(static_cast<void>(json(error.message).dump()));  // valid UTF-8
}

TEST(StatusError, FieldsOfAWrongTypeAreLeftOut) {
  const Status status = read_status(json::parse(
      R"({"code":"410","reason":7,"message":null,"details":{"retryAfterSeconds":-1,"causes":{}}})"));
  EXPECT_EQ(status.code, 0);
  EXPECT_EQ(status.reason, "");
  EXPECT_EQ(status.retry_after, std::nullopt);
  EXPECT_NO_THROW(static_cast<void>(read_status(json::array())));
}

}  // namespace
}  // namespace processhub::kube

// Asks kubectl itself what a merge gives: once for each named case, and for random
// templates and patches. PROCESSHUB_SEED=N replays the random part of one seed.
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

#include "api/template_merge.h"
#include "unit/api/kubectl_merge.h"
#include "unit/api/merge_cases.h"

namespace processhub::api {
namespace {

using nlohmann::json;

constexpr int kPatches = 60;
constexpr int kBasesEach = 12;

class MergeAgainstKubectl : public testing::Test {
 protected:
  void SetUp() override {
    const auto found = test::find_kubectl();
    if (!found) GTEST_SKIP() << "no kubectl in PATH; set PROCESSHUB_KUBECTL";
    kubectl_ = *found;
  }

  void compare(const std::vector<json>& bases, const json& patch) {
    std::string complaint;
    const auto answers = test::kubectl_merge(kubectl_, bases, patch, &complaint);
    ASSERT_EQ(complaint.find("panic"), std::string::npos) << patch << complaint;
    for (size_t i = 0; i < bases.size(); ++i) {
      const auto ours = merge_template(bases[i], patch);
      ASSERT_EQ(ours.has_value(), answers[i].has_value())
          << "base " << bases[i] << "\npatch " << patch << "\nkubectl: " << complaint
          << "\nhere: " << (ours ? ours->dump() : ours.error().message);
      if (ours) {
        ASSERT_EQ(*ours, test::as_served(*answers[i]))
            << "base " << bases[i] << "\npatch " << patch << "\nkubectl " << *answers[i];
      }
    }
  }

  std::string kubectl_;
};

// Random pod templates and patches in which elements meet each other often.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  json base() {
    json spec{{"containers", elements("name", names(), 1, &Generator::container)}};
    if (maybe(2)) spec["volumes"] = elements("name", names(), 0, &Generator::volume);
    if (maybe(3)) spec["hostAliases"] = elements("ip", {"10.0.0.1", "10.0.0.2"}, 0, nullptr);
    if (maybe(3)) spec["tolerations"] = json::array({{{"key", pick(names())}}});
    if (maybe(3)) spec["nodeSelector"] = labels();
    if (maybe(3)) spec["securityContext"] = {{"runAsUser", number()}, {"fsGroup", number()}};
    json result{{"spec", spec}};
    if (maybe(2)) result["metadata"] = {{"labels", labels()}, {"finalizers", values()}};
    return result;
  }

  json patch() {
    patching_ = true;
    json spec = base()["spec"];
    if (maybe(4)) spec.erase("containers");
    if (maybe(4)) order(spec, "containers", "name");
    if (maybe(6)) spec["securityContext"] = nullptr;
    if (maybe(6)) spec["nodeSelector"] = {{"$patch", "replace"}, {"q", "1"}};
    if (maybe(8)) spec["nodeSelector"] = {{"$patch", "delete"}};
    if (maybe(8)) spec["volumes"] = nullptr;
    json result{{"spec", spec}};
    if (maybe(3)) result["metadata"] = {{"labels", labels()}};
    if (maybe(4)) {
      result["metadata"]["finalizers"] = values();
    } else if (maybe(4)) {
      result["metadata"]["$deleteFromPrimitiveList/finalizers"] = values();
    }
    patching_ = false;
    return result;
  }

 private:
  using Fill = void (Generator::*)(json&);
  using Names = std::vector<std::string>;

  bool maybe(int one_in) { return static_cast<int>(random_() % one_in) == 0; }
  int number() { return static_cast<int>(random_() % 5); }
  std::string pick(const Names& from) { return from[random_() % from.size()]; }
  static Names names() { return {"a", "b", "c", "d", "e"}; }

  json labels() {
    json map = json::object();
    for (int i = number(); i > 0; --i) {
      const std::string key = pick(names());
      if (patching_ && maybe(4)) {
        map[key] = nullptr;
      } else {
        map[key] = std::to_string(number());
      }
    }
    return map;
  }

  json values() {  // each once: kubectl's way with repeated ones depends on spare capacity
    Names all = names();
    std::shuffle(all.begin(), all.end(), random_);
    all.resize(random_() % (all.size() + 1));
    return all;
  }

  // Elements with different keys out of `keys`, in any order; in a patch also directives.
  json elements(const std::string& key, Names keys, size_t least, Fill fill) {
    std::shuffle(keys.begin(), keys.end(), random_);
    keys.resize(least + random_() % (keys.size() + 1 - least));
    json list = json::array();
    for (const std::string& name : keys) {
      json element{{key, name}};
      if (patching_ && maybe(6)) {
        element["$patch"] = "delete";
      } else if (fill != nullptr) {
        (this->*fill)(element);
      }
      list.push_back(std::move(element));
    }
    if (patching_ && maybe(12)) list.insert(list.begin(), json{{"$patch", "replace"}});
    return list;
  }

  void container(json& container) {
    if (maybe(2)) container["image"] = std::to_string(number());
    if (patching_ && maybe(5)) container["image"] = nullptr;
    if (maybe(2)) container["env"] = elements("name", {"X", "Y", "Z"}, 0, &Generator::variable);
    if (patching_ && container.contains("env") && maybe(3)) order(container, "env", "name");
    if (maybe(3)) container["args"] = values();
    if (maybe(3)) container["ports"] = ports();
    if (maybe(3)) {
      container["volumeMounts"] = elements("mountPath", {"/x", "/y"}, 0, &Generator::variable);
    }
    if (maybe(4)) container["resources"] = {{"requests", labels()}};
  }

  void variable(json& variable) {
    if (maybe(2)) variable["value"] = std::to_string(number());
    if (patching_ && maybe(5)) variable["value"] = nullptr;
  }

  void volume(json& volume) {
    const std::string source = maybe(2) ? "emptyDir" : "configMap";
    volume[source] = {{"name", pick(names())}};
    if (patching_ && maybe(2)) volume["$retainKeys"] = {"name", source};
  }

  json ports() {
    json list = json::array();
    for (int port = 80; port < 83; ++port) {
      if (maybe(2)) list.push_back({{"containerPort", port}, {"name", std::to_string(number())}});
    }
    std::shuffle(list.begin(), list.end(), random_);
    return list;
  }

  // $setElementOrder over the elements of object[list] and some others.
  void order(json& object, const std::string& list, const std::string& key) {
    json wanted = json::array();
    Names others = key == "name" && list == "env" ? Names{"X", "Y", "Z", "W"} : names();
    std::shuffle(others.begin(), others.end(), random_);
    std::vector<std::string> mine;
    for (const json& element : object.value(list, json::array())) {
      if (!element.contains("$patch")) mine.push_back(element[key]);
      if (element.contains(key)) std::erase(others, element[key].get<std::string>());
    }
    for (const std::string& name : mine) {
      while (!others.empty() && maybe(2)) {
        wanted.push_back({{key, others.back()}});
        others.pop_back();
      }
      wanted.push_back({{key, name}});
    }
    object["$setElementOrder/" + list] = wanted;
  }

  std::mt19937 random_;
  bool patching_ = false;
};

TEST_F(MergeAgainstKubectl, NamedCases) {
  for (const test::MergeCase& named : test::merge_cases()) {
    SCOPED_TRACE(named.name);
    compare({json::parse(named.base)}, json::parse(named.patch));
    if (HasFatalFailure()) return;
  }
}

TEST_F(MergeAgainstKubectl, RandomTemplates) {
  const char* given = std::getenv("PROCESSHUB_SEED");
  const unsigned first = given != nullptr ? std::strtoul(given, nullptr, 10) : 1;
  for (unsigned seed = first; seed < first + (given != nullptr ? 1 : kPatches); ++seed) {
    SCOPED_TRACE("PROCESSHUB_SEED=" + std::to_string(seed));
    Generator generator(seed);
    std::vector<json> bases;
    for (int i = 0; i < kBasesEach; ++i) bases.push_back(generator.base());
    compare(bases, generator.patch());
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace processhub::api

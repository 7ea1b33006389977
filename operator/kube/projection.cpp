#include "kube/projection.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "kube/json_text.h"

namespace processhub::kube {

using nlohmann::json;

struct Projection::Node {
  struct Step;
  bool keep = false;  // this value and all below it
  std::vector<Step> exact;
  std::vector<Step> prefixes;  // "" is `*`

  // Null pointer where the field `name` is not wanted. Of several fitting steps the first
  // wins: the exact one, then the prefixes in the order in which they were given.
  [[nodiscard]] const Node* below(std::string_view name) const;
  void add(std::string_view path);

 private:
  Node& step(bool prefix, std::string_view name);
};

struct Projection::Node::Step {
  std::string name;
  Node node = {};
};

const Projection::Node* Projection::Node::below(std::string_view name) const {
  if (keep) return this;
  for (const Step& step : exact) {
    if (step.name == name) return &step.node;
  }
  for (const Step& step : prefixes) {
    if (name.starts_with(step.name)) return &step.node;
  }
  return nullptr;
}

void Projection::Node::add(std::string_view path) {
  if (path.empty()) {
    keep = true;
    return;
  }
  std::string_view name;
  if (path.front() == '[') {
    const size_t end = path.find(']');
    name = path.substr(1, end - 1);
    path.remove_prefix(end + 1);
  } else {
    name = path.substr(0, path.find_first_of(".["));
    path.remove_prefix(name.size());
  }
  if (path.starts_with('.')) path.remove_prefix(1);
  const bool prefix = name.ends_with('*');
  if (prefix) name.remove_suffix(1);
  step(prefix, name).add(path);
}

Projection::Node& Projection::Node::step(bool prefix, std::string_view name) {
  std::vector<Step>& steps = prefix ? prefixes : exact;
  for (Step& step : steps) {
    if (step.name == name) return step.node;
  }
  return steps.emplace_back(Step{.name = std::string(name)}).node;
}

Projection::Projection(std::initializer_list<std::string_view> paths) {
  auto root = std::make_shared<Node>();
  for (const std::string_view path : paths) root->add(path);
  root_ = std::move(root);
}

Projection Projection::with(std::initializer_list<std::string_view> paths) const {
  auto root = std::make_shared<Node>(*root_);
  for (const std::string_view path : paths) root->add(path);
  Projection more({});
  more.root_ = std::move(root);
  return more;
}

namespace {

constexpr int kMaxDepth = 64;

// Builds one JSON value from SAX events, leaving out what the mask does not name.
class Builder {
 public:
  explicit Builder(const Projection::Node& mask) : mask_(&mask) {}

  void key(std::string& name) {
    if (skipped_ > 0) return;
    key_ = std::move(name);
    wanted_ = stack_.back().mask->below(key_);
  }

  void scalar(json value) {
    if (skipped_ > 0) return;
    // A scalar where the mask expects more below it is kept: decoding can then name it.
    place(std::move(value), wanted());
  }

  void begin(json container) {
    const Projection::Node* mask = skipped_ > 0 ? nullptr : wanted();
    if (mask == nullptr) {
      ++skipped_;
      return;
    }
    json* placed = place(std::move(container), mask);
    stack_.push_back({placed, mask});
  }

  void end() {
    if (skipped_ > 0) {
      --skipped_;
    } else {
      stack_.pop_back();
    }
  }

  // True after an event that completed the value.
  [[nodiscard]] bool complete() const { return stack_.empty() && skipped_ == 0; }
  [[nodiscard]] json take() { return std::move(root_); }

 private:
  struct Frame {
    json* value;
    const Projection::Node* mask;
  };

  // The mask of the value that begins now: elements of an array have that of the array.
  [[nodiscard]] const Projection::Node* wanted() const {
    if (stack_.empty()) return mask_;
    return stack_.back().value->is_array() ? stack_.back().mask : wanted_;
  }

  json* place(json value, const Projection::Node* mask) {
    if (mask == nullptr) return nullptr;
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json& parent = *stack_.back().value;
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }

  const Projection::Node* mask_;
  json root_;
  std::vector<Frame> stack_;
  std::string key_;
  const Projection::Node* wanted_ = nullptr;
  int skipped_ = 0;  // containers that are open but not wanted
};

// Reads an object's fields, each with the mask that `mask_for` has for it, and hands over
// each finished value; of the field `stream` each element by itself.
class Envelope final : public json::json_sax_t {
 public:
  using MaskFor = std::function<const Projection::Node*(const std::string& key)>;
  using OnValue = std::function<void(const std::string& key, json&& value)>;

  Envelope(MaskFor mask_for, OnValue on_value, std::string stream = {})
      : mask_for_(std::move(mask_for)),
        on_value_(std::move(on_value)),
        stream_(std::move(stream)) {}

  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(number_integer_t value) override { return scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(value); }
  bool number_float(number_float_t value, const string_t&) override { return scalar(value); }
  bool string(string_t& value) override { return scalar(std::move(value)); }
  bool binary(binary_t&) override { return give_up("it holds binary data"); }
  bool start_object(size_t) override { return begin(json::object()); }
  bool end_object() override { return end(); }
  bool start_array(size_t) override { return begin(json::array()); }
  bool end_array() override { return end(); }

  bool key(string_t& name) override {
    if (builder_) {
      builder_->key(name);
    } else if (depth_ == 1) {
      key_ = std::move(name);
      mask_ = mask_for_(key_);
    }
    return true;
  }

  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    // The library's own message quotes what it met; the place is enough, and holds no secret.
    return give_up("it is no valid JSON at byte " + std::to_string(position));
  }

 private:
  bool give_up(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  // Whether a value that begins now is one to hand over.
  [[nodiscard]] bool at_value() const {
    if (mask_ == nullptr) return false;
    return streaming_ ? depth_ == 2 : depth_ == 1;
  }

  bool scalar(json value) {
    if (depth_ == 0) return give_up("it is no JSON object");
    if (builder_) {
      builder_->scalar(std::move(value));
    } else if (at_value()) {
      on_value_(key_, std::move(value));
    }
    return true;
  }

  bool begin(json container) {
    if (depth_ == 0 && !container.is_object()) return give_up("it is no JSON object");
    const bool value = !builder_ && at_value();
    if (++depth_ > kMaxDepth) return give_up("it is nested too deeply");
    if (value && !streaming_ && key_ == stream_) {
      if (!container.is_array()) return give_up("its " + stream_ + " are no array");
      streaming_ = true;
      return true;
    }
    if (value) builder_.emplace(*mask_);
    if (builder_) builder_->begin(std::move(container));
    return true;
  }

  bool end() {
    --depth_;
    if (builder_) {
      builder_->end();
      if (builder_->complete()) {
        json value = builder_->take();
        builder_.reset();
        on_value_(key_, std::move(value));
      }
    } else if (depth_ == 1) {
      streaming_ = false;
    }
    return true;
  }

  MaskFor mask_for_;
  OnValue on_value_;
  std::string stream_;
  std::string key_;
  const Projection::Node* mask_ = nullptr;
  std::optional<Builder> builder_;
  bool streaming_ = false;
  int depth_ = 0;
  std::string problem_;
};

const Projection::Node& all() {
  static const Projection projection = Projection::everything();
  return projection.root();
}

// `what`: the thing that was read, for the message.
Result<void> run(std::string_view body, Envelope& envelope, std::string_view what) {
  try {
    if (json::sax_parse(body, &envelope)) return {};
  } catch (const std::exception& exception) {
    return fail(ErrorKind::kInvalid,
                "cannot read " + std::string(what) + ": " + clean_text(exception.what(), 200));
  }
  return fail(ErrorKind::kInvalid,
              "cannot read " + std::string(what) + " from the API server: " + envelope.problem());
}

}  // namespace

Result<ListMeta> parse_list(std::string_view body, const Projection& mask,
                            const std::function<void(json&&)>& on_item) {
  ListMeta meta;
  bool has_items = false;
  Envelope envelope(
      [&](const std::string& key) -> const Projection::Node* {
        if (key == "items") {
          has_items = true;
          return &mask.root();
        }
        return key == "metadata" ? &all() : nullptr;
      },
      [&](const std::string& key, json&& value) {
        if (key == "items") {
          if (value.is_object()) on_item(std::move(value));  // `items: null` is an empty list
        } else if (value.is_object()) {
          meta.version = ResourceVersion(text_at(value, "resourceVersion"));
          meta.continue_token = text_at(value, "continue");
        }
      },
      "items");
  if (const auto read = run(body, envelope, "a list"); !read) return tl::unexpected(read.error());
  if (!has_items) {
    return fail(ErrorKind::kInvalid, "cannot read a list from the API server: it has no items");
  }
  return meta;
}

Result<WatchEvent> parse_watch_line(std::string_view line, const Projection& mask) {
  static const std::vector<std::pair<std::string_view, WatchType>> kTypes = {
      {"ADDED", WatchType::kAdded},     {"MODIFIED", WatchType::kModified},
      {"DELETED", WatchType::kDeleted}, {"BOOKMARK", WatchType::kBookmark},
      {"ERROR", WatchType::kError},
  };
  WatchEvent event;
  std::string type;
  Envelope envelope(
      [&](const std::string& key) -> const Projection::Node* {
        if (key == "type") return &all();
        if (key != "object") return nullptr;
        // The server writes the type first; should it not, nothing is left out.
        return type.empty() || type == "ERROR" ? &all() : &mask.root();
      },
      [&](const std::string& key, json&& value) {
        if (key == "object") {
          event.object = std::move(value);
        } else if (value.is_string()) {
          type = value.get<std::string>();
        }
      });
  if (const auto read = run(line, envelope, "a watch event"); !read) {
    return tl::unexpected(read.error());
  }
  for (const auto& [name, value] : kTypes) {
    if (type != name) continue;
    event.type = value;
    if (!event.object.is_object()) {
      return fail(ErrorKind::kInvalid, "cannot read a watch event: it has no object");
    }
    if (value == WatchType::kError) {
      event.status = read_status(event.object);
      event.object = nullptr;
    }
    return event;
  }
  return fail(ErrorKind::kInvalid,
              "cannot read a watch event: its type is \"" + clean_text(type, 40) + "\"");
}

Result<json> parse_object(std::string_view body, const Projection& mask) {
  json object = json::object();
  Envelope envelope([&](const std::string& key) { return mask.root().below(key); },
                    [&](const std::string& key, json&& value) { object[key] = std::move(value); });
  if (const auto read = run(body, envelope, "an object"); !read) {
    return tl::unexpected(read.error());
  }
  return object;
}

}  // namespace processhub::kube

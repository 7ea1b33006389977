#include "base/log.h"

#include <cstdio>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace processhub {
namespace {

// The fields of the entry that this thread is writing: spdlog hands a formatter the
// message alone. The loggers are synchronous, so it runs within the call.
thread_local const log::Fields* current_fields = nullptr;

std::string_view name_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    default:
      return "error";
  }
}

std::string time_of(const spdlog::details::log_msg& entry) {
  return format_micro_time(std::chrono::time_point_cast<std::chrono::microseconds>(entry.time));
}

// On one line: control characters (also U+0080 to U+009F and DEL, which move a
// terminal's cursor) as \n, \t, \r or \xNN.
std::string on_one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte == '\n') {
      line += "\\n";
    } else if (byte == '\t') {
      line += "\\t";
    } else if (byte == '\r') {
      line += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
      line += fmt::format("\\x{:02x}", next);
      ++i;
    } else {
      line += text[i];
    }
  }
  return line;
}

// Quoted where it could not be told from what stands around it.
std::string quoted_if_needed(const std::string& text) {
  if (!text.empty() && text.find_first_of(" =\"\\") == std::string::npos) return on_one_line(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return on_one_line(quoted) + '"';
}

std::string as_text(const log::Field::Value& value) {
  return std::visit(
      [](const auto& held) {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>) {
          return quoted_if_needed(held);
        } else {
          return fmt::format("{}", held);
        }
      },
      value);
}

std::string text_line(const spdlog::details::log_msg& entry) {
  std::string level(name_of(entry.level));
  for (char& c : level) c = static_cast<char>(c - 'a' + 'A');
  std::string line = fmt::format("{} {:<5} ", time_of(entry), level);
  line += on_one_line({entry.payload.data(), entry.payload.size()});
  if (current_fields != nullptr) {
    for (const log::Field& field : *current_fields) {
      line += fmt::format(" {}={}", on_one_line(field.name()), as_text(field.value()));
    }
  }
  return line;
}

std::string json_line(const spdlog::details::log_msg& entry) {
  nlohmann::ordered_json object;
  object["ts"] = time_of(entry);
  object["level"] = name_of(entry.level);
  if (entry.logger_name.size() > 0) {
    object["logger"] = std::string_view(entry.logger_name.data(), entry.logger_name.size());
  }
  object["msg"] = std::string_view(entry.payload.data(), entry.payload.size());
  if (current_fields != nullptr) {
    for (const log::Field& field : *current_fields) {
      std::visit([&](const auto& value) { object.emplace(std::string(field.name()), value); },
                 field.value());
    }
  }
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

class Formatter final : public spdlog::formatter {
 public:
  explicit Formatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& entry, spdlog::memory_buf_t& out) override {
    std::string line = format_ == LogFormat::kJson ? json_line(entry) : text_line(entry);
    line += '\n';
    out.append(line.data(), line.data() + line.size());
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<Formatter>(format_);
  }

 private:
  LogFormat format_;
};

std::shared_ptr<spdlog::logger> make_logger(LogLevel level, LogFormat format) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<Formatter>(format));
  // The log itself has failed: there is no better place to say so.
  logger->set_error_handler([](const std::string& what) {
    std::fputs(("cannot write the log: " + on_one_line(what) + "\n").c_str(), stderr);
  });
  switch (level) {
    case LogLevel::kDebug:
      logger->set_level(spdlog::level::debug);
      break;
    case LogLevel::kInfo:
      logger->set_level(spdlog::level::info);
      break;
    case LogLevel::kWarn:
      logger->set_level(spdlog::level::warn);
      break;
    case LogLevel::kError:
      logger->set_level(spdlog::level::err);
      break;
  }
  return logger;
}

std::shared_ptr<spdlog::logger>& our_logger() {
  static std::shared_ptr<spdlog::logger> logger = make_logger(LogLevel::kInfo, LogFormat::kText);
  return logger;
}

void write(spdlog::level::level_enum level, std::string_view message, const log::Fields& fields) {
  spdlog::logger& logger = *our_logger();
  if (!logger.should_log(level)) return;
  current_fields = &fields;
  logger.log(level, spdlog::string_view_t(message.data(), message.size()));
  current_fields = nullptr;
}

}  // namespace

void init_log(LogLevel level, LogFormat format) {
  our_logger() = make_logger(level, format);
  spdlog::set_default_logger(our_logger());  // for a library that logs by spdlog itself
}

namespace log {

void debug(std::string_view message, Fields fields) {
  write(spdlog::level::debug, message, fields);
}
void info(std::string_view message, Fields fields) { write(spdlog::level::info, message, fields); }
void warn(std::string_view message, Fields fields) { write(spdlog::level::warn, message, fields); }
void error(std::string_view message, Fields fields) { write(spdlog::level::err, message, fields); }

}  // namespace log
}  // namespace processhub

#include "api/service_ports.h"

#include <algorithm>
#include <set>
#include <utility>

#include "api/label_syntax.h"
#include "api/limits.h"

namespace processhub::api {

using nlohmann::json;

namespace {

// The name of a container's port (IANA_SVC_NAME).
bool is_port_name(std::string_view name) {
  return is_dns_label(name) && name.size() <= kMaxPortNameLength &&
         name.find("--") == std::string_view::npos &&
         std::any_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

std::string read_target_port(const Fields& fields, std::string_view name) {
  const json* value = fields.find(name);
  if (value == nullptr) return {};
  if (value->is_number_integer()) {
    const auto number = value->get<int64_t>();
    if (number >= kPort.least && number <= kPort.most) return std::to_string(number);
  } else if (const auto* text = value->get_ptr<const std::string*>()) {
    if (is_port_name(*text)) return *text;
  }
  fields.refuse(name,
                "must be an integer from 1 to 65535, or the name of a container's port (at most 15 "
                "lower-case letters, digits and single '-', with a letter)");
  return {};
}

ServicePort read_port(const Fields& fields) {
  ServicePort port{.name = fields.text("name"),
                   .protocol = fields.text("protocol", "TCP"),
                   .port = fields.integer("port", 0, kPort),
                   .target_port = read_target_port(fields, "targetPort"),
                   .app_protocol = fields.text("appProtocol")};
  if (fields.find("port") == nullptr) fields.refuse("port", "is required: what the Service has");
  if (fields.find("name") != nullptr && !is_dns_label(port.name)) {
    fields.refuse("name",
                  "must be a DNS label: at most 63 lower-case letters, digits and '-', with a "
                  "letter or digit at both ends");
  }
  if (port.protocol != "TCP" && port.protocol != "UDP" && port.protocol != "SCTP") {
    fields.refuse("protocol", "must be TCP, UDP or SCTP, not \"" + port.protocol + "\"");
  }
  if (fields.find("appProtocol") != nullptr && !is_label_key(port.app_protocol)) {
    fields.refuse("appProtocol",
                  "must be a name such as http or kubernetes.io/h2c: [prefix/]name of letters, "
                  "digits, '-', '_' and '.'");
  }
  return port;
}

}  // namespace

ServiceSpec read_service(const Fields& fields) {
  ServiceSpec service{.enabled = fields.boolean("enabled", ServiceSpec{}.enabled)};
  const std::vector<Fields> entries = fields.list("ports", kMaxServicePorts);
  std::set<std::string> names;
  std::set<std::pair<int, std::string>> ports;
  for (const Fields& entry : entries) {
    ServicePort port = read_port(entry);
    if (!ports.emplace(port.port, port.protocol).second) {
      entry.refuse("port", "another port has this number and protocol");
    }
    if (!port.name.empty() && !names.insert(port.name).second) {
      fields.refuse("ports",
                    "the names of ports must differ: \"" + port.name + "\" is there twice");
    }
    service.ports.push_back(std::move(port));
  }
  if (entries.size() > 1 && std::any_of(entries.begin(), entries.end(), [](const Fields& entry) {
        return entry.find("name") == nullptr;
      })) {
    fields.refuse("ports", "each of several ports must have a name");
  }
  if (service.enabled && service.ports.empty()) {
    fields.refuse("ports", "needs at least one port where service.enabled is true");
  }
  return service;
}

}  // namespace processhub::api

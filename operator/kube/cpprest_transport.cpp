#include "kube/cpprest_transport.h"

#include <pplx/threadpool.h>
#include <utility>

#include "kube/cpprest_waiting.h"
#include "kube/cpprest_wire.h"
#include "kube/tls.h"

namespace processhub::kube {

using cpprest::Waiting;
using cpprest::Wire;
using std::chrono::milliseconds;

namespace {

// What the user of a stream holds.
class StreamHandle final : public Stream {
 public:
  StreamHandle(uint64_t id, const std::shared_ptr<Waiting>& waiting,
               const std::shared_ptr<Wire>& wire)
      : id_(id), waiting_(waiting), wire_(wire) {}

  ~StreamHandle() override {
    if (const auto waiting = waiting_.lock()) waiting->streams.erase(id_);
    if (const auto wire = wire_.lock()) wire->drop(id_);
  }

 private:
  uint64_t id_;
  std::weak_ptr<Waiting> waiting_;
  std::weak_ptr<Wire> wire_;
};

}  // namespace

CpprestTransport::CpprestTransport(ConnectionConfig config, Executor& executor,
                                   const FileReader& files, const Clock& clock,
                                   TransportOptions options)
    : waiting_(std::make_shared<Waiting>()),
      wire_(std::make_shared<Wire>(std::move(config), executor, files, clock, std::move(options),
                                   waiting_)) {
  prepare_process();
}

CpprestTransport::~CpprestTransport() { wire_->stop(); }

void CpprestTransport::send(Request request, std::function<void(Result<Response>)> done) {
  const uint64_t id = next_id_++;
  waiting_->requests.emplace(id, std::move(done));
  if (!request.server.empty()) return wire_->start_direct(id, std::move(request));
  wire_->start(id, std::move(request), std::nullopt);
}

void CpprestTransport::connect(std::string address, int port, milliseconds deadline,
                               std::function<void(Result<void>)> done) {
  const uint64_t id = next_id_++;
  waiting_->connects.emplace(id, std::move(done));
  wire_->start_connect(id, std::move(address), port, deadline);
}

std::unique_ptr<Stream> CpprestTransport::stream(Request request, milliseconds idle_limit,
                                                 StreamCallbacks callbacks) {
  const uint64_t id = next_id_++;
  waiting_->streams.emplace(id, std::make_shared<StreamCallbacks>(std::move(callbacks)));
  wire_->start(id, std::move(request), idle_limit);
  return std::make_unique<StreamHandle>(id, waiting_, wire_);
}

void prepare_process() {
  static const bool done = [] {
    disable_default_roots();
    crossplat::threadpool::initialize_with_threads(1);
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace processhub::kube

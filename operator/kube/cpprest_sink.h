// Where the library writes the body of an answer. It writes on its one thread and takes no
// failure: a task that fails hangs the request, an exception ends the process. Private to
// the transport.
#pragma once

#include <cpprest/astreambuf.h>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace processhub::kube::cpprest {

class Sink final : public Concurrency::streams::details::streambuf_state_manager<uint8_t> {
 public:
  using OnData = std::function<void(std::string_view)>;
  explicit Sink(OnData on_data)
      : streambuf_state_manager<uint8_t>(std::ios_base::out), on_data_(std::move(on_data)) {}

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(size_t, std::ios_base::openmode) override {}
  size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return pos_type(off_type(-1)); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return pos_type(off_type(-1)); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return pos_type(off_type(-1));
  }
  bool acquire(uint8_t*& pointer, size_t& count) override {
    pointer = nullptr;
    count = 0;
    return false;
  }
  void release(uint8_t*, size_t) override {}

 protected:
  pplx::task<int_type> _putc(uint8_t byte) override {
    take(&byte, 1);
    return pplx::task_from_result<int_type>(byte);
  }
  pplx::task<size_t> _putn(const uint8_t* bytes, size_t count) override {
    take(bytes, count);
    return pplx::task_from_result(count);
  }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  uint8_t* _alloc(size_t) override { return nullptr; }
  void _commit(size_t) override {}

  // The reading half, which is never used.
  pplx::task<int_type> _bumpc() override { return pplx::task_from_result(traits::eof()); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return pplx::task_from_result(traits::eof()); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return pplx::task_from_result(traits::eof()); }
  pplx::task<int_type> _ungetc() override { return pplx::task_from_result(traits::eof()); }
  pplx::task<size_t> _getn(uint8_t*, size_t) override { return pplx::task_from_result(size_t{0}); }
  size_t _scopy(uint8_t*, size_t) override { return 0; }

 private:
  void take(const uint8_t* bytes, size_t count) noexcept {
    on_data_({reinterpret_cast<const char*>(bytes), count});
  }

  OnData on_data_;
};

}  // namespace processhub::kube::cpprest

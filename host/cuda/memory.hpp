/// Memory of the device, and pinned memory of the host, owned; streams and events.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <host/cuda/check.hpp>

namespace cuglmm::cuda {

class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { log_failure(cudaStreamDestroy(stream_)); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }
  void wait() const { check(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~Event() { log_failure(cudaEventDestroy(event_)); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(const Stream& stream) { check(cudaEventRecord(event_, stream.get())); }
  void wait() const { check(cudaEventSynchronize(event_)); }

 private:
  cudaEvent_t event_ = nullptr;
};

/// n values on the device, unset. Empty: no memory.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t n) : size_(n) {
    if (n > 0) check(cudaMalloc(reinterpret_cast<void**>(&data_), n * sizeof(T)));
  }
  DeviceArray(DeviceArray&& other) noexcept { swap(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceArray() {
    if (data_) log_failure(cudaFree(data_));
  }
  T* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  void swap(DeviceArray& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// n values of the host that the device copies to and from while the host goes on.
template <class T>
class PinnedArray {
 public:
  explicit PinnedArray(std::size_t n) {
    if (n > 0) check(cudaMallocHost(reinterpret_cast<void**>(&data_), n * sizeof(T)));
  }
  PinnedArray(const PinnedArray&) = delete;
  PinnedArray& operator=(const PinnedArray&) = delete;
  ~PinnedArray() {
    if (data_) log_failure(cudaFreeHost(data_));
  }
  T* data() const { return data_; }
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
};

/// Copies from and to the host, in the order of a stream. They wait: were one still queued when a later call
/// throws, the host's memory would be gone before it runs.
template <class T>
void upload(T* to, const T* from, std::size_t n, const Stream& stream) {
  if (n == 0) return;
  check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyHostToDevice, stream.get()));
  stream.wait();
}
template <class T>
void download(T* to, const T* from, std::size_t n, const Stream& stream) {
  if (n == 0) return;
  check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyDeviceToHost, stream.get()));
  stream.wait();
}
/// Queued; the memory is given up by a call that waits for it.
template <class T>
void download_later(const PinnedArray<T>& to, const T* from, std::size_t n, const Stream& stream) {
  if (n > 0) check(cudaMemcpyAsync(to.data(), from, n * sizeof(T), cudaMemcpyDeviceToHost, stream.get()));
}
/// On the device, queued.
template <class T>
void copy(T* to, const T* from, std::size_t n, const Stream& stream) {
  if (n > 0) check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyDeviceToDevice, stream.get()));
}
template <class T>
void fill_zero(T* values, std::size_t n, const Stream& stream) {
  if (n > 0) check(cudaMemsetAsync(values, 0, n * sizeof(T), stream.get()));
}

/// Many small arrays as one block of device memory: add them all, upload once, ask where each is.
class Arena {
 public:
  using Place = std::size_t;

  template <class T>
  Place add(const T* values, std::size_t n) {
    const Place place = (bytes_.size() + 15) / 16 * 16;
    bytes_.resize(place);
    const auto* from = reinterpret_cast<const unsigned char*>(values);
    bytes_.insert(bytes_.end(), from, from + n * sizeof(T));
    return place;
  }
  template <class T>
  Place add(const std::vector<T>& values) {
    return add(values.data(), values.size());
  }
  /// Waits until it is there.
  void upload(const Stream& stream) {
    block_ = DeviceArray<unsigned char>(bytes_.size());
    cuda::upload(block_.data(), bytes_.data(), bytes_.size(), stream);
    bytes_ = {};
  }
  template <class T>
  const T* at(Place place) const {
    return reinterpret_cast<const T*>(block_.data() + place);
  }

 private:
  std::vector<unsigned char> bytes_;
  DeviceArray<unsigned char> block_;
};

}  // namespace cuglmm::cuda

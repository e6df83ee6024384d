#include "streams.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <optional>

#include "calls.hpp"
#include "memory.hpp"

using Ticket = std::uint64_t;  // in the order of the calls

struct Work {
  Ticket ticket;
  std::function<void()> run;
  bool releases;
};

struct CUstream_st {
  bool blocking = true;  ///< ordered with the default stream
  long call = 0;
  std::deque<Work> queue{};
};

struct CUevent_st {
  struct Record {
    cudaStream_t stream;
    Ticket ticket = 0;
    std::optional<std::chrono::steady_clock::time_point> time{};
  };
  bool timed;
  long call;
  std::shared_ptr<Record> latest{};
};

namespace cuglmm::emulation {
namespace {

struct Streams {
  std::list<CUstream_st> list{1};  ///< the first is the default stream
  std::list<CUevent_st> events;
  Ticket next = 0;
};
Streams& streams() {
  static Streams s;
  return s;
}

/// Null where there is none.
CUstream_st* find(cudaStream_t stream) {
  if (stream == nullptr || stream == cudaStreamLegacy) return &streams().list.front();
  for (CUstream_st& s : streams().list)
    if (&s == stream && stream != &streams().list.front()) return &s;
  return nullptr;
}

bool is_event(cudaEvent_t event) {
  for (const CUevent_st& e : streams().events)
    if (&e == event) return true;
  fault("no such event");
  return false;
}

void run_through(CUstream_st& stream, Ticket ticket);

/// Whether there was something.
bool run_next(CUstream_st& stream, Ticket ticket) {
  if (stream.queue.empty() || stream.queue.front().ticket > ticket) return false;
  const Work work = std::move(stream.queue.front());
  stream.queue.pop_front();
  CUstream_st& first = streams().list.front();
  if (&stream == &first) {
    for (CUstream_st& other : streams().list)
      if (other.blocking && &other != &first) run_through(other, work.ticket);
  } else if (stream.blocking) {
    run_through(first, work.ticket);
  }
  work.run();
  return true;
}

void run_through(CUstream_st& stream, Ticket ticket) {
  const Open open;
  while (run_next(stream, ticket)) continue;
}

bool complete(const CUevent_st::Record& record) {
  const CUstream_st* stream = find(record.stream);  // none: it was emptied when it was destroyed
  return stream == nullptr || stream->queue.empty() || stream->queue.front().ticket > record.ticket;
}

void run_through(const CUevent_st::Record& record) {
  if (CUstream_st* stream = find(record.stream)) run_through(*stream, record.ticket);
}

cudaError_t create_stream(cudaStream_t* out, unsigned flags) {
  streams().list.push_back({(flags & cudaStreamNonBlocking) == 0, current_call()});
  *out = &streams().list.back();
  return cudaSuccess;
}

cudaError_t create_event(cudaEvent_t* out, unsigned flags) {
  streams().events.push_back({(flags & cudaEventDisableTiming) == 0, current_call()});
  *out = &streams().events.back();
  return cudaSuccess;
}

cudaError_t record(cudaEvent_t event, cudaStream_t stream) {
  if (!is_event(event) || !is_stream(stream)) return cudaErrorInvalidResourceHandle;
  const auto made = std::make_shared<CUevent_st::Record>(CUevent_st::Record{stream});
  event->latest = made;
  const cudaError_t error = enqueue(stream, [made] { made->time = std::chrono::steady_clock::now(); });
  made->ticket = streams().next - 1;
  return error;
}

cudaError_t elapsed(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  if (!is_event(from) || !is_event(to) || !from->timed || !to->timed || !from->latest || !to->latest)
    return cudaErrorInvalidResourceHandle;
  if (!complete(*from->latest) || !complete(*to->latest)) return cudaErrorNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(*to->latest->time - *from->latest->time).count();
  return cudaSuccess;
}

cudaError_t with_stream(const char* name, cudaStream_t stream, const std::function<cudaError_t()>& body) {
  return call(name, cudaErrorLaunchFailure,
              [&] { return is_stream(stream) ? body() : cudaErrorInvalidResourceHandle; });
}

cudaError_t with_event(const char* name, cudaEvent_t event, const std::function<cudaError_t()>& body) {
  return call(name, cudaErrorLaunchFailure,
              [&] { return is_event(event) ? body() : cudaErrorInvalidResourceHandle; });
}

}  // namespace

bool is_stream(cudaStream_t stream) {
  if (find(stream) != nullptr) return true;
  fault("no such stream");
  return false;
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work, bool releases) {
  CUstream_st* s = find(stream);
  if (s == nullptr) return is_stream(stream), cudaErrorInvalidResourceHandle;
  s->queue.push_back({streams().next++, std::move(work), releases});
  return cudaSuccess;
}

void run_stream(cudaStream_t stream) { run_through(*find(stream), ~Ticket{0}); }

void run_device() {
  std::vector<CUstream_st*> all;
  for (CUstream_st& s : streams().list) all.push_back(&s);
  if (settings().order == Order::backwards) std::reverse(all.begin(), all.end());
  for (CUstream_st* s : all) run_through(*s, ~Ticket{0});
}

void abandon_streams() {
  for (CUstream_st& stream : streams().list) {
    for (const Work& work : stream.queue)
      if (work.releases) work.run();
    stream.queue.clear();
  }
}

void forget_streams() {
  abandon_streams();
  streams().list.resize(1);
  streams().events.clear();
}

std::vector<std::string> live_streams() {
  std::vector<std::string> result;
  for (const CUstream_st& s : streams().list)
    if (&s != &streams().list.front()) result.push_back("stream from call " + std::to_string(s.call));
  return result;
}

std::vector<std::string> live_events() {
  std::vector<std::string> result;
  for (const CUevent_st& e : streams().events) result.push_back("event from call " + std::to_string(e.call));
  return result;
}

}  // namespace cuglmm::emulation

using namespace cuglmm::emulation;

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return call("cudaStreamCreate", cudaErrorMemoryAllocation, [&] { return create_stream(stream, 0); });
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return call("cudaStreamCreateWithFlags", cudaErrorMemoryAllocation,
              [&] { return create_stream(stream, flags); });
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int) {
  return call("cudaStreamCreateWithPriority", cudaErrorMemoryAllocation,
              [&] { return create_stream(stream, flags); });
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return release_call("cudaStreamDestroy", [&] {
    if (stream == nullptr || !is_stream(stream)) return cudaErrorInvalidResourceHandle;
    run_stream(stream);  // on a device it goes on alone
    streams().list.remove_if([&](const CUstream_st& s) { return &s == stream; });
    return cudaSuccess;
  });
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return with_stream("cudaStreamSynchronize", stream, [&] { return run_stream(stream), cudaSuccess; });
}
/// A step on every call, so that a loop that polls ends.
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return with_stream("cudaStreamQuery", stream, [&] {
    const Open open;
    return run_next(*find(stream), ~Ticket{0}) ? cudaErrorNotReady : cudaSuccess;
  });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return with_stream("cudaStreamWaitEvent", stream, [&] {
    if (!is_event(event)) return cudaErrorInvalidResourceHandle;
    if (event->latest == nullptr) return cudaSuccess;
    return enqueue(stream, [record = event->latest] { run_through(*record); });
  });
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return with_stream("cudaLaunchHostFunc", stream, [&] {
    return enqueue(stream, [=] {
      const Closed closed;
      function(data);
    });
  });
}
cudaError_t cudaDeviceSynchronize() {
  return call("cudaDeviceSynchronize", cudaErrorLaunchFailure, [] { return run_device(), cudaSuccess; });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return call("cudaEventCreate", cudaErrorMemoryAllocation, [&] { return create_event(event, 0); });
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return call("cudaEventCreateWithFlags", cudaErrorMemoryAllocation,
              [&] { return create_event(event, flags); });
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return release_call("cudaEventDestroy", [&] {
    if (!is_event(event)) return cudaErrorInvalidResourceHandle;
    streams().events.remove_if([&](const CUevent_st& e) { return &e == event; });
    return cudaSuccess;
  });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return call("cudaEventRecord", cudaErrorLaunchFailure, [&] { return record(event, stream); });
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return with_event("cudaEventSynchronize", event, [&] {
    if (event->latest != nullptr) run_through(*event->latest);
    return cudaSuccess;
  });
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return with_event("cudaEventQuery", event, [&] {
    if (event->latest == nullptr || complete(*event->latest)) return cudaSuccess;
    const Open open;
    run_next(*find(event->latest->stream), event->latest->ticket);
    return cudaErrorNotReady;
  });
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  return call("cudaEventElapsedTime", cudaErrorLaunchFailure,
              [&] { return elapsed(milliseconds, from, to); });
}

}  // extern "C"

#include <host/cuda/batch.hpp>

#include <algorithm>
#include <new>

#include <kernels/cuda/select.hpp>

namespace cuglmm::cuda {
namespace {

/// Lanes are filled again when this part of them is free: to draw for few costs as much time as for many.
constexpr int kRefillPart = 16;

/// Thrust reports by exceptions of its own.
template <class F>
auto thrust_call(F f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    cudaGetLastError();
    throw Failure("the GPU has no memory left for Thrust", true);
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    throw Failure(std::string("the GPU failed in Thrust: ") + error.what(), false);
  }
}

std::size_t feed_reals(const PlanView& plan) {
  return std::size_t(plan.zy_total + plan.u_total + plan.p + 2) * kFeedWidth;
}

}  // namespace

DeviceArray<int> every_lane(int count, const Stream& stream) {
  DeviceArray<int> list(count);
  thrust_call([&] { all_lanes(list.data(), count, stream.get()); });
  return list;
}

Batch::Batch(const PlanData& host_plan, const PlanView& plan, const BatchJob& job, int lanes,
             std::deque<std::int64_t>& pending, const Stream& stream)
    : host_plan_(host_plan),
      plan_(plan),
      job_(job),
      pending_(pending),
      stream_(stream),
      k_(plan.k),
      result_size_(kResultHead + static_cast<std::size_t>(plan.m + plan.p)),
      tile_(plan, lanes),
      running_{DeviceArray<int>(lanes)},
      still_running_{DeviceArray<int>(lanes)},
      ended_{DeviceArray<int>(lanes)},
      free_{every_lane(lanes, stream), lanes},
      results_{Results(std::size_t(lanes) * result_size_), Results(std::size_t(lanes) * result_size_)},
      numbers_(lanes),
      feed_(job.draws ? 0 : feed_reals(plan)) {
  std::vector<double> constants(job.psi.data(), job.psi.data() + k_);
  const auto add = [&](const double* values, std::size_t n) {
    constants.insert(constants.end(), values, values + n);
  };
  add(job.inverse_hessian.data(), job.inverse_hessian.size());
  for (const auto* values : {&job.modes.u, &job.modes.factor, &job.modes.zy})
    add(values->data(), values->size());
  if (job.draws) add(job.draws->psi.data(), job.draws->psi.size());
  constants_ = DeviceArray<double>(constants.size());
  upload(constants_.data(), constants.data(), constants.size(), stream_);
  const double* at = constants_.data();
  const auto take = [&](std::size_t n) { return std::exchange(at, at + n); };
  control_.psi = take(k_);
  control_.inverse_hessian = take(job.inverse_hessian.size());
  const bool modes = !job.modes.u.empty();
  control_.mode_u = modes ? take(job.modes.u.size()) : nullptr;
  control_.mode_factor = modes ? take(job.modes.u.size()) : nullptr;
  control_.mode_zy = modes ? take(job.modes.u.size()) : nullptr;
  control_.score_start = job.score_start;
  control_.tolerance = job.tolerance;
  control_.max_evaluations = job.max_evaluations;
  if (job.draws) {
    draw_psi_ = at;
    draw_sigma_ = job.draws->sigma;
    draw_plan_.emplace(*job.draws->plan, stream_);
    draw_view_ = draw_plan_->view();
  }
}

void Batch::run() {
  try {
    refill();
    while (running_.count > 0) {
      step();
      refill();
    }
    for (Results& results : results_) deliver(results);
  } catch (const Failure& failure) {
    if (failure.out_of_memory()) put_back();
    throw;
  }
}

/// Up to `wanted` numbers to work at.
std::vector<std::int64_t> Batch::claim(int wanted) {
  std::vector<std::int64_t> numbers;
  while (static_cast<int>(numbers.size()) < wanted && !pending_.empty()) {
    numbers.push_back(pending_.front());
    pending_.pop_front();
  }
  while (claims_left_ && static_cast<int>(numbers.size()) < wanted) {
    std::int64_t first = 0;
    const int got = job_.claim(wanted - static_cast<int>(numbers.size()), first);
    claims_left_ = got > 0;
    for (int i = 0; i < got; ++i) numbers.push_back(first + i);
  }
  return numbers;
}

/// New problems into free lanes.
void Batch::refill() {
  if (free_.count == 0 || (running_.count > 0 && free_.count < tile_.lanes() / kRefillPart)) return;
  const std::vector<std::int64_t> numbers = claim(free_.count);
  if (numbers.empty()) return;
  const int count = static_cast<int>(numbers.size());
  int* list = running_.lanes.data() + running_.count;
  copy(list, free_.lanes.data() + free_.count - count, count, stream_);
  running_.count += count;
  free_.count -= count;
  load(list, numbers);
}

void Batch::load(const int* list, const std::vector<std::int64_t>& numbers) {
  const int count = static_cast<int>(numbers.size());
  upload(numbers_.data(), numbers.data(), numbers.size(), stream_);
  check(set_numbers(tile_.problems(), list, count, numbers_.data(), stream_.get()));
  if (job_.draws)
    check(simulate(draw_view_, draw_psi_, draw_sigma_, job_.draws->seed, tile_.problems(), list, count,
                   nullptr, stream_.get()));
  else
    load_feeds(list, numbers);
  check(begin(plan_, tile_.problems(), list, count, control_, stream_.get()));
}

/// Data that the host has.
void Batch::load_feeds(const int* list, const std::vector<std::int64_t>& numbers) {
  FeedStorage storage(host_plan_.view, kFeedWidth);
  Feed& feed = storage.feed;
  for (std::size_t first = 0; first < numbers.size(); first += kFeedWidth) {
    feed.count = static_cast<int>(std::min<std::size_t>(kFeedWidth, numbers.size() - first));
    feed.next = 0;
    for (int lane = 0; lane < kFeedWidth; ++lane)
      feed.number[lane] = numbers[first + std::min(lane, feed.count - 1)];
    job_.fill(feed);
    double* at = feed_.data();
    const auto put = [&](const double* values, std::size_t entries) {
      upload(at, values, entries * kFeedWidth, stream_);
      return std::exchange(at, at + entries * kFeedWidth);
    };
    const Feed on_device{put(feed.zy, plan_.zy_total),
                         put(feed.u, plan_.u_total),
                         put(feed.xy, plan_.p),
                         put(feed.offset_y, 1),
                         put(feed.constant, 1),
                         nullptr,
                         feed.count,
                         0};
    check(place(plan_, tile_.problems(), list + first, feed.count, on_device, kFeedWidth, stream_.get()));
  }
}

/// Every running problem is evaluated and takes a step; those that end leave their lanes.
void Batch::step() {
  const Problems& problems = tile_.problems();
  const double tolerance = kModeTolerance;
  check(evaluate(plan_, problems, running_.lanes.data(), running_.count, tolerance, stream_.get()));
  check(settle(plan_, problems, running_.lanes.data(), running_.count, control_, stream_.get()));
  Results& results = results_[next_results_];
  deliver(results_[1 - next_results_]);  // while the device works
  const Selected selected = thrust_call([&] {
    return select(problems, running_.lanes.data(), running_.count, still_running_.lanes.data(),
                  ended_.lanes.data(), stream_.get());
  });
  if (selected.ended > 0) {
    check(
        collect(plan_, problems, ended_.lanes.data(), selected.ended, results.device.data(), stream_.get()));
    download_later(results.host, results.device.data(), std::size_t(selected.ended) * result_size_, stream_);
    results.arrived.record(stream_);
    results.count = selected.ended;
    next_results_ = 1 - next_results_;
    copy(free_.lanes.data() + free_.count, ended_.lanes.data(), selected.ended, stream_);
    free_.count += selected.ended;
  }
  std::swap(running_.lanes, still_running_.lanes);
  running_.count = selected.running;
}

void Batch::deliver(Results& results) {
  if (results.count == 0) return;
  results.arrived.wait();
  const int count = std::exchange(results.count, 0);
  for (int i = 0; i < count; ++i) {
    const double* at = results.host.data() + std::size_t(i) * result_size_;
    job_.finished({static_cast<std::int64_t>(at[0]), static_cast<int>(at[1]), static_cast<int>(at[2]), at[3],
                   at[4], at + kResultHead, at[5]});
  }
}

/// No room for the next step: what runs begins anew in a smaller tile; what has ended is handed on.
void Batch::put_back() {
  for (Results& results : results_) deliver(results);
  std::vector<int> lanes(running_.count);
  std::vector<std::int64_t> numbers(tile_.lanes());
  download(lanes.data(), running_.lanes.data(), lanes.size(), stream_);
  download(numbers.data(), tile_.problems().number, numbers.size(), stream_);
  for (const int lane : lanes) pending_.push_back(numbers[lane]);
}

}  // namespace cuglmm::cuda

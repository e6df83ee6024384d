#include "handles.hpp"

#include <map>

#include "calls.hpp"

namespace cuglmm::emulation {
namespace {

struct Handle {
  std::string kind;
  long call;
};
std::map<const void*, Handle>& handles() {
  static std::map<const void*, Handle> h;
  return h;
}
/// Kept, so that no handle is ever given out twice and LeakSanitizer sees them.
std::vector<const void*>& forgotten() {
  static std::vector<const void*> f;
  return f;
}

}  // namespace

void add_handle(const void* handle, const char* kind) { handles()[handle] = {kind, current_call()}; }

bool is_handle(const void* handle, const char* kind) {
  const auto found = handles().find(handle);
  if (found != handles().end() && found->second.kind == kind) return true;
  fault(std::string("no such ") + kind);
  return false;
}

void remove_handle(const void* handle) { handles().erase(handle); }

std::vector<std::string> live_handles() {
  std::vector<std::string> result;
  for (const auto& entry : handles())
    result.push_back(entry.second.kind + " from call " + std::to_string(entry.second.call));
  return result;
}

void forget_handles() {
  for (const auto& entry : handles()) forgotten().push_back(entry.first);
  handles().clear();
}

}  // namespace cuglmm::emulation

#include <thrust/copy.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>
#include <thrust/system/cpp/execution_policy.h>
#include <thrust/system_error.h>
struct P : thrust::cpp::execution_policy<P> {};
int main() {
  double a[5] = {3, 2, 1, 5, 4};
  thrust::sort(P{}, a, a + 5);
  thrust::inclusive_scan(P{}, a, a + 5, a);
  return thrust::reduce(P{}, a, a + 5) == 35 ? 0 : 1;
}

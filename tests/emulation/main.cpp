// main() of a test program that runs on the emulated device.
#include <cstdio>

#include <emulation/listener.hpp>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  GTEST_FLAG_SET(death_test_style, "fast");
  ::testing::UnitTest::GetInstance()->listeners().Append(new cuglmm::emulation::Listener);
  std::puts("CUDA calls are emulated on the host; no GPU is used.");
  return RUN_ALL_TESTS();
}

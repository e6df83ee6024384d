/// What the tests of host/data share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "cuglmm/data.hpp"
#include "cuglmm/error.hpp"

namespace cuglmm::test {

constexpr double na = std::numeric_limits<double>::quiet_NaN();

/// A file that is gone when the test is over.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes, const std::string& ending = ".csv") {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    static int count = 0;
    std::string name = std::string(test->test_suite_name()) + test->name() + std::to_string(++count) + ending;
    for (char& c : name) c = c == '/' ? '_' : c;
    path_ = (std::filesystem::temp_directory_path() / ("cuglmm_" + name)).string();
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What the call throws as an Error, "" if nothing.
template <class F>
std::string message_of(F call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline Column numeric(std::string name, std::vector<double> numbers) {
  Column column;
  column.name = std::move(name);
  column.numbers = std::move(numbers);
  return column;
}

inline Column logical(std::string name, std::vector<double> numbers) {
  Column column = numeric(std::move(name), std::move(numbers));
  column.type = Column::Type::logical;
  return column;
}

inline Column factor(std::string name, std::vector<std::string> levels, std::vector<int> codes) {
  Column column;
  column.name = std::move(name);
  column.type = Column::Type::factor;
  column.levels = std::move(levels);
  column.codes = std::move(codes);
  return column;
}

/// Numbers equal to within 1e-12 relative, NaN equal to NaN.
inline void expect_numbers(const std::vector<double>& actual, const std::vector<double>& expected,
                           double tolerance = 1e-12) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (expected[i] != expected[i]) {
      EXPECT_TRUE(actual[i] != actual[i]) << "row " << i << ": " << actual[i];
    } else if (actual[i] != expected[i]) {
      EXPECT_NEAR(actual[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << "row " << i;
    }
  }
}

}  // namespace cuglmm::test

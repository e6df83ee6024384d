#include "cuglmm/data.hpp"

#include "tests/host/data/support.hpp"

namespace cuglmm {
namespace {

using test::factor;
using test::message_of;
using test::numeric;
using testing::ElementsAre;

Data pupils() {
  return Data({numeric("age", {1, 2, 3}), factor("school", {"a", "b"}, {0, 1, -1})}, "pupils.csv");
}

TEST(Data, FindsColumnsByName) {
  const Data data = pupils();
  EXPECT_EQ(data.rows(), 3U);
  EXPECT_EQ(data.find("nothing"), nullptr);
  EXPECT_EQ(&data.column("age"), data.find("age"));
  EXPECT_TRUE(data.column("school").missing(2));
}

TEST(Data, SuggestsANearName) {
  EXPECT_EQ(message_of([] { pupils().column("ages"); }),
            "no column 'ages' in pupils.csv; did you mean 'age'?");
  EXPECT_EQ(message_of([] { pupils().column("shcool"); }),
            "no column 'shcool' in pupils.csv; did you mean 'school'?");
  EXPECT_EQ(message_of([] { pupils().column("AGE"); }), "no column 'AGE' in pupils.csv; did you mean 'age'?");
  EXPECT_EQ(message_of([] { pupils().column("x"); }), "no column 'x' in pupils.csv");
}

TEST(Data, RefusesUnequalLengthsAndRepeatedNames) {
  EXPECT_EQ(message_of([] {
              Data({numeric("a", {1}), numeric("b", {1, 2})});
            }),
            "column 'b' has 2 values, but data has 1 rows");
  EXPECT_EQ(message_of([] {
              Data({numeric("a", {1}), numeric("a", {2})}, "t.csv");
            }),
            "t.csv has two columns named 'a'");
}

TEST(Data, SetReplacesInPlaceOrAppends) {
  Data data = pupils();
  data.set(numeric("age", {7, 8, 9}));
  data.set(numeric("z", {0, 0, 0}));
  EXPECT_EQ(data.columns()[0].numbers[2], 9);
  EXPECT_EQ(data.columns()[2].name, "z");
}

TEST(Data, SubsetKeepsRowNumbersAndLevels) {
  Data data = pupils();
  data.set_checksum(7);
  const Data some = data.subset({0, 1, 1}).subset({0, 1});
  EXPECT_EQ(some.rows(), 1U);
  EXPECT_THAT(some.row_numbers(), ElementsAre(3));
  EXPECT_THAT(some.column("age").numbers, ElementsAre(3));
  EXPECT_THAT(some.column("school").levels, ElementsAre("a", "b"));
  EXPECT_EQ(some.checksum(), 7U);
  EXPECT_EQ(some.source(), "pupils.csv");
}

}  // namespace
}  // namespace cuglmm

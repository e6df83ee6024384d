#include "tests/host/data/support.hpp"

#include <zlib.h>

#include <cmath>

#include "host/data/csv.hpp"

namespace cuglmm {
namespace {

using test::message_of;
using test::na;
using test::TemporaryFile;
using testing::ElementsAre;
using testing::HasSubstr;

Data read(const std::string& bytes, const ReadOptions& options = {}) {
  return read_table(TemporaryFile(bytes).path(), options);
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  std::string in = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(ReadTable, TellsColumnTypesApart) {
  const Data data = read("x,use,flag,short,none\n1,N,TRUE,T,NA\n-2.5e1,Y,FALSE,F,\n+3,N,NA,,NA\n");
  EXPECT_EQ(data.rows(), 3U);
  EXPECT_EQ(data.column("x").type, Column::Type::numeric);
  test::expect_numbers(data.column("x").numbers, {1, -25, 3});
  EXPECT_EQ(data.column("use").type, Column::Type::factor);
  EXPECT_THAT(data.column("use").levels, ElementsAre("N", "Y"));
  EXPECT_THAT(data.column("use").codes, ElementsAre(0, 1, 0));
  EXPECT_EQ(data.column("flag").type, Column::Type::logical);
  test::expect_numbers(data.column("flag").numbers, {1, 0, na});
  EXPECT_EQ(data.column("short").type, Column::Type::logical);
  EXPECT_EQ(data.column("none").type, Column::Type::logical);
  EXPECT_THAT(data.row_numbers(), ElementsAre(1, 2, 3));
}

TEST(ReadTable, KnowsMissingAndSpecialNumbers) {
  const Data data = read("x,f\nNA,a\n,NA\nNaN,\nInf,\"NA\"\n-Inf,b\n 7 ,b\n");
  const double infinity = std::numeric_limits<double>::infinity();
  test::expect_numbers(data.column("x").numbers, {na, na, na, infinity, -infinity, 7});
  EXPECT_THAT(data.column("f").codes, ElementsAre(0, -1, -1, -1, 1, 1));
}

struct Spelling {
  std::string name, bytes;
};

class EverySpelling : public testing::TestWithParam<Spelling> {};

TEST_P(EverySpelling, GivesTheSameTable) {
  const Data data = read(GetParam().bytes);
  EXPECT_EQ(data.rows(), 2U);
  test::expect_numbers(data.column("x").numbers, {1, 2});
  EXPECT_THAT(data.column("f").levels, ElementsAre("a", "b"));
}

INSTANTIATE_TEST_SUITE_P(
    ReadTable, EverySpelling,
    testing::Values(Spelling{"plain", "x,f\n1,a\n2,b\n"}, Spelling{"crlf", "x,f\r\n1,a\r\n2,b\r\n"},
                    Spelling{"cr", "x,f\r1,a\r2,b\r"}, Spelling{"no_final_newline", "x,f\n1,a\n2,b"},
                    Spelling{"byte_order_mark", "\xEF\xBB\xBFx,f\n1,a\n2,b\n"},
                    Spelling{"all_quoted", "\"x\",\"f\"\n\"1\",\"a\"\n\"2\",\"b\""},
                    Spelling{"mark_and_quotes", "\xEF\xBB\xBF\"x\",\"f\"\r\n1,\"a\"\r\n2,b"},
                    Spelling{"blank_lines", "\n\nx,f\n\n1,a\n\n\n2,b\n\n"},
                    Spelling{"gzip", gzip("x,f\n1,a\n2,b\n")},
                    Spelling{"gzip_in_two_members", gzip("x,f\n1,a") + gzip("\n2,b\n")}),
    [](const auto& test) { return test.param.name; });

TEST(ReadTable, UnquotesFields) {
  const Data data = read("\"a,b\",f\n1,\"x,y\"\n2,\"say \"\"hi\"\"\"\n3,\"two\nlines\"\n4,\"\"\n");
  EXPECT_EQ(data.columns()[0].name, "a,b");
  EXPECT_THAT(data.column("f").levels, ElementsAre("say \"hi\"", "two\nlines", "x,y"));
  EXPECT_TRUE(data.column("f").missing(3));
}

TEST(ReadTable, NamesRsRowNamesRow) {
  EXPECT_EQ(read("\"\",x\n\"1\",5\n").columns()[0].name, "row");
  EXPECT_EQ(message_of([] { read(",x,\n1,5,2\n"); }).find("column 1 has no name") != std::string::npos, true);
  EXPECT_THAT(message_of([] { read(",row\n1,5\n"); }), HasSubstr(", line 1: column 1 has no name"));
}

TEST(ReadTable, SortsLevelsAsNumbersIfAllAre) {
  const Data data = read("a,b\n10,10\n9,x\n1,9\n", {.factor = {"a"}});
  EXPECT_THAT(data.column("a").levels, ElementsAre("1", "9", "10"));
  EXPECT_THAT(data.column("a").codes, ElementsAre(2, 1, 0));
  EXPECT_THAT(data.column("b").levels, ElementsAre("10", "9", "x"));
}

TEST(ReadTable, FollowsOptions) {
  const Data data = read("a,b,c\n1,lo,9\n2,hi,8\n1,,7\n",
                         {.ordered = {"b"}, .numeric = {"c"}, .levels = {{"b", {"lo", "mid", "hi"}}}});
  EXPECT_EQ(data.column("b").type, Column::Type::ordered);
  EXPECT_THAT(data.column("b").levels, ElementsAre("lo", "mid", "hi"));
  EXPECT_THAT(data.column("b").codes, ElementsAre(0, 2, -1));
  EXPECT_EQ(read("a\n2\n1\n", {.levels = {{"a", {"2", "1"}}}}).column("a").codes, (std::vector<int>{0, 1}));
}

TEST(ReadTable, ChecksumIsTheTextsWhateverTheCompression) {
  const std::string text = "x\n1\n";
  const auto expected = crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
  EXPECT_EQ(read(text).checksum(), expected);
  EXPECT_EQ(read(gzip(text)).checksum(), expected);
}

TEST(ReadTable, ReadsStandardInput) {
  const TemporaryFile file("x,f\n1,a\n2,b\n");
  ASSERT_NE(std::freopen(file.path().c_str(), "r", stdin), nullptr);
  const Data data = read_table("-");
  EXPECT_EQ(data.rows(), 2U);
  EXPECT_EQ(data.source(), "standard input");
}

TEST(ReadTable, ReadsTheCorpus) {
  const Data exam = read_table(CUGLMM_TEST_DATA "/Exam.csv", {.factor = {"school"}});
  EXPECT_EQ(exam.rows(), 4059U);
  EXPECT_EQ(exam.column("school").levels.size(), 65U);
  EXPECT_EQ(exam.column("school").levels[9], "10");
  EXPECT_EQ(exam.column("normexam").type, Column::Type::numeric);
  EXPECT_DOUBLE_EQ(exam.column("normexam").numbers[0], 0.2613242);
}

struct BadTable {
  std::string bytes, message;  // after the file's name
  ReadOptions options = {};
};

class EveryBadTable : public testing::TestWithParam<BadTable> {};

TEST_P(EveryBadTable, IsExplained) {
  const TemporaryFile file(GetParam().bytes);
  EXPECT_EQ(message_of([&] { read_table(file.path(), GetParam().options); }),
            file.path() + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    ReadTable, EveryBadTable,
    testing::Values(
        BadTable{"", " is empty; a header line with the names of the columns is needed"},
        BadTable{"\n\n", " is empty; a header line with the names of the columns is needed"},
        BadTable{"x,y\n", " holds a header but no data"},
        BadTable{"x,y\n1,2\n3\n", ", line 3: 1 field, but the header names 2 columns"},
        BadTable{
            "x,y\n1,2,3\n",
            ", line 2: 3 fields, but the header names 2 columns; a field that holds a comma must be quoted"},
        BadTable{
            "x,y\n\"a\nb\",1\n1,2,\n",
            ", line 4: 3 fields, but the header names 2 columns; a field that holds a comma must be quoted"},
        BadTable{"x,y\n1,\"ab\n2,3\n", ", line 2, column 3: the quote that opens here is never closed"},
        BadTable{
            "x,y\n1,ab\"c\n",
            ", line 2, column 5: a quote inside a field; quote the whole field and double the quotes in it"},
        BadTable{
            "x,y\n1,\"ab\"c\n",
            ", line 2, column 7: text after the closing quote of a field; a quote inside a field is doubled"},
        BadTable{"x,y,x\n1,2,3\n", ", line 1: columns 1 and 3 are both named 'x'"},
        BadTable{std::string("x,y\n1,\0\n", 8),
                 ", line 2, column 3: a NUL byte; this is a binary file, not CSV"},
        BadTable{std::string("\xFF\xFEx\0\n\0", 6), " is encoded as UTF-16; save it as UTF-8"},
        BadTable{"x;y\n1;2\n",
                 ", line 1: the fields seem to be separated by semicolons; separate them by commas"},
        BadTable{"x\ty\n1\t2\n",
                 ", line 1: the fields seem to be separated by tabs; separate them by commas"},
        BadTable{"x,y\n1,2\n\n4,five\n",
                 ", line 4, column 'y': 'five' is not a number, which --numeric asks for",
                 {.numeric = {"y"}}},
        BadTable{"f\na\nb\nc\n",
                 ", line 4, column 'f': 'c' is not among the levels given: a, b",
                 {.levels = {{"f", {"a", "b"}}}}}));

TEST(ReadTable, ExplainsOptionsThatDoNotFit) {
  const TemporaryFile file("age,school\n1,2\n");
  const auto message = [&](const ReadOptions& options) {
    return message_of([&] { read_table(file.path(), options); });
  };
  EXPECT_EQ(message({.factor = {"scool"}}),
            "--factor: no column 'scool' in " + file.path() + "; did you mean 'school'?");
  EXPECT_EQ(message({.ordered = {"xyzzy"}}),
            "--ordered: no column 'xyzzy' in " + file.path() + "; there are age, school");
  EXPECT_EQ(message({.numeric = {"ages"}}),
            "--numeric: no column 'ages' in " + file.path() + "; did you mean 'age'?");
  EXPECT_EQ(message({.levels = {{"ag", {"1"}}}}),
            "--levels: no column 'ag' in " + file.path() + "; did you mean 'age'?");
  EXPECT_EQ(message({.levels = {{"age", {"1", "1"}}}}), "--levels: '1' is listed twice for 'age'");
  EXPECT_EQ(message({.factor = {"age"}, .numeric = {"age"}}),
            "'age' cannot be read both as numbers and as a factor");
}

TEST(ReadTable, CannotReadIsAnErrorOfInput) {
  for (const std::string& path : {std::string("/nowhere/pupils.csv"), std::string("/tmp")}) {
    try {
      read_table(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::io);
      EXPECT_THAT(error.what(), HasSubstr(path));
    }
  }
  EXPECT_EQ(message_of([] { read_table("/nowhere/pupils.csv"); }),
            "cannot open /nowhere/pupils.csv: No such file or directory");
  const TemporaryFile broken(gzip("x\n1\n2\n3\n").substr(0, 20), ".csv.gz");
  EXPECT_EQ(message_of([&] { read_table(broken.path()); }),
            broken.path() + " is not a complete gzip file: it ends too early");
}

TEST(ReadTable, EveryPrefixOfATrickyTableIsReadOrExplained) {
  const std::string text =
      "\xEF\xBB\xBF\"\",\"a,b\",\"c "
      "\"\"d\"\"\",e\r\n\"1\",\"x\r\ny\",+1e3,TRUE\n2,,\"\",NA\r\r\n3,\xC3\xA9,-Inf,F";
  int read_well = 0;
  for (std::size_t length = 0; length <= text.size(); ++length) {
    for (const char* tail : {"", "\"", ",", "\n", "\r", "1e999", "-", "\"\""}) {
      Csv csv;
      csv.source = "t.csv";
      csv.text = text.substr(0, length) + tail;
      const std::string message = message_of([&] { split_csv(csv); });
      if (message.empty()) {
        ++read_well;
        ASSERT_EQ(csv.fields.size(), csv.rows() * csv.header.size());
      } else {
        EXPECT_EQ(message.rfind("t.csv", 0), 0U) << message;
      }
    }
    const TemporaryFile file(text.substr(0, length));
    message_of([&] { read_table(file.path()); });
  }
  EXPECT_GT(read_well, 20);
}

}  // namespace
}  // namespace cuglmm

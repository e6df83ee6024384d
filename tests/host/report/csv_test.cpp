#include <host/report/csv.hpp>

#include <gmock/gmock.h>
#include <zlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <cuglmm/error.hpp>
#include <tests/host/report/fit_by_hand.hpp>

namespace cuglmm {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string temporary(const std::string& name) {
  return (std::filesystem::path(testing::TempDir()) / name).string();
}

std::string bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

std::string decompressed(const std::string& path) {
  std::string out(1 << 20, 0);
  gzFile file = gzopen(path.c_str(), "rb");
  out.resize(static_cast<std::size_t>(gzread(file, out.data(), 1 << 20)));
  gzclose(file);
  return out;
}

TEST(CsvField, IsQuotedWhereRfc4180AsksForIt) {
  EXPECT_EQ(csv_field("plain text"), "plain text");
  EXPECT_EQ(csv_field("poly(x, 2)1"), "\"poly(x, 2)1\"");
  EXPECT_EQ(csv_field("say \"a\""), "\"say \"\"a\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

TEST(AppendNumber, IsShortestThatReadsBackAndEmptyForNaN) {
  std::string out;
  for (const double x : {0.1, 1.0 / 3, -1e-300, 5.0}) {
    append_number(out, x);
    out += ' ';
  }
  append_number(out, NAN);
  EXPECT_EQ(out, "0.1 0.3333333333333333 -1e-300 5 ");
}

TEST(Ranef, HasARowPerLevelAndTerm) {
  const std::string path = temporary("ranef.csv");
  OutputFile file(path);
  write_ranef(file, test::cbpp_fit());
  file.close();
  const std::string text = bytes(path);
  EXPECT_THAT(text, StartsWith("group,level,term,mode,sd\nherd,1,(Intercept),0.25,0.5\nherd,2,(Intercept),"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 16);
}

TEST(Fitted, HasTheRowsOfTheFile) {
  Fit fit = test::cbpp_fit();
  fit.eta.setConstant(56, -1.5);
  fit.mu.setConstant(56, 0.25);
  fit.deviance_residuals.setConstant(56, 0.125);
  const std::string path = temporary("fitted.csv.gz");
  OutputFile file(path);
  write_fitted(file, fit);
  file.close();
  const std::string text = decompressed(path);
  EXPECT_THAT(text, StartsWith("row,fitted,eta,residual\n1,0.25,-1.5,0.125\n2,"));
  EXPECT_THAT(text, HasSubstr("\n56,0.25,-1.5,0.125\n"));
}

Fits two_replicates(const ReplicateRows& rows) {
  Fits fits = rows.make(41, 2);
  fits.status = {Status::converged, Status::failed};
  fits.evaluations = {6, 3};
  fits.gradient_norm(0) = 1e-7;
  fits.minus2_log_likelihood(0) = 184.25;
  fits.sigma(0) = 1;
  fits.beta.col(0) << 1.0 / 3, -1, -2, 0.5;
  fits.theta(0, 0) = 0.75;
  return fits;
}

TEST(ReplicateRows, AreThoseOfTheInterface) {
  const Fit fit = test::cbpp_fit();
  const ReplicateRows rows(*fit.model);
  EXPECT_EQ(rows.header(),
            "replicate,status,evaluations,gradient_norm,minus2LogLik,sigma,beta.(Intercept),beta.period2,"
            "beta.period3,"
            "beta.period4,theta.herd.(Intercept),sd_(Intercept)|herd\n");
  const Fits fits = two_replicates(rows);
  std::string text;
  rows.append(text, fits, 0);
  rows.append(text, fits, 1);
  EXPECT_EQ(text,
            "41,converged,6,1e-07,184.25,1,0.3333333333333333,-1,-2,0.5,0.75,0.75\n42,failed,3,,,,,,,,,\n");
}

TEST(ReplicateRows, ReadBackAreTheSame) {
  const Fit fit = test::cbpp_fit();
  const ReplicateRows rows(*fit.model);
  const Fits fits = two_replicates(rows);
  Fits read = rows.make(41, 2);
  for (const std::int64_t c : {0, 1}) {
    std::string text;
    rows.append(text, fits, c);
    ASSERT_TRUE(rows.parse(std::string_view(text).substr(0, text.size() - 1), 41 + c, read, c));
  }
  EXPECT_EQ(read.status, fits.status);
  EXPECT_EQ(read.evaluations, fits.evaluations);
  EXPECT_EQ(read.beta.col(0), fits.beta.col(0));
  EXPECT_EQ(read.minus2_log_likelihood(0), fits.minus2_log_likelihood(0));
  EXPECT_TRUE(std::isnan(read.theta(0, 1)));
}

TEST(ReplicateRows, OfALinearModelHaveSigmaAndItsSds) {
  const Fit fit = test::sleepstudy_fit();
  const ReplicateRows rows(*fit.model);
  Fits fits = rows.make(1, 1);
  fits.status = {Status::converged};
  fits.evaluations = {5};
  fits.gradient_norm(0) = 0;
  fits.minus2_log_likelihood(0) = 1743.5;
  fits.sigma(0) = 25;
  fits.beta.col(0) << 250, 10;
  fits.theta.col(0) << 1, 0.3, 0.4;
  EXPECT_THAT(rows.header(),
              testing::EndsWith("theta.Subject.Days,sd_(Intercept)|Subject,cor_Days.(Intercept)|Subject,"
                                "sd_Days|Subject\n"));
  std::string text;
  rows.append(text, fits, 0);
  EXPECT_EQ(text, "1,converged,5,0,1743.5,25,250,10,1,0.3,0.4,25,0.6,12.5\n");
  Fits read = rows.make(1, 1);
  ASSERT_TRUE(rows.parse(std::string_view(text).substr(0, text.size() - 1), 1, read, 0));
  EXPECT_EQ(read.sigma(0), 25);
  EXPECT_EQ(read.theta.col(0), fits.theta.col(0));
}

TEST(ReplicateRows, OtherTextIsRefused) {
  const Fit fit = test::cbpp_fit();
  const ReplicateRows rows(*fit.model);
  Fits read = rows.make(41, 1);
  for (const char* text :
       {"", "41", "42,converged,6,1e-07,184.25,1,0,-1,-2,0.5,0.75,0.75", "41,converged,6,1e-07",
        "41,fine,6,1e-07,184.25,1,0,-1,-2,0.5,0.75,0.75", "41,converged,6,1e-07,184.25,1,0,-1,-2,0.5,0.75,x",
        "41,converged,6,1e-07,184.25,1,0,-1,-2,0.5,0.75,0.75,1"})
    EXPECT_FALSE(rows.parse(text, 41, read, 0)) << text;
}

TEST(OutputFile, BytesOfGzDoNotDependOnThePieces) {
  const std::string a = temporary("a.gz"), b = temporary("b.gz");
  OutputFile whole(a), pieces(b);
  std::string text;
  for (int i = 0; i < 5000; ++i) append_number(text, std::sin(i));
  whole.write(text);
  for (std::size_t i = 0; i < text.size(); i += 777) pieces.write(std::string_view(text).substr(i, 777));
  whole.close();
  pieces.close();
  EXPECT_EQ(bytes(a), bytes(b));
  EXPECT_EQ(decompressed(a), text);
}

TEST(OutputFile, AfterACheckpointEverythingCanBeRead) {
  const std::string path = temporary("open.csv.gz");
  OutputFile file(path);
  file.write("a,b\n1,2\n");
  file.checkpoint();
  EXPECT_EQ(decompressed(path), "a,b\n1,2\n");  // not closed yet
}

TEST(OutputFile, SaysWhichFileCannotBeWritten) {
  try {
    OutputFile file("/no/such/folder/x.csv");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cannot write /no/such/folder/x.csv: No such file or directory");
    EXPECT_EQ(error.exit_status(), 3);
  }
}

}  // namespace
}  // namespace cuglmm

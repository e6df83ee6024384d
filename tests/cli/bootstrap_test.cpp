#include <gmock/gmock.h>
#include <zlib.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include <tests/cli/program.hpp>

namespace cuglmm::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

Words bootstrap(const std::string& out, int replicates, const Words& more = {}) {
  return Words{"bootstrap"} + cbpp_model() +
         Words{"--replicates", std::to_string(replicates), "--seed", "3", "--quiet", "--out", out} + more;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

TEST(Bootstrap, PrintsIntervalsAndWritesARowPerReplicate) {
  const Folder folder;
  const Result result = run(bootstrap(folder / "b.csv", 300));
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_THAT(
      result.out,
      StartsWith("cbind(incidence, size - incidence) ~ period + (1 | herd): 56 observations, 15 herd"));
  EXPECT_THAT(result.out, HasSubstr("Parametric bootstrap, 95 % intervals\n300 replicates: "));
  for (const char* name : {"\nbeta.period2 ", "\ntheta.herd.(Intercept) ", "\nsd_(Intercept)|herd "})
    EXPECT_THAT(result.out, HasSubstr(name));
  const std::vector<std::string> rows = lines(read_bytes(folder / "b.csv"));
  ASSERT_EQ(rows.size(), 301u);
  EXPECT_EQ(rows[0],
            "replicate,status,evaluations,gradient_norm,minus2LogLik,sigma,beta.(Intercept),beta.period2,"
            "beta.period3,"
            "beta.period4,theta.herd.(Intercept),sd_(Intercept)|herd");
  EXPECT_THAT(rows[1], StartsWith("1,"));
  EXPECT_THAT(rows[300], StartsWith("300,"));
}

TEST(Bootstrap, LogTellsWhatWasDone) {
  const Folder folder;
  ASSERT_EQ(run(bootstrap(folder / "b.csv", 50)).status, 0);
  const std::string log = read_bytes(folder / "b.log");
  for (const char* part :
       {"[job]\n", "\nversion: ", "\ndata checksum: crc32 ", "\nformula: cbind(", "\nseed: 3\n",
        "\nfirst: 1\n", "[run]\ncommand: cuglmm bootstrap 'cbind(", "\ndevice: cpu",
        "\nstarted: ", "[result]\nended: ", "\nreplicates in the file: 50\ncomplete: yes\n",
        "\nmemory per replicate in flight: ", "\nelapsed: ", "\npeak resident memory: "})
    EXPECT_THAT(log, HasSubstr(part));
}

TEST(Bootstrap, JsonHoldsFitAndIntervals) {
  const Result result =
      run(Words{"bootstrap"} + cbpp_model() + Words{"--nsim", "200", "--json", "-", "--level", "0.9"});
  EXPECT_EQ(result.status, 0);
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["replicates"], 200);
  EXPECT_EQ(json["level"], 0.9);
  EXPECT_EQ(json["seed"], 1);
  EXPECT_EQ(json["fit"]["nobs"], 56);
  int counted = 0;
  for (const auto& [status, count] : json["counts"].items()) counted += count.get<int>();
  EXPECT_EQ(counted, 200);
  EXPECT_EQ(json["intervals"][1]["parameter"], "beta.period2");
  EXPECT_LT(json["intervals"][1]["percentile"][0], json["intervals"][1]["percentile"][1]);
}

TEST(Bootstrap, ThreadsDoNotChangeAByte) {
  const Folder folder;
  ASSERT_EQ(run(bootstrap(folder / "1.csv", 2000, {"--threads", "1"})).status, 0);
  ASSERT_EQ(run(bootstrap(folder / "2.csv", 2000, {"--threads", "2"})).status, 0);
  EXPECT_EQ(read_bytes(folder / "1.csv"), read_bytes(folder / "2.csv"));
}

TEST(Bootstrap, PartsOfAJobAreThoseOfTheWhole) {
  const Folder folder;
  ASSERT_EQ(run(bootstrap(folder / "all.csv", 60)).status, 0);
  ASSERT_EQ(run(bootstrap(folder / "part.csv", 20, {"--first", "41"})).status, 0);
  const std::vector<std::string> all = lines(read_bytes(folder / "all.csv")),
                                 part = lines(read_bytes(folder / "part.csv"));
  ASSERT_EQ(part.size(), 21u);
  for (std::size_t i = 1; i < part.size(); ++i) EXPECT_EQ(part[i], all[i + 40]);
}

TEST(Bootstrap, MemoryLimitDoesNotChangeAByte) {
  const Folder folder;
  ASSERT_EQ(run(bootstrap(folder / "a.csv", 500)).status, 0);
  const Result result = run(bootstrap(folder / "b.csv", 500, {"--memory-limit", "1M"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(read_bytes(folder / "a.csv"), read_bytes(folder / "b.csv"));
}

TEST(Bootstrap, OfALinearModelHasSigma) {
  const Folder folder;
  const Words words =
      Words{"bootstrap"} + sleepstudy_model() + Words{"--nsim", "200", "--quiet", "--out", folder / "b.csv"};
  const Result result = run(words);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("Reaction ~ Days + (Days | Subject): 180 observations, 18 Subject; REML "
                                     "criterion 1743.6283, converged\n"));
  EXPECT_THAT(result.out, HasSubstr("\nsigma "));
  const std::vector<std::string> rows = lines(read_bytes(folder / "b.csv"));
  ASSERT_EQ(rows.size(), 201u);
  EXPECT_THAT(rows[0], StartsWith("replicate,status,evaluations,gradient_norm,minus2LogLik,sigma,"));
  EXPECT_THAT(read_bytes(folder / "b.log"), HasSubstr("\nreml: true\n"));
  EXPECT_EQ(run(words + Words{"--resume"}).out, result.out);
  const Result other = run(words + Words{"--resume", "--ml"});
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.err, HasSubstr("was made with another reml: 'true', now 'false'"));
}

class Resume : public testing::TestWithParam<std::string> {
 protected:
  std::string whole() const { return folder_ / ("whole" + GetParam()); }
  std::string broken() const { return folder_ / ("broken" + GetParam()); }
  Folder folder_;
};

INSTANTIATE_TEST_SUITE_P(PlainAndCompressed, Resume, testing::Values(".csv", ".csv.gz"));

TEST_P(Resume, AfterAKillAtAnyMomentTheBytesAreThoseOfAnUndisturbedRun) {
  constexpr int replicates = 100000;
  const Result undisturbed = run(bootstrap(whole(), replicates, {"--json", "-"}));
  ASSERT_EQ(undisturbed.status, 0);
  Result last;
  int kills = 0;
  for (int attempt = 0; attempt < 50; ++attempt) {
    const Program program(bootstrap(broken(), replicates, {"--resume", "--json", "-"}));
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + 23 * attempt));
    if (program.running()) ++kills;
    program.signal(SIGKILL);
    last = program.wait();
    if (last.status == 0) break;
  }
  if (last.status != 0) last = run(bootstrap(broken(), replicates, {"--resume", "--json", "-"}));
  EXPECT_GT(kills, 0);
  ASSERT_EQ(last.status, 0) << last.err;
  EXPECT_TRUE(read_bytes(whole()) == read_bytes(broken()));
  EXPECT_EQ(Json::parse(undisturbed.out)["intervals"], Json::parse(last.out)["intervals"]);
}

TEST_P(Resume, GoesOnAfterWhateverIsLeftOfTheFile) {
  ASSERT_EQ(run(bootstrap(whole(), 2500)).status, 0);
  const std::string bytes = read_bytes(whole());
  ASSERT_EQ(run(bootstrap(broken(), 2500)).status, 0);
  for (const double share : {0.0, 0.0001, 0.001, 0.3, 0.5, 0.77, 0.9999, 1.0}) {
    write_bytes(broken(),
                bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size()))));
    const Result result = run(bootstrap(broken(), 2500, {"--resume"}));
    ASSERT_EQ(result.status, 0) << share << result.err;
    EXPECT_TRUE(read_bytes(broken()) == bytes) << share;
  }
}

TEST_P(Resume, ExtendsAFinishedRun) {
  ASSERT_EQ(run(bootstrap(whole(), 1500)).status, 0);
  ASSERT_EQ(run(bootstrap(broken(), 700)).status, 0);
  const Result result = run(bootstrap(broken(), 1500, {"--resume", "--threads", "1"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(read_bytes(broken()) == read_bytes(whole()));
}

TEST(ResumeRefuses, AnotherSeedFormulaOrData) {
  const Folder folder;
  const std::string out = folder / "b.csv";
  ASSERT_EQ(run(bootstrap(out, 20)).status, 0);
  const std::string before = read_bytes(out);
  const std::pair<Words, std::string> others[] = {
      {{"--seed", "4"}, "seed: '3', now '4'"},
      {{"--first", "2"}, "first: '1', now '2'"},
      {{"--tolerance", "1e-6"}, "tolerance: '1e-08', now '9.9999999999999995e-07'"},
      {{"--filter", "herd != 3"}, "filter: '', now 'herd != 3'"},
      {{"--nagq", "0"}, "nagq: '1', now '0'"},
      {{"--contrasts", "period=sum"}, "contrasts: '[]', now '[\"period=sum\"]'"},
  };
  for (const auto& [words, difference] : others) {
    Words line = bootstrap(out, 20);
    if (words[0] == "--seed")
      std::replace(line.begin(), line.end(), std::string("3"), words[1]);
    else
      line = line + words;
    const Result result = run(line + Words{"--resume"});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("--resume: " + out + " was made with another "));
    EXPECT_THAT(result.err, HasSubstr(difference.substr(0, difference.find(','))));
    EXPECT_EQ(read_bytes(out), before);
  }
}

TEST(ResumeRefuses, AFileThatIsNoneOfItsOwn) {
  const Folder folder;
  const std::string out = folder / "b.csv";
  write_bytes(out, "a,b\n1,2\n");
  Result result = run(bootstrap(out, 20, {"--resume"}));
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("--resume: " + out + " is there, but " + (folder / "b.log")));
  EXPECT_EQ(read_bytes(out), "a,b\n1,2\n");

  ASSERT_EQ(run(bootstrap(out, 20)).status, 0);
  std::string text = read_bytes(out);
  text.insert(text.find("\n5,") + 1, "x");
  write_bytes(out, text);
  result = run(bootstrap(out, 20, {"--resume"}));
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr(out + ", line 6: not the row of replicate 5"));

  ASSERT_EQ(run(bootstrap(out, 20)).status, 0);
  result = run(bootstrap(out, 10, {"--resume"}));
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr(out + " holds more than the 10 replicates asked for"));
}

TEST(Interrupt, StopsCleanlyAndSaysHowToGoOn) {
  const Folder folder;
  const std::string out = folder / "b.csv";
  for (const auto& [signal, status] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
    const Program program(bootstrap(out, 100000000));
    for (int i = 0; i < 200 && !std::filesystem::exists(out); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    program.signal(signal);
    const Result result = program.wait();
    EXPECT_EQ(result.status, status);
    EXPECT_THAT(result.err, HasSubstr("cuglmm: stopped after "));
    EXPECT_THAT(result.err, HasSubstr("the same command with --resume goes on from there\n"));
    EXPECT_THAT(result.out, Not(HasSubstr("intervals")));
    const std::string text = read_bytes(out);
    EXPECT_EQ(text.back(), '\n');
    EXPECT_THAT(read_bytes(folder / "b.log"), HasSubstr("\ncomplete: no\n"));
  }
}

}  // namespace
}  // namespace cuglmm::test

// Bad command lines: what is said, and the exit status.
#include <gmock/gmock.h>

#include <tests/cli/program.hpp>

namespace cuglmm::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct BadLine {
  Words words;
  int status;
  std::string message;
};

/// cbpp's formula, data and a family, with other words.
Words cbpp(const Words& more) { return Words{"fit"} + cbpp_model() + more; }

Words sleepstudy(const Words& more) { return Words{"fit"} + sleepstudy_model() + more; }

TEST(Usage, EveryMistakeIsALineOnStandardErrorAndAStatus) {
  const Words exam = {"--data", data_file("Exam.csv")};
  const BadLine lines[] = {
      {{}, 2, "cuglmm: a command is needed: fit, bootstrap, data, plan, info"},
      {{"fti"}, 2, "cuglmm: no command 'fti'; did you mean 'fit'?"},
      {{"anova"}, 2, "cuglmm: no command 'anova'\ncommands: fit, bootstrap, data, plan, info"},
      {{"fit"}, 2, "cuglmm: a formula is needed, such as 'y ~ x + (1 | group)' (in quotes)"},
      {{"fit", "y ~ x + (1 | g)"},
       2,
       "cuglmm: --data FILE is needed: the CSV file with the variables of the formula"},
      {cbpp({"--famly", "binomial"}), 2, "cuglmm: fit: unknown option --famly; did you mean '--family'?"},
      {cbpp({"surplus"}), 2, "cuglmm: fit: unexpected argument 'surplus'; put a formula in quotes"},
      {cbpp({"--threads", "two"}), 2, "cuglmm: --threads two: not a number of the kind it takes"},
      {cbpp({"--offset"}), 2, "cuglmm: --offset needs a value"},
      {cbpp({"--family", "poisson"}), 2, "cuglmm: --family is given twice"},
      {cbpp({"--nagq", "9"}), 2,
       "cuglmm: --nagq 9: adaptive quadrature is not supported yet; --nagq 1 (Laplace) and 0 are"},
      {cbpp({"--nagq", "-1"}), 2, "cuglmm: --nagq -1: a number of quadrature points is 0 or more"},
      {cbpp({"--nAGQ", "0", "--se", "hessian"}), 2,
       "cuglmm: --se hessian: with --nagq 0 the fixed effects are no parameters of the objective"},
      {cbpp({"--REML"}), 2,
       "cuglmm: --reml: a choice of linear models (family gaussian, link identity) only; family binomial is "
       "fitted by maximum likelihood in any case"},
      {cbpp({"--ml"}), 2, "cuglmm: --ml: a choice of linear models"},
      {sleepstudy({"--ml", "--reml"}), 2, "cuglmm: --ml and --reml exclude each other: give one of them"},
      {sleepstudy({"--nagq", "0"}), 2,
       "cuglmm: --nagq 0: the likelihood of a linear model (family gaussian, the default) is exact, there is "
       "nothing to approximate; leave --nagq out, or give --family"},
      {sleepstudy({"--weights", "Days"}), 2,
       "cuglmm: zero weight: 'Days' is 0 in data row 1 of " + data_file("sleepstudy.csv")},
      {cbpp({"--dispersion", "lme4"}), 2,
       "cuglmm: --dispersion lme4: it is for families with a free dispersion, which are not supported yet"},
      {cbpp({"--hessian", "exact"}), 2,
       "cuglmm: --hessian exact: not known; one of auto, expected, observed"},
      {cbpp({"--se", "rz"}), 2, "cuglmm: --se rz: not known, did you mean 'rx'?; one of hessian, rx"},
      {cbpp({"--na", "exclude"}), 2, "cuglmm: --na exclude: not known; one of omit, fail"},
      {cbpp({"--contrasts", "period"}), 2, "cuglmm: --contrasts period: write it as --contrasts NAME=KIND"},
      {cbpp({"--contrasts", "period=sm"}), 2, "cuglmm: --contrasts sm: not known, did you mean 'sum'?"},
      {cbpp({"--levels", "period"}), 2, "cuglmm: --levels period: write it as --levels COL=A,B,C"},
      {cbpp({"--device", "cuda"}), 4, "cuglmm: --device cuda: no GPU can be used: "},
      {cbpp({"--device", "cuda:1"}), 4, "cuglmm: --device cuda: no GPU can be used: "},
      {cbpp({"--device", "cuda:x"}), 2, "cuglmm: --device cuda:x: not known"},
      {cbpp({"--device", "gpu"}), 2, "cuglmm: --device gpu: not known; one of auto, cpu, cuda, cuda:N"},
      {cbpp({"--start", "/no/such.json"}), 3, "cuglmm: cannot read /no/such.json"},
      {{"fit", "--fit", "/no/such.json"}, 3, "cuglmm: cannot read /no/such.json"},
      {Words{"fit", "type ~ schavg + (1 | school)"} + exam, 2,
       "cuglmm: the response 'type' of family gaussian must be one column of numbers, and is a factor; give "
       "--family binomial"},
      {{"fit", "y ~ x + (1 | g)", "--data", "/no/such.csv", "--family", "poisson"}, 3, "cuglmm: "},
      {{"data"}, 2, "cuglmm: a file is needed: cuglmm data FILE.csv"},
      {{"data", "/no/such.csv"}, 3, "cuglmm: "},
      {Words{"bootstrap"} + cbpp_model(), 2, "cuglmm: --replicates N is needed: how many, 1 or more"},
      {Words{"bootstrap"} + cbpp_model() + Words{"--nsim", "0"}, 2, "cuglmm: --replicates N is needed"},
      {Words{"bootstrap"} + cbpp_model() + Words{"--nsim", "5", "--level", "95"}, 2,
       "cuglmm: --level 95: between 0 and 1, such as 0.95"},
      {Words{"bootstrap"} + cbpp_model() + Words{"--nsim", "5", "--resume"}, 2,
       "cuglmm: --resume goes on where --out FILE.csv ends: give --out too"},
      {Words{"bootstrap"} + cbpp_model() + Words{"--nsim", "5", "--memory-limit", "lots"}, 2,
       "cuglmm: --memory-limit lots: not a size; write bytes or 500M, 2G"},
      {Words{"bootstrap"} + cbpp_model() + Words{"--nsim", "5", "--json", "/no/such/folder/x.json"}, 3,
       "cuglmm: cannot write /no/such/folder/x.json: No such file or directory"},
  };
  for (const BadLine& line : lines) {
    const Result result = run(line.words);
    EXPECT_THAT(result.err, StartsWith(line.message));
    EXPECT_EQ(result.status, line.status) << line.message;
    EXPECT_THAT(result.out, IsEmpty()) << line.message;
  }
}

TEST(Usage, OtherLinksAndFamiliesAreRefused) {
  for (const char* family : {"binomial(link = \"probit\")", "Gamma", "gaussian(link = \"log\")"}) {
    const Result result =
        run({"fit", "y ~ x + (1 | g)", "--data", data_file("sim_null.csv"), "--family", family});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, StartsWith("cuglmm: "));
    EXPECT_THAT(result.err, HasSubstr("not supported yet"));
  }
}

TEST(Usage, AFormulaTypoIsShownWithACaret) {
  const Result result =
      run({"fit", "y ~ x + (1 | g", "--data", data_file("sim_null.csv"), "--family", "binomial"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, StartsWith("cuglmm: "));
  EXPECT_THAT(result.err, HasSubstr("\n  y ~ x + (1 | g"));
  EXPECT_THAT(result.err, HasSubstr("^"));
}

TEST(Usage, AVariableThatIsNotThereIsNamed) {
  const Result result =
      run({"fit", "y ~ xx + (1 | g)", "--data", data_file("sim_null.csv"), "--family", "binomial"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("'xx'"));
}

TEST(Usage, HelpAndVersionAreNoErrors) {
  for (const char* command : {"fit", "bootstrap", "data", "plan", "info"}) {
    const Result result = run({command, "--help"});
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.err, IsEmpty());
    EXPECT_THAT(result.out, HasSubstr("Usage: cuglmm " + std::string(command)));
  }
  EXPECT_EQ(run({"--help"}).status, 0);
  EXPECT_THAT(run({"--version"}).out, StartsWith("cuglmm "));
}

TEST(Usage, TheJsonOfAnotherProgramIsNoFit) {
  const Folder folder;
  write_bytes(folder / "x.json", "{\"a\": 1}");
  Result result = run({"fit", "--fit", folder / "x.json"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.err, "cuglmm: --fit " + (folder / "x.json") + ": not the --json of a fit or bootstrap\n");
  write_bytes(folder / "x.json", "{\n\"a\": }");
  result = run({"fit", "--fit", folder / "x.json"});
  EXPECT_EQ(result.err, "cuglmm: " + (folder / "x.json") + ", line 2: not JSON\n");
}

}  // namespace
}  // namespace cuglmm::test

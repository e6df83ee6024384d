# One piece of bench/structures in R:
#   Rscript bench/structures.R versions
#   Rscript bench/structures.R fit PROGRAM WORK DATA.csv FACTORS RECODE FORMULA FAMILY
#   Rscript bench/structures.R replicates glmer WORK .. FAMILY RESPONSES.csv
# PROGRAM: lmer, glmer, glmer0 (nAGQ = 0) or glmmTMB; WORK to FAMILY as in bench/structures.tsv.
# Prints a JSON line per measurement. A package that is not there is left out.

arguments <- commandArgs(trailingOnly = TRUE)
has <- function(package) suppressWarnings(requireNamespace(package, quietly = TRUE))
if (!has("lme4")) {
  message("bench: R has no lme4 here; its times are left out")
  quit(status = 0)
}

print_versions <- function() {
  versions <- paste("lme4", packageVersion("lme4"))
  if (has("glmmTMB")) versions <- paste0(versions, ", glmmTMB ", packageVersion("glmmTMB"))
  cat(sprintf('{"R": "%s, %s"}\n', R.version.string, versions))
}

quietly <- function(expression) suppressWarnings(suppressMessages(expression))

# The median of up to three runs: one where it takes longer than five seconds.
timed <- function(work) {
  seconds <- numeric(0)
  repeat {
    gc()
    seconds <- c(seconds, system.time(value <- quietly(work()))[["elapsed"]])
    if (length(seconds) == 3 || seconds[1] > 5) break
  }
  list(seconds = median(seconds), value = value)
}

# The largest resident set of this process so far, as a field; "" where the system does not say.
peak_megabytes <- function() {
  line <- tryCatch(grep("^VmHWM", readLines("/proc/self/status"), value = TRUE), error = function(e) "")
  kilobytes <- as.numeric(gsub("[^0-9]", "", line[1]))
  if (is.na(kilobytes)) "" else sprintf(', "peak_megabytes": %.1f', kilobytes / 1024)
}

# -2 log L; of lmer's default the REML criterion.
criterion <- function(fit) -2 * as.numeric(logLik(fit))

report <- function(work, program, result, response = NULL) {
  replicate <- if (is.null(response)) "" else sprintf(', "replicate": true, "response": %d', response)
  cat(sprintf('{"work": "%s", "program": "%s", "seconds": %.6g, "minus2LogLik": %.17g%s%s}\n', work, program,
              result$seconds, criterion(result$value), replicate, peak_megabytes()))
}

read_work <- function(file, factors, recode) {
  data <- read.csv(file, stringsAsFactors = TRUE)
  for (name in setdiff(strsplit(factors, " ")[[1]], "-")) data[[name]] <- factor(data[[name]])
  if (recode != "-") {
    name <- trimws(sub("=.*", "", recode))
    data[[name]] <- as.numeric(eval(str2lang(sub("[^=]*=", "", recode)), data))
  }
  data
}

fitters <- list(
  lmer = function(formula, data, family) lme4::lmer(formula, data),
  glmer = function(formula, data, family) lme4::glmer(formula, data, family),
  glmer0 = function(formula, data, family) lme4::glmer(formula, data, family, nAGQ = 0),
  glmmTMB = function(formula, data, family) glmmTMB::glmmTMB(formula, data, family = family))

# First uses load and compile what later ones find ready.
warm_up <- function(program) {
  y <- c(0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0)
  small <- data.frame(y = y + if (program == "lmer") seq(0, 1, length.out = 16) else 0, g = gl(4, 4))
  invisible(quietly(fitters[[program]](y ~ 1 + (1 | g), small, binomial())))
}

time_fit <- function(program, work, formula, data, family) {
  report(work, program, timed(function() fitters[[program]](formula, data, family)))
}

# Responses that cuglmm simulated: refit() of the original fit, and glmer() anew.
time_replicates <- function(work, formula, data, family, responses) {
  original <- quietly(lme4::glmer(formula, data, family))
  simulated <- data
  for (r in seq_along(responses)) {
    simulated[[all.vars(formula)[1]]] <- responses[[r]]
    report(work, "refit", timed(function() lme4::refit(original, responses[[r]])), r)
    report(work, "glmer", timed(function() lme4::glmer(formula, simulated, family)), r)
  }
}

if (arguments[1] == "versions") {
  print_versions()
} else {
  program <- arguments[2]
  if (program == "glmmTMB" && !has("glmmTMB")) quit(status = 0)
  formula <- as.formula(arguments[7])
  family <- get(arguments[8])()
  data <- read_work(arguments[4], arguments[5], arguments[6])
  warm_up(program)
  if (arguments[1] == "fit") {
    time_fit(program, arguments[3], formula, data, family)
  } else {
    time_replicates(arguments[3], formula, data, family, read.csv(arguments[9]))
  }
}

# Installs the build into a prefix inside it, builds consumer/ against that alone, and runs what came out.
set(prefix ${BUILD}/install-test/prefix)
set(consumer ${BUILD}/install-test/consumer)
file(REMOVE_RECURSE ${BUILD}/install-test)

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${SOURCE}
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  list(JOIN ARGN " " command)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${command}\nended with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --config ${CONFIG})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${consumer} -G ${GENERATOR}
  -DCMAKE_BUILD_TYPE=${CONFIG} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${consumer} --config ${CONFIG})
run(${consumer}/example)
# AIC of the model as polished lme4 has it (tests/data/cases.json, exam_seed), and a row of the table of intervals.
foreach(expected "5322[.]6" "beta[.]schavg")
  if(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "the example's output lacks ${expected}:\n${output}")
  endif()
endforeach()
run(${prefix}/${BINDIR}/cuglmm info)

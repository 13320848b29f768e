#!/bin/bash
# fuzz.sh FOLDER SECONDS [TARGET...] - libFuzzer on each target for so long. What it grows from is kept in
# FOLDER/corpus, what crashes a target in FOLDER/crashes. Ends with "N passed, N failed".
set -u

folder=$1
seconds=$2
shift 2
passed=0
failed=0
mkdir -p "$folder/crashes"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:detect_odr_violation=0
# clang takes NULL + 0, which C11 leaves open, for an overflow: of pointers, gcc checks the real ones.
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:suppressions=$PWD/spec/fuzz/ubsan.supp
export OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive KMP_BLOCKTIME=0 LACUNA_IO_LIB=$folder/liblacuna_io.so

for program in "$folder"/fuzz/*; do
  [ -x "$program" ] || continue
  target=$(basename "$program")
  [ $# = 0 ] || [[ " $* " == *" $target "* ]] || continue
  mkdir -p "$folder/corpus/$target" spec/fuzz/seeds/"$target" spec/fuzz/crashers/"$target"
  log=$folder/crashes/$target.log
  "$program" -max_total_time="$seconds" -max_len=4096 -timeout=60 -rss_limit_mb=4096 \
    -artifact_prefix="$folder/crashes/$target-" -print_final_stats=1 "$folder/corpus/$target" \
    "spec/fuzz/seeds/$target" "spec/fuzz/crashers/$target" >"$log" 2>&1
  status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
  if [ $status = 0 ]; then
    passed=$((passed + 1))
    echo "$target: ${runs:-0} runs"
  else
    failed=$((failed + 1))
    echo "FAILED $target (status $status), see $log; again: $program FILE"
    grep -m3 -E 'ERROR|runtime error|_fuzz.c:|\.h:[0-9]+:|Test unit written' "$log"
  fi
  rmdir --ignore-fail-on-non-empty spec/fuzz/seeds/"$target" spec/fuzz/crashers/"$target"
done

echo "fuzz targets: $passed passed, $failed failed"
[ $failed = 0 ]

#!/usr/bin/env bash
# Builds and tests everything, two modules at a time, and says what was tested. Options go to Maven.
set -euo pipefail
cd "$(dirname "$0")"
begin=$(mktemp)
trap 'rm -f "$begin"' EXIT
# What the tests themselves print goes into files beside their reports.
mvn --quiet --threads 2 verify -Dmaven.test.redirectTestOutputToFile=true "$@"
echo "Java tests, per class:"
find . -path '*-reports/TEST-*.xml' -newer "$begin" -exec grep -ho '<testsuite [^>]*' {} + |
  sed -E 's/.* name="([^"]*)".* time="([^"]*)".* tests="([^"]*)".*/\3 \1 \2/' |
  sort -k2 | awk '{printf "  %3d  %s (%.0f s)\n", $1, $2, $3; all += $1} END {printf "  %3d  in all, none failed\n", all}'

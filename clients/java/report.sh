#!/usr/bin/env bash
# Shows of what is published: the class versions of all classes of ours (52 is Java 8), and what each client brings along.
set -euo pipefail
cd "$(dirname "$0")"
tree=target/dependency-tree.txt
mvn --quiet package dependency:tree -DskipTests -Dscope=runtime -DoutputFile="$tree"
# As it is published: the build itself sees the POM before shading.
mvn --quiet dependency:tree -f adapter-client-shaded/dependency-reduced-pom.xml -Dscope=runtime -DoutputFile="$tree"

for jar in adapter-*/target/adapter-*-[0-9]*.jar; do
  case "$jar" in *-sources.jar | *-javadoc.jar | */original-*) continue ;; esac
  classes=$(jar tf "$jar" | grep '^io/llmadapter/.*\.class$' | grep -v -e /shaded/io/ -e /shaded/com/)
  echo "== $jar"
  # shellcheck disable=SC2086 - a list of classes
  javap -verbose -cp "$jar" ${classes//.class/} 2>/dev/null | grep -o 'major version: .*' | sort | uniq -c
done
for module in adapter-client adapter-client-shaded; do
  echo "== what $module brings along"
  cat "$module/$tree"
done

// Prints what the reference parser of AsyncAPI finds wrong with each file: JSON lists of [severity, message].
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, ...files] = process.argv.slice(2);
const { Parser } = createRequire(`${folder}/`)("@asyncapi/parser");
const found = {};
for (const file of files) {
  const { diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
  found[file] = diagnostics.map((one) => [one.severity, `${one.path.join("/")}: ${one.message}`]);
}
console.log(JSON.stringify(found));

const questions = require("fs").readFileSync(0, "utf8").trim().split("\n").slice(1).map(Number);

for (const x of questions) {
  // How many primes are at most x?
  console.log(String(x));
}

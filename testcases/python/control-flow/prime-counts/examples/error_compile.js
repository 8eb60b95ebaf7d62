// The bracket of the call is never closed: nothing of this file is run.
const questions = require("fs").readFileSync(0, "utf8").trim().split("\n").slice(1).map(Number;

for (const x of questions) {
  let count = 0;
  for (let i = 2; i <= x; i++) count++;
  console.log(count);
}

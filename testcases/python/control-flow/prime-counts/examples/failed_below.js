// Counts the primes below x; x itself is asked for too.
const LIMIT = 1000000;
const questions = require("fs").readFileSync(0, "utf8").trim().split("\n").slice(1).map(Number);

const composite = new Uint8Array(LIMIT + 1);
const countBelow = new Int32Array(LIMIT + 2);
for (let i = 2; i <= LIMIT; i++) {
  countBelow[i + 1] = countBelow[i];
  if (!composite[i]) {
    countBelow[i + 1]++;
    for (let j = i * i; j <= LIMIT; j += i) composite[j] = 1;
  }
}
console.log(questions.map((x) => countBelow[x]).join("\n"));

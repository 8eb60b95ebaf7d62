const LIMIT = 1000000;
const questions = require("fs").readFileSync(0, "utf8").trim().split(/\s+/).slice(1).map(Number);

const composite = new Uint8Array(LIMIT + 1);
const countUpTo = new Int32Array(LIMIT + 1);
for (let i = 2; i <= LIMIT; i++) {
  countUpTo[i] = countUpTo[i - 1];
  if (composite[i]) continue;
  countUpTo[i] += 1;
  for (let j = i * i; j <= LIMIT; j += i) composite[j] = 1;
}
console.log(questions.map((x) => countUpTo[x]).join("\n"));

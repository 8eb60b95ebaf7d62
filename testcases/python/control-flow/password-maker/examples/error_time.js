// Waits for a length it always jumps over: the length is even, what is waited for is odd.
const syllables = Number(require("fs").readFileSync(0, "utf8"));
let length = 0;
while (length !== syllables * 2 + 1) {
  length = (length + 2) % 1000;
}
console.log("Ba" + "na".repeat(syllables - 1) + "-" + length);

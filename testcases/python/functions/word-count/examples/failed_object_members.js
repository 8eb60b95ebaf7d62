// Every object already has a member "constructor": counting goes on from there, with strange results.
const text = require("fs").readFileSync(0, "utf8").toLowerCase();

const counts = {};
for (const word of text.match(/[a-z]+/g)) {
  counts[word] = (counts[word] || 0) + 1;
}
for (const word in counts) {
  console.log(word + " " + counts[word]);
}

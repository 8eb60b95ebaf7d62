// A misspelt method: TypeError, whatever the text.
const text = require("fs").readFileSync(0, "utf8").toLowercase();

const counts = new Map();
for (const [word] of text.matchAll(/[a-z]+/g)) {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}
counts.forEach((count, word) => console.log(`${word} ${count}`));

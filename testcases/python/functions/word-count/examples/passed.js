const text = require("fs").readFileSync(0, "utf8").toLowerCase();

const counts = new Map();
for (const [word] of text.matchAll(/[a-z]+/g)) {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}
console.log([...counts].map(([word, count]) => `${word} ${count}`).join("\n"));

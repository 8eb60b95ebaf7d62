const text = require("fs").readFileSync(0, "utf8");

// Cut the text into words, count them, and print one line for each.
for (const word of text.trim().split(/\s+/)) {
  console.log(`${word} 1`);
}

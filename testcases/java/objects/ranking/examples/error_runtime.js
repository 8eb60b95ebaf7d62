// forEach returns nothing, and nothing cannot be sorted: TypeError.
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
const entries = lines.forEach((line) => line.split(" "));
entries.sort((a, b) => b[1] - a[1]);
entries.forEach(([name, points], i) => console.log(`${i + 1} ${name} ${points}`));

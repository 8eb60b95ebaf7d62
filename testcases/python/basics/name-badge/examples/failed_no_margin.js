// The blanks beside the name are missing.
const name = require("fs").readFileSync(0, "utf8").trim();
const frame = "+" + "-".repeat(name.length) + "+";
console.log(frame);
console.log("|" + name + "|");
console.log(frame);

const name = require("fs").readFileSync(0, "utf8").trim();
const frame = `+${"-".repeat(name.length + 2)}+`;
console.log(`${frame}\n| ${name} |\n${frame}`);
